"""The findings of early warning as tables, and whom to call first."""

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.churn.inputs import Inputs
from layerwise.churn.signal import Signal
from layerwise.churn.signs import LEVELS, Sign
from layerwise.errors import DataError, FitError
from layerwise.layers.churn_status import ChurnStatus
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Floats

_MEASURES = ("value", "baseline", "ratio", "p")


def signal_rows(
    inputs: Inputs,
    signs: Sequence[Sign],
    found: Mapping[str, Signal],
    flags: Mapping[str, Array],
    q: Mapping[str, Floats | None],
    *,
    rows: str,
    customer: str,
) -> pd.DataFrame:
    """Return a row a signal and customer: signals in the table's order, customers in theirs."""
    chosen = [_chosen(rows, found[sign.id], flags[sign.id]) for sign in signs]
    sizes = [len(places) for places in chosen]
    everyone = np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.int64)
    made: dict[str, Any] = {customer: inputs.roster.ids.take(everyone).reset_index(drop=True)}
    made["signal"] = _repeated([sign.id for sign in signs], [sign.id for sign in signs], sizes)
    made["level"] = _repeated([sign.level for sign in signs], LEVELS, sizes)
    for name in _MEASURES:
        made[name] = _stacked([getattr(found[s.id], name) for s in signs], chosen, found, signs)
    made["q"] = _stacked([q[s.id] for s in signs], chosen, found, signs)
    since = [np.where(flags[s.id], _or_missing(found[s.id].since, inputs.n), np.nan) for s in signs]
    made["since"] = _dates(_taken(since, chosen))
    made["flagged"] = _taken([flags[s.id] for s in signs], chosen).astype(bool)
    made["not_evaluable"] = ~_taken([found[s.id].judged for s in signs], chosen).astype(bool)
    made["detail"] = _details([found[s.id] for s in signs], chosen)
    # Without copy=False pandas would copy all columns into blocks: as much memory again.
    return pd.DataFrame(made, copy=False)


def left_out_text(table: pd.DataFrame) -> list[str]:
    """Return a line for each reason why signals were not looked for."""
    left = table[table["left_out"] != ""]
    return [
        f"not looked for ({reason}): {', '.join(left.loc[left['left_out'] == reason, 'id'])}"
        for reason in dict.fromkeys(left["left_out"])
    ]


def priorities(inputs: Inputs, value: str | None, h: float) -> Floats | None:
    """Return P(no purchase in h days), times the value where one is named; None without model.

    Raises:
        ColumnsError: There is no such column, or it holds no numbers.
        DataError: Values are negative.
    """
    if inputs.model is None:
        return None
    p = np.asarray(inputs.model.p_no_purchase(inputs.customers.to_native(), h), dtype=np.float64)
    if value is None:
        return p
    title = "The customer table lacks the column that says what a customer is worth."
    arguments.require(frames.column_names(inputs.customers), {value: "value="}, title=title)
    worth = numbers(vectors.read(inputs.customers, [value])[value])
    if negative := int((worth < 0).sum()):
        raise DataError(
            f"{value} is negative in {negative:,} of {len(worth):,} rows.",
            hint="net refunds with summarize(orders, amount=...).",
        )
    return np.asarray(p * worth, dtype=np.float64)


def top(
    score: Floats, capacity: int, ids: pd.Series, *, among: Array, first: Array | None = None
) -> Array:
    """Return the `capacity` highest scores as a mask, ties by id; never a missing score.

    With `first` the highest of it come first, and scores decide among equals.
    """
    place = np.flatnonzero(among & ~np.isnan(score))
    before = np.zeros(len(score)) if first is None else first
    order = np.lexsort((_order(ids.iloc[place]), -score[place], -before[place]))
    chosen = np.zeros(len(score), dtype=bool)
    chosen[place[order[:capacity]]] = True
    return chosen


def _order(ids: pd.Series) -> Array:
    values = ids.to_numpy()
    if values.dtype.kind in "iuf":
        return np.asarray(values)
    return np.unique(np.array([str(v) for v in values], dtype=object), return_inverse=True)[1]


def still_buying(inputs: Inputs, status: ChurnStatus) -> Array:
    """Return whose silence does not count as churn yet; everybody where that cannot be judged."""
    needed = status.needs("churn")
    if any(name not in frames.column_names(inputs.customers) for name in needed):
        return np.ones(inputs.n, dtype=bool)
    table = inputs.customers.select(*needed)
    try:
        fitted = status.fit(table.to_native())
    except FitError:
        return np.ones(inputs.n, dtype=bool)
    churn = frames.wrap(fitted.transform(table.to_native()))["churn"]
    return np.asarray(churn.cast(nw.String).to_numpy() != "churned")


def _chosen(rows: str, found: Signal, flags: Array) -> Array:
    if rows == "all":
        return np.arange(len(flags))
    return np.flatnonzero(flags if rows == "flagged" else found.judged)


def _repeated(values: Sequence[str], names: Sequence[str], sizes: list[int]) -> Any:
    codes = np.repeat([list(names).index(v) for v in values], sizes).astype(np.int64)
    return _categories(codes, names)


def _or_missing(values: Floats | None, n: int) -> Floats:
    return np.full(n, np.nan) if values is None else values


def _stacked(
    values: Sequence[Floats | None],
    chosen: list[Array],
    found: Mapping[str, Signal],
    signs: Sequence[Sign],
) -> Floats:
    """Return values of every signal, missing where it is not judged."""
    parts = []
    for one, places, sign in zip(values, chosen, signs, strict=True):
        if one is None:
            parts.append(np.full(len(places), np.nan))
        else:
            parts.append(np.where(found[sign.id].judged[places], one[places], np.nan))
    return np.concatenate(parts) if parts else np.zeros(0)


def _taken(values: Sequence[Array], chosen: list[Array]) -> Array:
    parts = [v[places] for v, places in zip(values, chosen, strict=True)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _dates(days: Array) -> Array:
    missing = np.isnan(days)
    number = np.where(missing, 0, days).astype(np.int64)
    dates = number.astype("M8[D]").astype("M8[s]")
    dates[missing] = np.datetime64("NaT")
    return dates


def _details(found: Sequence[Signal], chosen: list[Array]) -> Any:
    names = sorted({n for signal in found if signal.detail for n in map(str, signal.detail.names)})
    place = {name: i for i, name in enumerate(names)}
    parts = []
    for signal, places in zip(found, chosen, strict=True):
        if signal.detail is None:
            parts.append(np.full(len(places), -1))
        else:
            table = np.array([*(place[str(n)] for n in signal.detail.names), -1])
            parts.append(table[signal.detail.codes[places]])
    codes = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    return _categories(codes.astype(np.int64), names)


def _categories(codes: Array, names: Sequence[str]) -> Any:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(names)))
