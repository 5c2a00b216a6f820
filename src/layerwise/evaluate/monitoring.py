"""Which numbers are unusual this period, by two rules at once, and whether it is a crisis."""

from collections.abc import Iterable
from typing import Any, Literal

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, odd_cells
from layerwise.brief import in_brief
from layerwise.columns import PERIOD_END
from layerwise.errors import ColumnsError, DataError, SpecError, problems
from layerwise.evaluate.control_charts import (
    ABOVE,
    BELOW,
    EWMA,
    JUDGED,
    LEAST_BASELINE,
    LIMITS,
    charts,
)
from layerwise.evaluate.rate_series import DENOMINATOR, KPI, NUMERATOR, OVERALL, SEGMENT
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.saved import fits

CRISIS, NO_CRISIS = "crisis", "no_crisis"
CRISIS_KPIS = ("complaint_rate", "negative_mention_share")


@attrs.frozen(kw_only=True, eq=False)
class Monitoring:
    """What the control charts of all series say together.

    Attributes:
        charts: Every period by both rules, as `control_chart` gives them.
        alerts: The judged periods outside of their limits, newest first: `kpi` and `segment` where
            the rates have them, `period_end`, `value`, `center`, `low`, `high`, `signal`, `rule`.
        judged: How many points were judged.
        not_evaluable: How many points after the baseline could not be.
    """

    charts: pd.DataFrame
    alerts: pd.DataFrame
    judged: int
    not_evaluable: int

    __repr__ = in_brief

    def __str__(self) -> str:
        """Return how many points were judged, and the alerts."""
        head = f"{self.judged:,} points judged, {len(self.alerts):,} outside of their limits"
        head += f"; {self.not_evaluable:,} not evaluable" if self.not_evaluable else ""
        if not len(self.alerts):
            return head
        return f"{head}\n{self.alerts.to_string(index=False, float_format='{:.4g}'.format)}"

    def of(self, period: Any) -> pd.DataFrame:
        """Return the alerts of one period, given by its last day."""
        return self.alerts[self.alerts[PERIOD_END] == pd.Timestamp(period)].reset_index(drop=True)


def monitor(
    rates: Any,
    *,
    baseline_until: Any,
    kind: Literal["share", "count"] = "share",
    season: Literal["year"] | None = None,
    per: float = 1.0,
    rules: Iterable[str] = (LIMITS, EWMA),
    limit: float = 3.0,
    smoothing: float = 0.2,
    widen: bool = True,
    least_baseline: int = LEAST_BASELINE,
    kpi: str | None = None,
    period: str = PERIOD_END,
    numerator: str = NUMERATOR,
    denominator: str = DENOMINATOR,
) -> Monitoring:
    """Return the alerts of every series by limits and by moving averages.

    Args:
        rates: A tidy table, as for `control_chart`.
        baseline_until: Last day of the baseline.
        kind: "share" or "count".
        season: "year" or None.
        per: Rates are given per so many.
        rules: "limits" (sudden), "ewma" (slow), or both.
        limit: As for `control_chart`.
        smoothing: As for `control_chart`.
        widen: As for `control_chart`.
        least_baseline: As for `control_chart`.
        kpi: Only this KPI.
        period: Column of each period's last day.
        numerator: Column of what is counted.
        denominator: Column of what it is counted among.

    Raises:
        LayerwiseError: As `control_chart` does.

    Warns:
        ShortBaselineWarning: Some series cannot be judged.

    Example:
        >>> weeks = pd.date_range("2024-01-07", periods=24, freq="7D")
        >>> table = pd.DataFrame({
        ...     "period_end": weeks, "numerator": [50, 54, 47, 52] * 5 + [51, 49, 53, 90],
        ...     "denominator": 1000,
        ... })
        >>> found = monitor(table, baseline_until="2024-05-19")
        >>> found.judged, found.alerts[["period_end", "signal", "rule"]].to_dict("records")
        (8, [{'period_end': Timestamp('2024-06-16 00:00:00'), 'signal': 'above', 'rule': 'limits'},
             {'period_end': Timestamp('2024-06-16 00:00:00'), 'signal': 'above', 'rule': 'ewma'}])
    """
    table = charts(
        rates,
        arguments.several(rules),
        baseline_until,
        kind=kind,
        season=season,
        per=per,
        limit=limit,
        smoothing=smoothing,
        widen=widen,
        least_baseline=least_baseline,
        kpi=kpi,
        period=period,
        numerator=numerator,
        denominator=denominator,
    )
    judged = table["phase"] == JUDGED
    blind = table["signal"] == NOT_EVALUABLE
    return Monitoring(
        charts=table,
        alerts=_alerts(table[judged & table["signal"].isin([ABOVE, BELOW])]),
        judged=int((judged & ~blind).sum()),
        not_evaluable=int((judged & blind).sum()),
    )


