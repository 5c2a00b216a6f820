"""Checks of `transform`, `explain` and the saved form."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from layerwise.columns import CUSTOMER
from layerwise.loading import load, loads
from layerwise.testing.case import CANARY, Case, refused, require, same, survives, values

FEW = 40


def labels_are_all_outputs_and_no_more(case: Case) -> None:
    """Labelling adds the outputs and keeps every column of the table."""
    added = [name for name in case.labelled if name not in case.customers]
    require(set(added) == set(case.outputs) - set(case.customers), "other columns were added")
    kept = [name for name in case.customers if name not in case.outputs]
    same(case.labelled[kept], case.customers[kept], "labelling changed other columns")


def labels_keep_rows_and_index(case: Case) -> None:
    """There is one row a customer, with the index of the table."""
    require(case.labelled.index.equals(case.customers.index), "the index changed")


def labelling_leaves_the_table_as_it_is(case: Case) -> None:
    """Labelling changes neither values nor types nor the index of its input."""
    table = case.customers.copy()
    case.label(table)
    same(table, case.customers, "labelling changed its input")


def labelling_twice_is_labelling_once(case: Case) -> None:
    """Labels of a labelled table are the same."""
    same(case.label(case.labelled)[case.outputs], case.labelled[case.outputs], "labels changed")


def labels_do_not_see_the_order_of_rows(case: Case) -> None:
    """Shuffled rows take their labels along."""
    shuffled = case.label(case.customers.sample(frac=1, random_state=2))
    same(shuffled[case.outputs].sort_index(), case.labelled[case.outputs].sort_index(), "shuffled")


def labels_do_not_see_the_order_of_columns(case: Case) -> None:
    """Reversed columns give the same labels."""
    same(case.label(case.customers.iloc[:, ::-1])[case.outputs], case.labelled[case.outputs], "")


def a_label_depends_on_its_own_row(case: Case) -> None:
    """A part of the table gets the labels that it has in the whole."""
    part = case.customers.iloc[3:FEW]
    whole = case.labelled[case.outputs].iloc[3:FEW]
    _close(case.label(part)[case.outputs], whole, "a part is labelled otherwise")


def one_row_gets_its_label(case: Case) -> None:
    """A single customer gets the label of the whole table."""
    one = case.label(case.customers.iloc[[5]])[case.outputs]
    _close(one, case.labelled[case.outputs].iloc[[5]], "one row is labelled otherwise")


def equal_rows_get_equal_labels(case: Case) -> None:
    """A repeated row is labelled as the first."""
    twice = case.customers.iloc[[7, 7]]
    found = case.label(twice)[case.outputs].reset_index(drop=True)
    same(found.iloc[[0]].reset_index(drop=True), found.iloc[[1]].reset_index(drop=True), "")


def an_empty_table_stays_empty(case: Case) -> None:
    """No rows give no rows with the same columns, or a clear error."""
    found = survives(lambda: case.fitted.transform(case.customers.iloc[:0]), "labels of no rows")
    if found is not None:
        require(len(found) == 0, "no rows became some")
        require(set(case.outputs) <= set(found), "columns are missing")


def columns_that_exist_are_replaced(case: Case) -> None:
    """An older column of an output's name is replaced."""
    old = case.customers.assign(**dict.fromkeys(case.outputs, "old"))
    same(case.label(old)[case.outputs], case.labelled[case.outputs], "an old column stays")


def missing_values_are_labelled_alone(case: Case) -> None:
    """A missing value changes the labels of its own row, and only of that."""
    for name in case.numeric:
        column = case.customers[name].astype(float).copy()
        column.iloc[2] = np.nan
        table = case.customers.assign(**{name: column})
        found = survives(lambda t=table: case.fitted.transform(t), f"missing {name}")  # type: ignore[misc]
        if found is not None:
            others = np.arange(len(table)) != 2
            _close(found[case.outputs][others], case.labelled[case.outputs][others], name)


def labelling_names_missing_columns(case: Case) -> None:
    """The error names every needed column that is not there."""
    error = refused(
        lambda: case.fitted.transform(case.customers[[CUSTOMER]]), "labels without columns"
    )
    lacking = [n for n in case.fitted.needs if n != CUSTOMER and n not in str(error)]
    require(not lacking, f"the error does not name {', '.join(lacking)}")


def labelling_refuses_infinity(case: Case) -> None:
    """An infinite number is refused and its column named."""
    for name in (n for n in case.numeric if n in case.fitted.needs):
        table = case.customers.assign(**{name: np.inf})
        error = refused(lambda t=table: case.fitted.transform(t), f"infinite {name}")  # type: ignore[misc]
        require(name in str(error), f"the error does not name {name}")


def labels_come_from_a_closed_list(case: Case) -> None:
    """Every label is one that its rule can give."""
    possible = {rule.output: rule.possible for rule in case.fitted.rules if rule.possible}
    for name in (n for n in case.outputs if n in possible):
        found = {value for value in values(case.labelled[name]) if value is not None}
        require(found <= set(possible[name]), f"{name} has labels that its rule does not name")


