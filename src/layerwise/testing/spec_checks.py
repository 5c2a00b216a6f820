"""Checks of the spec and of `fit`."""

import copy

import attrs
import numpy as np
import pandas as pd

from layerwise.columns import CUSTOMER
from layerwise.testing.case import CANARY, Case, quiet, refused, require, same, survives


def spec_is_frozen(case: Case) -> None:
    """A spec cannot be changed after it was built."""
    if not attrs.has(type(case.spec)):
        return
    for field in attrs.fields(type(case.spec)):
        try:
            setattr(case.spec, field.name, getattr(case.spec, field.name))
        except attrs.exceptions.FrozenInstanceError:
            continue
        raise AssertionError(f"{field.name} can be set")


def spec_equals_its_copy(case: Case) -> None:
    """Equal choices are equal specs: a deep copy is."""
    require(copy.deepcopy(case.spec) == case.spec, "a deep copy differs")


def spec_can_be_hashed(case: Case) -> None:
    """A spec can stand in a set."""
    require(hash(case.spec) == hash(copy.deepcopy(case.spec)), "equal specs hash differently")


def spec_names_itself(case: Case) -> None:
    """The repr begins with the name of the class."""
    require(repr(case.spec).startswith(type(case.spec).__name__), "repr is of another name")


def needs_are_column_names(case: Case) -> None:
    """`needs` are distinct texts, all of them columns of the table."""
    require(all(isinstance(name, str) for name in case.fitted.needs), "a need is no text")
    require(len(set(case.fitted.needs)) == len(case.fitted.needs), "a need stands twice")
    require(not set(case.needs) - set(case.customers), "a need is no column of the table")


def outputs_are_new_names(case: Case) -> None:
    """There is an output, each has one name, and none is a column that is read."""
    require(case.outputs, "nothing is given")
    require(len(set(case.outputs)) == len(case.outputs), "an output stands twice")
    require(not set(case.outputs) & set(case.fitted.needs), "an output is read too")


def spec_foretells_its_outputs(case: Case) -> None:
    """What the spec gives is what the fitted one adds."""
    if hasattr(case.spec, "gives"):
        told = list(case.spec.gives(case.spec.default_name))
        require(sorted(told) == sorted(case.outputs), "gives() and outputs differ")


def fit_leaves_the_table_as_it_is(case: Case) -> None:
    """Fitting changes neither values nor types nor the index."""
    table = case.customers.copy()
    case.fit(table)
    same(table, case.customers, "fit changed the table")


def fit_gives_the_same_again(case: Case) -> None:
    """The same table gives the same rules, to the last bit."""
    require(case.fit(case.customers) == case.fitted, "a second fit differs")


def fit_does_not_see_the_order_of_rows(case: Case) -> None:
    """Shuffled rows give the same rules."""
    shuffled = case.customers.sample(frac=1, random_state=1)
    require(case.fit(shuffled).to_json() == case.fitted.to_json(), "shuffled rows fit otherwise")


def fit_does_not_see_the_order_of_columns(case: Case) -> None:
    """Reversed columns give the same rules."""
    require(case.fit(case.customers.iloc[:, ::-1]) == case.fitted, "reversed columns fit otherwise")


def fit_does_not_see_the_index(case: Case) -> None:
    """Another index, also one with repeated labels, gives the same rules."""
    table = case.customers.set_axis(np.zeros(len(case.customers), dtype=int))
    require(case.fit(table) == case.fitted, "another index fits otherwise")


def fit_does_not_see_other_columns(case: Case) -> None:
    """Columns that are not needed change nothing, whatever they hold."""
    table = case.customers.assign(unrelated=pd.Timestamp("2024-02-29"), text="=1+1")
    require(case.fit(table) == case.fitted, "a column that is not needed changes the fit")


def fit_needs_its_columns_alone(case: Case) -> None:
    """The needed columns suffice."""
    require(case.fit(case.customers[case.needs]) == case.fitted, "other columns change the fit")


def fit_keeps_no_customer(case: Case) -> None:
    """What is fitted holds no customer id."""
    require(str(CANARY) not in case.fit(case.marked()).to_json(), "an id is in the saved form")


def fit_reads_polars(case: Case) -> None:
    """A Polars table gives the same rules (if Polars is installed)."""
    table = case.in_polars()
    if table is not None:
        require(case.fit(table).to_json() == case.fitted.to_json(), "Polars fits otherwise")


def fit_reads_nullable_columns(case: Case) -> None:
    """Columns of pandas' own nullable types give the same rules."""
    table = case.customers.convert_dtypes()
    require(case.fit(table).to_json() == case.fitted.to_json(), "nullable columns fit otherwise")


def fit_refuses_an_empty_table(case: Case) -> None:
    """No customers, no rules."""
    refused(lambda: case.spec.fit(case.customers.iloc[:0]), "a fit to no rows")


def fit_names_missing_columns(case: Case) -> None:
    """The error names every needed column that is not there."""
    error = refused(lambda: case.spec.fit(case.customers[[CUSTOMER]]), "a fit without columns")
    lacking = [name for name in case.spec_needs() if name != CUSTOMER and name not in str(error)]
    require(not lacking, f"the error does not name {', '.join(lacking)}")


def fit_refuses_infinity(case: Case) -> None:
    """An infinite number is refused and its column named."""
    for name in (n for n in case.numeric if n in case.spec_needs()):
        column = case.customers[name].astype(float)
        table = case.customers.assign(
            **{name: column.where(column.index != column.index[0], np.inf)}
        )
        error = refused(lambda t=table: case.spec.fit(t), f"infinite {name}")  # type: ignore[misc]
        require(name in str(error), f"the error does not name {name}")


def fit_refuses_text_for_numbers(case: Case) -> None:
    """Text where numbers are needed is refused, not read."""
    for name in (n for n in case.numeric if n in case.spec_needs()):
        table = case.customers.assign(**{name: "many"})
        refused(lambda t=table: case.spec.fit(t), f"text for {name}")  # type: ignore[misc]


def fit_refuses_repeated_columns(case: Case) -> None:
    """A column that stands twice is refused."""
    twice = pd.concat([case.customers, case.customers[case.needs[:1]]], axis=1)
    refused(lambda: case.spec.fit(twice), "a column that stands twice")


def fit_survives_one_row(case: Case) -> None:
    """One customer gives a result or a clear error."""
    survives(lambda: case.spec.fit(case.customers.iloc[:1]), "a fit to one row")


def fit_survives_equal_rows(case: Case) -> None:
    """Customers who are all alike give a result or a clear error."""
    alike = case.customers.iloc[[0] * 20]
    survives(lambda: case.spec.fit(alike), "a fit to equal rows")


def fit_survives_missing_columns_of_values(case: Case) -> None:
    """A column without any value gives a result or a clear error."""
    for name in case.numeric:
        table = case.customers.assign(**{name: np.nan})
        survives(lambda t=table: case.spec.fit(t), f"{name} without values")  # type: ignore[misc]


def fit_tells_no_ids(case: Case) -> None:
    """No error of a fit holds a customer id."""
    for name in case.numeric:
        table = case.marked().assign(**{name: -CANARY})
        try:
            with quiet():
                case.spec.fit(table)
        except Exception as error:
            require(str(CANARY) not in str(error), f"an error about {name} tells a value")


def fit_changes_nothing_global(case: Case) -> None:
    """NumPy's error state and random state stay as they were."""
    before = (np.geterr(), str(np.random.get_state()))  # noqa: NPY002 - that is what is compared
    case.fit(case.customers)
    require((np.geterr(), str(np.random.get_state())) == before, "a global state changed")  # noqa: NPY002