def _alerts(found: pd.DataFrame) -> pd.DataFrame:
    keys = [name for name in (KPI, SEGMENT) if name in found]
    shown = [*keys, PERIOD_END, "value", "center", "low", "high", "signal", "rule"]
    order = [PERIOD_END, *keys, "rule"]
    down = [False, *[True] * len(keys), False]
    return found[shown].sort_values(order, ascending=down, ignore_index=True)


def crises(
    charts: Any, *, kpis: Iterable[str] | None = CRISIS_KPIS, at_least: int = 3
) -> pd.DataFrame:
    """Return for each judged period whether so many segments complain that it is a crisis.

    A segment alerts where one of the `kpis` is above its limit by any rule. The segment "all" is
    everybody, not a segment.

    Args:
        charts: `Monitoring.charts`, or several of them put together with `pd.concat`.
        kpis: The KPIs of complaints and negative mentions; None takes all, as for charts without a
            column `kpi`.
        at_least: So many segments make a crisis.

    Returns:
        A pandas table, a row a period: `period_end`, `segments` (alerting), `judged` (segments that
        could be judged), and `crisis`: crisis, no_crisis, or not_evaluable where fewer alert and
        fewer than `at_least` could be judged.

    Raises:
        ColumnsError: A column is missing.
        SpecError: There is no such KPI, or `at_least` is not a whole number from 1 up.

    Example:
        >>> charts = pd.DataFrame({
        ...     "kpi": "complaint_rate", "segment": ["north", "east", "south"],
        ...     "period_end": pd.Timestamp("2024-06-16"), "signal": "above", "phase": "judged",
        ... })
        >>> crises(charts, kpis=["complaint_rate"])
          period_end  segments  judged  crisis
        0 2024-06-16         3       3  crisis
    """
    if not fits(at_least, int) or at_least < 1:
        raise SpecError(
            f"at_least must be a whole number from 1 up, got {at_least!r:.40}.",
            hint="at_least=3 calls three alerting segments a crisis.",
        )
    table = _of_kpis(_as_pandas(charts), kpis)
    _check_columns(table)
    table = table[(table["phase"] == JUDGED) & (table[SEGMENT] != OVERALL)]
    known = table[table["signal"] != NOT_EVALUABLE]
    alerting = table[table["signal"] == ABOVE]
    periods = np.sort(table[PERIOD_END].unique())
    count = [
        rows.groupby(PERIOD_END)[SEGMENT].nunique().reindex(periods, fill_value=0).to_numpy()
        for rows in (alerting, known)
    ]
    label = np.select(
        [count[0] >= at_least, count[1] < at_least], [CRISIS, NOT_EVALUABLE], NO_CRISIS
    )
    return pd.DataFrame(
        {PERIOD_END: periods, "segments": count[0], "judged": count[1], "crisis": label}
    )


def _as_pandas(charts: Any) -> pd.DataFrame:
    frames.wrap(charts, what="the table of charts")
    table: pd.DataFrame = frames.eager(charts, doing="crises").to_pandas()
    return table


def _of_kpis(table: pd.DataFrame, kpis: Iterable[str] | None) -> pd.DataFrame:
    """Return the rows of some KPIs, which must be there."""
    wanted = None if kpis is None else set(_names(kpis))
    needed = [SEGMENT, PERIOD_END, "signal", "phase", *([KPI] if wanted else [])]
    arguments.require(
        list(table.columns), dict.fromkeys(needed, "crises"), title="The charts lack columns:"
    )
    if wanted is None:
        return table
    chosen = table[table[KPI].isin(wanted)]
    if not len(chosen):
        raise SpecError(
            f"The charts have none of the KPIs {', '.join(sorted(wanted))}.",
            hint=f"charts[{KPI!r}].unique() lists theirs; kpis=None takes all.",
        )
    return chosen


def _check_columns(table: pd.DataFrame) -> None:
    """Refuse charts whose words are no text, or with a row of no period."""
    words = [name for name in (KPI, SEGMENT, "signal", "phase") if name in table]
    odd = [n for n in words if not all(isinstance(v, str) for v in table[n])]
    if odd or not pd.api.types.is_datetime64_any_dtype(table[PERIOD_END].dtype):
        lines = [f"{name}: not all text" for name in odd] or [f"{PERIOD_END}: no dates"]
        raise ColumnsError(problems("The charts cannot be read:", lines), hint=_AS_RETURNED)
    if missing := int(table[PERIOD_END].isna().sum()):
        raise DataError(
            f"{missing:,} of {len(table):,} rows have no {PERIOD_END}.", hint=_AS_RETURNED
        )


_AS_RETURNED = "give what monitor(...).charts holds, unchanged."


def _names(kpis: Any) -> list[str]:
    names = list(arguments.several(kpis))
    if not names or not all(isinstance(name, str) and odd_cells.is_utf8(name) for name in names):
        raise SpecError("kpis must name KPIs.", hint="kpis=None takes all of the charts.")
    return names
