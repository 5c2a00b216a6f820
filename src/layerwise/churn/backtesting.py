"""What early warning would have been worth at past dates, beside plain silence."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise import columns as c
from layerwise.brief import in_brief
from layerwise.churn.levels import RISK_LEVELS
from layerwise.churn.warning import early_warning
from layerwise.churn.warning_output import top
from layerwise.columns import CENTURY
from layerwise.errors import SpecError
from layerwise.layers.churn_status import ChurnStatus
from layerwise.models.bgnbd import BGNBD
from layerwise.models.model import PurchaseModel
from layerwise.orders.request import make_request, moment
from layerwise.rates import wilson
from layerwise.saved import fits
from layerwise.summary import calibration_holdout
from layerwise.vectors import Array, Floats

WAYS = ("level", "priority", "p_no_purchase", c.SILENCE)
"""How lists are made: the two of `early_warning`, by the model alone, by plain days of silence."""


@attrs.frozen(kw_only=True, eq=False)
class Backtest:
    """How lists made at past dates turned out.

    Attributes:
        lists: One row a date (missing: all together) and way to make the list: `judged` customers,
            of whom a share `base_rate` bought nothing in the horizon; `listed`, `churned` of them;
            `precision` with Wilson's 95 % interval `low` to `high`, `recall`; `lift` over the base
            rate and `lift_over_silence`; `value_caught`, the share of the
            leavers' value that was listed (missing without a value).
        signals: One row a signal, all dates together: `flagged`, `churned`, `precision`, `low`,
            `high`, `lift`.
        lead_days: Days from the first warning (risk level medium or high) of a customer to the day
            when silence alone counts as churn, one a leaver who was warned of.
    """

    lists: pd.DataFrame
    signals: pd.DataFrame
    lead_days: pd.Series

    __repr__ = in_brief

    @property
    def median_lead_days(self) -> float:
        """The median lead time, NaN if no leaver was found."""
        return float(self.lead_days.median())

    def __str__(self) -> str:
        together = self.lists[self.lists["as_of"].isna()].drop(columns="as_of")
        tables = [
            t.to_string(index=False, float_format="{:.3f}".format) for t in (together, self.signals)
        ]
        lead = (
            f"median lead time: {self.median_lead_days:g} days, of {len(self.lead_days):,} leavers"
        )
        return "\n".join([tables[0], lead, tables[1]])


@attrs.frozen(kw_only=True, eq=False)
class _Date:
    """One date: who was judged, how it turned out, who was listed."""

    as_of: pd.Timestamp
    gone: Array
    warned: Array
    lists: Mapping[str, Array]
    flags: Mapping[str, Array]
    worth: Floats | None
    ids: pd.Series
    last_day: Array
    churned_day: Floats
    today: int
    signals: tuple[str, ...]


def backtest(
    orders: object,
    *,
    as_of: Iterable[Any],
    horizon_days: int = 90,
    capacity: int | None = None,
    value: str | None = None,
    status: ChurnStatus | None = None,
    model: PurchaseModel[Any] | None = None,
    amount: str | None = "amount",
    **choices: Any,
) -> Backtest:
    """Return how the lists that early warning makes at past dates turned out.

    At each date the customers are made from the orders up to it, those whom silence alone counts as
    churned already (`status`) are left out, `early_warning` reads what was known, and the outcome
    is whether the customer bought in the `horizon_days` after. Only the outcome looks ahead. Each
    way to make a list gets the same length: the capacity, or as many as were warned of.

    Args:
        orders: The order log, a frame in memory: customer_id, ordered_at, amount.
        as_of: The dates; the log should reach `horizon_days` beyond the last.
        horizon_days: Length of the outcome.
        capacity: Length of the lists; None lists as many as have risk level medium or high.
        value: As in `early_warning`.
        status: The rule by which silence counts as churn; None is `ChurnStatus()`.
        model: The purchase model to fit at each date; None is BG/NBD.
        amount: Column of amounts, None to count orders only.
        choices: The logs and further choices of `early_warning`.

    Raises:
        SpecError: There is no date, or a choice is impossible.
        LayerwiseError: As `calibration_holdout` and `early_warning` say.

    Example:
        >>> import layerwise as lw
        >>> from layerwise.churn import backtest
        >>> done = backtest(
        ...     lw.datasets.load_cdnow(), as_of=["1997-12-31"], capacity=100, amount=None
        ... )
        >>> done.lists.loc[:3, ["ranking", "listed", "churned", "precision", "lift"]].round(2)
                   ranking  listed  churned  precision  lift
        0            level     100       82       0.82  1.35
        1         priority     100       82       0.82  1.35
        2    p_no_purchase     100       82       0.82  1.35
        3  days_since_last     100       80       0.80  1.32
    """
    dates = arguments.several(as_of)
    if not dates or not _is_horizon(horizon_days) or not _is_capacity(capacity):
        raise SpecError(
            "backtest needs one or more dates, a horizon of one day to a century, a capacity of "
            "one or more.",
            hint="backtest(orders, as_of=['2024-03-31', '2024-06-30'], horizon_days=90).",
        )
    arguments.check_named({}, {"value=": value, "amount=": amount})
    how = {"horizon": horizon_days, "capacity": capacity, "value": value, "amount": amount}
    rule = status or ChurnStatus()
    if len({moment(d, name="as_of", request=make_request(), aware=True) for d in dates}) < len(
        dates
    ):
        raise SpecError("A date stands twice in as_of.", hint="give each date once.")
    done = []
    for date in dates:  # a comprehension is a frame of its own before Python 3.12: notices count
        done.append(_at(orders, date, rule, model, how, choices))  # noqa: PERF401
    return Backtest(lists=_lists(done), signals=_signals(done), lead_days=_leads(done))


def _at(
    orders: object,
    date: Any,
    status: ChurnStatus,
    model: PurchaseModel[Any] | None,
    how: Mapping[str, Any],
    choices: Mapping[str, Any],
) -> _Date:
    today = moment(date, name="as_of", request=make_request(), aware=True)
    stamp = pd.Timestamp(np.datetime64(today, "D")).as_unit("s")
    end = stamp + pd.Timedelta(days=how["horizon"]).as_unit("s")
    both = _plain(calibration_holdout(orders, split=stamp, end=end, amount=how["amount"]))
    labelled: Any = status.fit(both).transform(both)
    fitted = (model or BGNBD()).fit(both)
    found = early_warning(
        both,
        as_of=stamp,
        orders=orders,
        model=fitted,
        horizon_days=how["horizon"],
        value=how["value"],
        rows="flagged",
        quiet=True,
        stacklevel=4,
        **choices,
    )
    table = found.customers
    open_ = (labelled["churn"] != "churned").to_numpy()
    risk = table["risk_level"].cat.codes.to_numpy()
    warned = open_ & (risk >= RISK_LEVELS.index("medium"))
    priority = table["priority"].to_numpy()
    p = fitted.p_no_purchase(both, how["horizon"])
    ids = both[c.CUSTOMER]
    k = int(warned.sum()) if how["capacity"] is None else how["capacity"]
    silence = both[c.SILENCE].to_numpy().astype(np.float64)
    scores = {"level": priority, "priority": priority, "p_no_purchase": p, c.SILENCE: silence}
    first = {"level": risk}
    limit = labelled["churn_limit_days"].to_numpy()
    return _Date(
        as_of=stamp,
        gone=(both[c.HOLDOUT_ORDERS].to_numpy() == 0)[open_],
        warned=warned[open_],
        lists={
            way: top(score, k, ids, among=open_, first=first.get(way))[open_]
            for way, score in scores.items()
        },
        flags=_flags(found.signals, ids, open_),
        worth=None if how["value"] is None else both[how["value"]].to_numpy()[open_],
        ids=ids[open_].reset_index(drop=True),
        last_day=(today - silence)[open_],
        churned_day=(today - silence + limit)[open_],
        today=today,
        signals=tuple(found.table["id"]),
    )


def _is_horizon(days: Any) -> bool:
    return fits(days, int) and 1 <= days <= CENTURY


def _is_capacity(capacity: Any) -> bool:
    return capacity is None or (fits(capacity, int) and capacity >= 1)


def _plain(both: Any) -> pd.DataFrame:
    """Return a table in memory as pandas."""
    if isinstance(both, pd.DataFrame):
        return both
    frame = frames.eager(both, doing="backtest")
    return pd.DataFrame({name: frame[name].to_list() for name in frames.column_names(frame)})


def _flags(signals: pd.DataFrame, ids: pd.Series, open_: Array) -> dict[str, Array]:
    """Return who of those judged was flagged, by signal."""
    place = pd.Series(np.arange(len(ids)), index=pd.Index(ids))
    flags = {}
    for name, who in signals.groupby("signal", observed=True)[c.CUSTOMER]:
        mask = np.zeros(len(ids), dtype=bool)
        mask[place.loc[who.to_numpy()].to_numpy()] = True
        flags[str(name)] = mask[open_]
    return flags


def _lists(done: list[_Date]) -> pd.DataFrame:
    """Return a row a date and way, and the rows of all dates together."""
    rows = [_row(date.as_of, way, [date]) for date in done for way in WAYS]
    rows += [_row(pd.NaT, way, done) for way in WAYS]
    table = pd.DataFrame(rows)
    low, high = wilson(table["churned"].to_numpy(), table["listed"].to_numpy())
    table.insert(7, "low", low)
    table.insert(8, "high", high)
    plain = table["precision"].where(table["ranking"] == c.SILENCE).bfill()
    table["lift_over_silence"] = _share(table["precision"], plain)
    return table[[*(n for n in table if n != "value_caught"), "value_caught"]]


def _row(as_of: Any, way: str, dates: list[_Date]) -> dict[str, Any]:
    gone, listed = (
        np.concatenate(v) for v in ([d.gone for d in dates], [d.lists[way] for d in dates])
    )
    worth = (
        None if dates[0].worth is None else np.nan_to_num(np.concatenate([d.worth for d in dates]))
    )
    found = int((gone & listed).sum())
    base, precision = _share(gone.sum(), len(gone)), _share(found, listed.sum())
    return {
        "as_of": as_of,
        "ranking": way,
        "judged": len(gone),
        "base_rate": base,
        "listed": int(listed.sum()),
        "churned": found,
        "precision": precision,
        "recall": _share(found, gone.sum()),
        "lift": _share(precision, base),
        "value_caught": np.nan
        if worth is None
        else _share(worth[gone & listed].sum(), worth[gone].sum()),
    }


def _share(part: Any, whole: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.asarray(whole, dtype=np.float64)
        return np.divide(np.asarray(part), np.where(below > 0, below, np.nan))[()]


def _signals(done: list[_Date]) -> pd.DataFrame:
    """Return how the flags of each signal turned out, all dates together."""
    gone = np.concatenate([d.gone for d in done])
    rows = []
    for name in done[0].signals:
        none = [np.zeros(len(d.gone), dtype=bool) for d in done]
        flags = np.concatenate([d.flags.get(name, z) for d, z in zip(done, none, strict=True)])
        if flags.any():
            rows.append(
                {"signal": name, "flagged": int(flags.sum()), "churned": int((flags & gone).sum())}
            )
    table = pd.DataFrame(rows, columns=["signal", "flagged", "churned"])
    table["precision"] = _share(table["churned"], table["flagged"])
    table["low"], table["high"] = wilson(table["churned"].to_numpy(), table["flagged"].to_numpy())
    table["lift"] = table["precision"] / gone.mean()
    return table


def _leads(done: list[_Date]) -> pd.Series:
    """Return days from the first warning to the day that silence alone counts as churn, by leaver.

    A leaver is a customer and their last order: who came back and left again counts twice.
    """
    parts = []
    for date in sorted(done, key=lambda d: d.today):
        hit = date.warned & date.gone
        who = {c.CUSTOMER: date.ids[hit].to_numpy(), "last": date.last_day[hit]}
        parts.append(pd.DataFrame({**who, "lead_days": date.churned_day[hit] - date.today}))
    first = pd.concat(parts).drop_duplicates([c.CUSTOMER, "last"])
    return first["lead_days"].reset_index(drop=True)
