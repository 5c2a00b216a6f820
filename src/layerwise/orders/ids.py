"""Customer and order ids as small integers, equal exactly where the ids are equal."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.errors import ColumnsError, DataError
from layerwise.odd_cells import check_cells, check_texts
from layerwise.orders.blank_ids import blank_among
from layerwise.orders.float_ids import whole_ids
from layerwise.orders.text_ids import numbers_of

# Whole-number ids spread over at most this many times the rows need no hash table.
_SPREAD = 4
_ROOM = 1024


@attrs.frozen(eq=False)
class Codes:
    """One small integer a row.

    Attributes:
        code: The row's code, below n.
        n: One more than the largest code.
        low: The id of code 0, if ids are dense whole numbers.
        missing: Rows without an id; None if there are none.
        rank: A number for each code that sorts as the ids do, if such were to be had.
        whole: Whether the ids are floats that stand for whole numbers; low or rank has these.
        ascending: Whether the codes themselves sort as the ids do.
    """

    code: np.ndarray
    n: int
    low: int | None
    missing: np.ndarray | None
    rank: np.ndarray | None = None
    whole: bool = False
    ascending: bool = False

    def sort_keys(self, codes: np.ndarray) -> np.ndarray | None:
        """Return numbers that sort as the ids of some codes do; None if only the ids can tell."""
        if self.ascending:
            return codes
        return None if self.rank is None else self.rank[codes]

    def first_rows(self, wanted: np.ndarray) -> np.ndarray:
        """Return for each wanted code a row of the log that has it."""
        rows = np.zeros(self.n, dtype=small(len(self.code)))
        place = np.arange(len(self.code), dtype=rows.dtype)
        if self.missing is None:
            rows[self.code] = place
        else:
            rows[self.code[~self.missing]] = place[~self.missing]
        found: np.ndarray = rows[wanted]
        return found


def read_ids(series: pd.Series, name: Any) -> Codes:
    """Return a code for each row; missing ids are masked, and so are blank ones ("" or "  ").

    Other text is compared as it stands: "007" and "7", "é" in its two Unicode forms, "a" and "a "
    stay apart, and the number 7 is not the text "7". Floats are the whole numbers that they equal:
    7.0 is what pandas makes of 7 where other ids are missing.
    """
    dtype = series.dtype
    _check_type(dtype, name)
    if isinstance(dtype, pd.SparseDtype):
        series = pd.Series(np.asarray(series.array))
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _of_categories(series, name)
    if series.dtype == object:
        series = _checked_objects(series, name)
    if series.dtype.kind in "iu":
        return _of_integers(series)
    if series.dtype.kind == "f":
        return _of_floats(series, name)
    number = numbers_of(series)
    if number is None:
        return _hashed(series, name)
    return attrs.evolve(_of_integers(pd.Series(number)), low=None)


def small(n: int) -> type[np.signedinteger[Any]]:
    """Return the integer type that numbers n things in the least memory."""
    return np.int32 if n < 2**31 else np.int64


def _of_integers(series: pd.Series) -> Codes:
    missing = series.isna().to_numpy() if _boxed(series) and series.hasnans else None
    kind = f"{series.dtype.kind}8"
    filled = series if missing is None else series.fillna(_some(series))
    values = np.asarray(filled.to_numpy(dtype=kind)) if _boxed(series) else filled.to_numpy()
    if not len(values):
        return Codes(np.empty(0, dtype=np.int64), 0, None, missing, ascending=True)
    low, high = int(values.min()), int(values.max())
    if high - low < _SPREAD * len(values) + _ROOM:
        wide = values.astype(np.int64) if values.itemsize < 8 else values
        code = np.empty(len(wide), dtype=small(high - low + 1))
        np.subtract(wide, wide.dtype.type(low), out=code, casting="unsafe")
        return Codes(code, high - low + 1, low, missing, ascending=True)
    return _hashed(pd.Series(values), "ids", missing)


def _of_floats(series: pd.Series, name: Any) -> Codes:
    values, missing = whole_ids(series, name)
    return attrs.evolve(_of_integers(pd.Series(values)), missing=missing, whole=True)


def _boxed(series: pd.Series) -> bool:
    return not isinstance(series.dtype, np.dtype)


def _some(series: pd.Series) -> Any:
    known = series.dropna()
    return known.iloc[0] if len(known) else 0


def _of_categories(series: pd.Series, name: Any) -> Codes:
    if series.cat.categories.dtype == object:
        check_texts(series.cat.categories, name)
    code = series.cat.codes.to_numpy().astype(np.int32)
    missing = _absent(code, blank_among(series.cat.categories))
    return Codes(code, len(series.cat.categories), None, missing)


def _hashed(series: pd.Series, name: Any, missing: np.ndarray | None = None) -> Codes:
    # From an array of objects, pandas makes no text of the distinct values, which may fail.
    code, unique = pd.factorize(series.to_numpy() if series.dtype == object else series)
    if unique.dtype == object:
        check_texts(unique, name)
    code = code.astype(small(len(unique)), copy=False)
    if missing is None:
        missing = _absent(code, blank_among(unique))
    plain = isinstance(unique.dtype, np.dtype) and unique.dtype.kind in "iu"
    rank = np.asarray(unique) if plain else None
    return Codes(code, len(unique), None, missing, rank)


def _absent(code: np.ndarray, blank: np.ndarray | None) -> np.ndarray | None:
    """Return which codes are -1 or those of a blank id; None if none is."""
    missing = code < 0 if blank is None else np.append(blank, True)[code]
    return missing if missing.any() else None


def _check_type(dtype: Any, name: Any) -> None:
    kind = getattr(dtype, "kind", "O")
    inner = str(getattr(dtype, "pyarrow_dtype", ""))
    nested = inner.startswith(("list", "large_list", "fixed_size_list", "struct", "map"))
    if kind in "bMmc" or nested or isinstance(dtype, pd.PeriodDtype):
        raise ColumnsError(f"{name} holds {dtype}, not ids.", hint="Ids are whole numbers or text.")


def _checked_objects(series: pd.Series, name: Any) -> pd.Series:
    """Return the objects, as floats if they all are; refuse what is no id."""
    check_cells(series, name)
    kinds = set(map(type, series[series.notna()]))
    for kind in kinds:
        if kind.__hash__ is None or issubclass(kind, (bool, np.bool_)):
            raise ColumnsError(
                f"{name} holds values of type {kind.__name__}, not ids.",
                hint="Ids are whole numbers or text.",
            )
    floats = [issubclass(k, (float, np.floating)) for k in kinds]
    if floats and all(floats):
        return series.astype("float64")
    if any(floats) and any(issubclass(k, (int, np.integer)) for k in kinds):
        raise DataError(
            f"{name} mixes whole numbers and floats, so 7 and 7.0 cannot be told apart.",
            hint='Make them one type: orders[customer].astype("Int64").',
        )
    return series
