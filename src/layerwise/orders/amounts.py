"""Amounts as exact numbers of minor units, so that sums do not depend on order or engine.

An amount with at most six decimals (12.05, 3.125) becomes a whole number: 1205 with scale 100. Sums
of whole numbers are exact in float64 below 2**53, so a total is the same for every order of the
rows and on every engine, and 0.1 + 0.2 - 0.3 is nothing. Amounts with more decimals are added as
pairs of floats on a common grid (Demmel and Nguyen, "Fast Reproducible Floating-Point Summation",
2013): again the same for every order of the rows.
"""

import decimal
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.errors import ColumnsError, DataError

SCALES = (1, 100, 10_000, 1_000_000)
LARGEST = 2.0**53
MOST_MONEY = 1e12
"""No price, cost, budget or factor is above a million million, so that sums and products of them
cannot overflow."""
_BLOCK = 1 << 16
_FIRST = 1 << 8
_STEP = 1 << 18

# A net amount below this share of what was added up is rounding, not money.
ROUNDING = 1e-12


@attrs.frozen(eq=False)
class Amounts:
    """Amounts of rows: `value` holds whole minor units, or plain floats when `scale` is None."""

    value: np.ndarray
    scale: int | None
    lowest: float

    def sum_by(self, code: np.ndarray, n: int, where: np.ndarray | None = None) -> np.ndarray:
        """Return the sum of `value` for each code below n, of the rows `where` (a mask) holds."""
        if self.scale is None:
            rows = slice(None) if where is None else np.flatnonzero(where)
            return _sum_floats(code[rows], self.value[rows], n)
        total = np.zeros(n)
        for block in _blocks(len(code), n):
            key, value = code[block], self.value[block]
            if where is not None:
                rows = np.flatnonzero(where[block])
                key, value = key[rows], value[rows]
            total += np.bincount(key, value, n)
        return total

    def sum_by_span(
        self,
        code: np.ndarray,
        n: int,
        moment: np.ndarray,
        edges: Sequence[int],
        spans: Sequence[tuple[int, int]],
    ) -> Iterator[np.ndarray]:
        """Yield for each span of time the sum of `value` for each code.

        Args:
            code: The row's code, below n.
            n: How many codes there are.
            moment: The row's time.
            edges: Where the periods from the second on begin, ascending.
            spans: The first and the last period of each sum; the first of all is 0.
        """
        size = n * (len(edges) + 1)
        if self.scale is None or size > len(code):  # not exact, or more sums than rows
            period = _periods(moment, edges)
            yield from (self.sum_by(code, n, (period >= a) & (period <= b)) for a, b in spans)
            return
        total = np.zeros(size)
        for block in _blocks(len(code), size):
            key = np.multiply(_periods(moment[block], edges), n, dtype=np.int64)
            key += code[block]
            total += np.bincount(key, self.value[block], size)
        each = total.reshape(-1, n)
        yield from (each[a : b + 1].sum(axis=0) for a, b in spans)

    def take(self, rows: np.ndarray) -> "Amounts":
        """Return the amounts of some rows (a mask or positions)."""
        return Amounts(of_rows(self.value, rows), self.scale, self.lowest)


