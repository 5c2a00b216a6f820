"""What a check is given: a spec, a customer table, and short ways to use both."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise.columns import CUSTOMER
from layerwise.errors import LayerwiseError, LayerwiseWarning

CANARY = 13_812_345_678
"""A number like a phone's, which stands in for an id that must never be told."""


@attrs.frozen(eq=False, slots=False)
class Case:
    """One segmenter under test.

    Attributes:
        spec: The spec.
        customers: A customer table that the spec can be fitted to: ids are whole numbers, the index
            is not 0, 1, 2.
    """

    spec: Any
    customers: pd.DataFrame = attrs.field(repr=False)

    @cached_property
    def fitted(self) -> Any:
        """The spec, fitted to the table."""
        return self.fit(self.customers)

    @cached_property
    def labelled(self) -> pd.DataFrame:
        """The table with the labels."""
        labelled: pd.DataFrame = self.label(self.customers)
        return labelled

    def spec_needs(self) -> list[str]:
        """Return the columns that fitting reads."""
        if not hasattr(self.spec, "needs"):
            return list(self.fitted.needs)
        return list(self.spec.needs(self.spec.default_name))

    @cached_property
    def needs(self) -> list[str]:
        """The columns that fitting or labelling reads."""
        return list(dict.fromkeys([*self.spec_needs(), *self.fitted.needs]))

    @property
    def outputs(self) -> list[str]:
        """The columns that labelling adds."""
        return list(self.fitted.outputs)

    @cached_property
    def numeric(self) -> list[str]:
        """The needed columns that hold numbers."""
        return [n for n in self.needs if pd.api.types.is_numeric_dtype(self.customers[n])]

    def fit(self, table: Any) -> Any:
        """Fit, whatever warnings say."""
        with quiet():
            return self.spec.fit(table)

    def label(self, table: Any) -> Any:
        """Label, whatever warnings say."""
        with quiet():
            return self.fitted.transform(table)

    def in_polars(self) -> Any:
        """Return the table as Polars has it; None where Polars is not installed."""
        if find_spec("polars") is None:
            return None
        columns = {str(n): _plain(self.customers[n]) for n in self.customers}
        return nw.from_dict(columns, backend="polars").to_native()

    def marked(self) -> pd.DataFrame:
        """Return the table with a canary for an id."""
        ids = self.customers[CUSTOMER].to_numpy().copy()
        ids[0] = CANARY
        return self.customers.assign(**{CUSTOMER: ids})


def _plain(column: pd.Series) -> Any:
    """Return numbers and times as NumPy has them, labels as Python's texts."""
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufbM"
    return column.to_numpy() if plain else values(column).tolist()


@contextmanager
def quiet() -> Iterator[None]:
    """Leave layerwise's own warnings aside: a check looks at results."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LayerwiseWarning)
        yield


def require(holds: object, message: str) -> None:
    """Refuse what does not hold; unlike `assert`, also under `python -O`.

    Raises:
        AssertionError: It does not hold.
    """
    if not holds:
        raise AssertionError(message)


def same(left: pd.DataFrame, right: pd.DataFrame, message: str) -> None:
    """Refuse two tables that differ in a value, a type, a name or the index.

    Raises:
        AssertionError: They differ.
    """
    try:
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    except AssertionError as error:
        raise AssertionError(f"{message}: {_first_line(error)}") from None


def _first_line(error: AssertionError) -> str:
    """Return which column differs, without the values of the table."""
    return str(error).strip().splitlines()[0]


def refused(action: Callable[[], object], message: str) -> LayerwiseError:
    """Return the error of layerwise that an action raises.

    Raises:
        AssertionError: It raises another one, or none, or one without a hint.
    """
    try:
        with quiet():
            action()
    except LayerwiseError as error:
        require("\nHint: " in str(error), f"{message}: the error has no hint")
        return error
    except Exception as error:
        raise AssertionError(f"{message}: raises {type(error).__name__}") from error
    raise AssertionError(f"{message}: is not refused")


def survives(action: Callable[[], Any], message: str) -> Any:
    """Return what an action returns, None if layerwise refuses it.

    Raises:
        AssertionError: It raises anything but an error of layerwise.
    """
    try:
        with quiet():
            return action()
    except LayerwiseError:
        return None
    except Exception as error:
        raise AssertionError(f"{message}: raises {type(error).__name__}") from error


def values(column: Any) -> np.ndarray:
    """Return a column as objects, missing as None, to compare across engines."""
    found = np.asarray(list(column), dtype=object)
    missing = np.asarray(pd.isna(found), dtype=bool)
    found[missing] = None
    return found