def labels_have_the_same_categories_everywhere(case: Case) -> None:
    """The categories of a part are those of the whole, in the same order."""
    part = case.label(case.customers.iloc[:1])
    for name in case.outputs:
        require(part[name].dtype == case.labelled[name].dtype, f"{name} has another type")


def numbers_are_finite(case: Case) -> None:
    """No number is infinite; the columns of a probability lie within 0 and 1."""
    for name in case.outputs:
        if not pd.api.types.is_numeric_dtype(case.labelled[name]):
            continue
        numbers = case.labelled[name].astype(float).dropna()
        require(np.isfinite(numbers).all(), f"{name} is infinite")
        if name.startswith("p_"):
            require(numbers.between(0, 1).all(), f"{name} is no probability")


def polars_gets_the_same_labels(case: Case) -> None:
    """A Polars table gets the same labels, and is a Polars table (if Polars is installed)."""
    table = case.in_polars()
    if table is None:
        return
    found = case.label(table)
    require(type(found) is type(table), "Polars in, something else out")
    _equal_across(case, found, "Polars")


def lazy_polars_gets_the_same_labels(case: Case) -> None:
    """A lazy Polars table stays lazy and gets the same labels (if Polars is installed)."""
    table = case.in_polars()
    if table is None:
        return
    found = survives(lambda: case.fitted.transform(table.lazy()), "labels of a lazy table")
    if found is not None:
        _equal_across(case, found.collect(), "lazy Polars")


def every_label_has_a_reason(case: Case) -> None:
    """`explain` gives for each customer and output a reason and the label that was given."""
    few = case.customers.iloc[:FEW]
    told = case.fitted.explain(few)
    require((told["reason"].astype(str).str.len() > 0).all(), "a reason is empty")
    labelled = case.labelled.iloc[:FEW]
    for name in case.outputs:
        rows = told[told["layer"] == name]
        require(len(rows) == len(few), f"{name} is not explained for every customer")
        if not pd.api.types.is_float_dtype(labelled[name]):
            shown = [None if v is None else str(v) for v in values(labelled[name])]
            require(
                _matches(rows["label"].tolist(), shown), f"{name} is explained as another label"
            )


def explaining_changes_nothing(case: Case) -> None:
    """`explain` leaves the table as it is."""
    few = case.customers.iloc[:5].copy()
    case.fitted.explain(few)
    same(few, case.customers.iloc[:5], "explain changed the table")


def json_gives_it_back(case: Case) -> None:
    """The saved form is JSON without NaN and reads back to equality."""
    text = case.fitted.to_json()
    json.loads(text, parse_constant=_refuse_constant)
    require(loads(text) == case.fitted, "the loaded one differs")
    require(loads(text).to_json() == text, "saving it again gives another text")


def a_file_gives_it_back(case: Case) -> None:
    """So does a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fitted.json"
        case.fitted.save(path)
        require(load(path) == case.fitted, "the loaded one differs")


def what_is_loaded_labels_alike(case: Case) -> None:
    """The loaded one gives the same labels, to the last bit."""
    found = loads(case.fitted.to_json()).transform(case.customers)
    same(found[case.outputs], case.labelled[case.outputs], "the loaded one labels otherwise")


def broken_files_are_refused(case: Case) -> None:
    """Half a saved form is refused."""
    text = case.fitted.to_json()
    refused(lambda: loads(text[: len(text) // 2]), "half a saved form")
    refused(lambda: loads("{}"), "an empty saved form")


def a_fitted_one_is_frozen(case: Case) -> None:
    """What was fitted cannot be changed."""
    try:
        case.fitted.rules = ()
    except (AttributeError, TypeError):
        return
    raise AssertionError("rules can be set")


def labelling_tells_no_ids(case: Case) -> None:
    """No error of labelling holds a customer id."""
    for name in (n for n in case.numeric if n in case.fitted.needs):
        table = case.marked().assign(**{name: -CANARY})
        try:
            case.fitted.transform(table)
        except Exception as error:
            require(str(CANARY) not in str(error), f"an error about {name} tells a value")


def _close(left: pd.DataFrame, right: pd.DataFrame, message: str) -> None:
    """Compare labels exactly, and numbers to the last bits: sums may run in other blocks."""
    for name in right:
        if pd.api.types.is_float_dtype(right[name]):
            np.testing.assert_allclose(left[name], right[name], rtol=1e-9, err_msg=message)
        else:
            require(left[name].equals(right[name]), f"{message}: {name}")


def _equal_across(case: Case, found: object, engine: str) -> None:
    for name in case.outputs:
        ours = values(case.labelled[name])
        theirs = values(found[name].to_list())  # type: ignore[index]
        if pd.api.types.is_float_dtype(case.labelled[name]):
            np.testing.assert_allclose(
                theirs.astype(float), ours.astype(float), rtol=1e-9, err_msg=f"{engine}: {name}"
            )
        else:
            require((theirs == ours).all(), f"{engine} gives other labels: {name}")


def _matches(told: list[object], shown: list[str | None]) -> bool:
    pairs = zip(told, shown, strict=True)
    return all(s is None or str(t) == s or str(t).removesuffix(".0") == s for t, s in pairs)


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"the saved form holds {name}")