def of_rows(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the values of some rows, given by a mask or by positions.

    `np.compress` takes a sixth of the time of `values[mask]`.
    """
    return np.compress(rows, values) if rows.dtype == bool else values[rows]


def read_amounts(series: pd.Series, name: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Return amounts as floats (not copied if they are) and which are missing (None: none).

    Raises:
        ColumnsError: If the column does not hold numbers.
        DataError: If an amount is infinite.
    """
    values = _floats(series, name)
    if not len(values):
        return values, None
    with np.errstate(invalid="ignore", over="ignore"):
        total = values.sum(dtype=np.float64)
    if np.isfinite(total):
        return values, None
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise infinite_amounts(name, infinite, len(values))
    missing = np.isnan(values)
    return values, missing if missing.any() else None


def to_amounts(values: np.ndarray) -> Amounts:
    """Return finite amounts in the smallest scale that holds every one of them exactly."""
    lowest = float(values.min()) if len(values) else np.inf
    if values.dtype.kind in "iu":
        return _whole(values, lowest)
    minor = np.empty(len(values), dtype=np.float64)
    for scale in SCALES:
        if _fill(values, scale, minor):
            return _bounded(minor, scale, values, lowest)
    return _as_floats(values, lowest)


def _whole(values: np.ndarray, lowest: float) -> Amounts:
    return _bounded(values.astype(np.float64), 1, values, lowest)


def _bounded(minor: np.ndarray, scale: int, values: np.ndarray, lowest: float) -> Amounts:
    """Keep minor units only if no sum of them can leave the exact range."""
    with np.errstate(over="ignore"):
        total = minor.sum() if lowest >= 0 else np.abs(minor).sum()
    if total >= LARGEST:
        return _as_floats(values, lowest)
    return Amounts(minor, scale, lowest)


def _as_floats(values: np.ndarray, lowest: float) -> Amounts:
    floats = values.astype(np.float64)
    with np.errstate(over="ignore"):
        total = np.abs(floats).sum()
    if not np.isfinite(total):
        raise too_large()
    return Amounts(floats, None, lowest)


def _fill(values: np.ndarray, scale: int, minor: np.ndarray) -> bool:
    """Write values * scale, rounded, into minor; False at the first that is not such a number.

    "Is" means: the nearest number of the column's own type, so that 12.05 as float32 is 12.05.
    """
    # A short first block: most scales that do not fit fail there.
    for start, end in pairwise((0, *range(_FIRST, len(values), _BLOCK), len(values))):
        block = values[start:end]
        out = minor[start:end]
        np.multiply(block, scale, out=out, dtype=np.float64)
        out += 0.5  # halves, which float32 has, go up as in `facts`
        np.floor(out, out=out)
        back = out / scale
        if block.dtype != np.float64:
            back = back.astype(block.dtype)
        if not np.array_equal(back, block):
            return False
    return True


def exact_sum(values: np.ndarray, scale: int | None) -> float:
    """Return a sum that does not depend on the order of the values."""
    if scale is not None:
        return float(values.sum())
    return float(_sum_floats(np.zeros(len(values), dtype=np.int8), values, 1)[0])


def too_large() -> DataError:
    """Return the error for amounts whose sum is beyond all floats."""
    return DataError("The amounts are too large to be added.", hint="Check their unit.")


def infinite_amounts(name: Any, infinite: int, n: int) -> DataError:
    """Return the error for infinite amounts."""
    return DataError(
        f"{name}: {infinite:,} of {n:,} amounts are infinite.",
        hint="An infinite amount is a division by zero upstream: repair it, or set it null.",
    )


def _periods(moment: np.ndarray, edges: Sequence[int]) -> np.ndarray:
    """Return how many edges each moment has reached."""
    period: np.ndarray = np.zeros(len(moment), dtype=np.int8 if len(edges) < 128 else np.int64)
    for edge in edges:
        # As bytes: adding booleans would cast first.
        period += (moment >= edge).view(np.int8)
    return period


def _blocks(n: int, size: int) -> Iterator[slice]:
    """Return blocks of n rows that share memory, large enough to repay `size` sums each."""
    step = max(_STEP, 2 * size)
    return (slice(i, i + step) for i in range(0, n, step))


def _sum_floats(code: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Add floats so that the order of the rows cannot matter.

    Values are rounded to a grid so coarse that sums on it are exact; the rests go to a finer grid,
    until none is left. Only the few sums of the grids are rounded when added up.
    """
    rest, sums = value, []
    while len(rest) and (largest := float(np.abs(rest).max())) > 0:
        # len * largest < 2**52 * grid keeps every partial sum exact.
        grid = 2.0 ** np.ceil(np.log2(largest) + np.log2(len(rest) + 1) - 51)
        with np.errstate(over="ignore"):  # a flag, not a result, that NumPy 1 sets for tiny grids
            part = np.rint(rest / grid) * grid if grid > 0 else rest
        sums.append(np.bincount(code, part, n))
        rest = rest - part
    total = np.zeros(n)
    for part in reversed(sums):
        total += part
    return total


def _floats(series: pd.Series, name: Any) -> np.ndarray:
    dtype = series.dtype
    if _is_text(dtype):
        raise text_amounts(name)
    if isinstance(dtype, (pd.CategoricalDtype, pd.PeriodDtype)):
        raise not_numbers(name, dtype)
    if isinstance(dtype, pd.SparseDtype):
        series = pd.Series(np.asarray(series.array))
        dtype = series.dtype
    if dtype.kind == "O" and not isinstance(dtype, pd.ArrowDtype):
        return _from_objects(series, name)
    if _is_decimal(dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    if dtype.kind not in "iuf":
        raise not_numbers(name, dtype)
    if isinstance(dtype, np.dtype):
        return series.to_numpy() if dtype.itemsize <= 8 else series.to_numpy(dtype=np.float64)
    if dtype.kind in "iu" and not series.isna().any():
        return np.asarray(series.to_numpy(dtype=f"{dtype.kind}8"))
    single = dtype.kind == "f" and getattr(dtype, "itemsize", 8) == 4
    return series.to_numpy(dtype=np.float32 if single else np.float64, na_value=np.nan)


def _from_objects(series: pd.Series, name: Any) -> np.ndarray:
    values = series.to_numpy()
    kinds = set(map(type, values[series.notna().to_numpy()]))
    if any(issubclass(k, str) for k in kinds):
        raise text_amounts(name)
    bad = [k for k in kinds if not _is_number(k)]
    if bad:
        raise not_numbers(name, " and ".join(sorted(k.__name__ for k in bad)))
    filled = np.where(series.isna(), np.nan, values)
    return np.fromiter((float(v) for v in filled), np.float64, len(filled))


def _is_number(kind: type) -> bool:
    numbers = (int, float, decimal.Decimal, np.integer, np.floating)
    return issubclass(kind, numbers) and not issubclass(kind, bool)


def _is_text(dtype: Any) -> bool:
    if isinstance(dtype, pd.StringDtype):
        return True
    return isinstance(dtype, pd.ArrowDtype) and "string" in str(dtype.pyarrow_dtype)


def _is_decimal(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and "decimal" in str(dtype.pyarrow_dtype)


def text_amounts(name: Any) -> ColumnsError:
    """Return the error for amounts that are text."""
    return ColumnsError(
        f"{name} holds text, not numbers.",
        hint="Take off currency signs and thousands separators, then "
        "pd.to_numeric(orders[amount]); with a decimal comma, read_csv(..., decimal=',').",
    )


def not_numbers(name: Any, what: Any) -> ColumnsError:
    """Return the error for a column that cannot hold money."""
    return ColumnsError(
        f"{name} holds {what}, not amounts of money.",
        hint="amount= must name a numeric column; amount=None counts orders without amounts.",
    )
