"""Control charts: limits by hand, false alarms near nominal, planted falls found, refusals."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.evaluate import ShortBaselineWarning, control_chart
from tests.conftest import ENGINES


def weekly(hits: Any, trials: Any, segment: str | None = None) -> pd.DataFrame:
    """Return a tidy table of weeks."""
    ends = pd.date_range("2022-01-02", periods=len(hits), freq="7D")
    table = pd.DataFrame({"period_end": ends, "numerator": hits, "denominator": trials})
    return table if segment is None else table.assign(segment=segment)


def until(weeks: int) -> pd.Timestamp:
    """Return the last day of so many weeks."""
    return pd.Timestamp("2022-01-02") + pd.Timedelta(days=7 * (weeks - 1))


def stable(series: int, weeks: int, *, rho: float, fall: float = 0.0, at: int = 0) -> pd.DataFrame:
    """Return beta-binomial series with a rate of 10 %, and of 10 % - fall from week `at` on."""
    rng = np.random.default_rng(3)
    n = rng.integers(800, 1200, (series, weeks))
    p = rng.beta(0.1 * (1 / rho - 1), 0.9 * (1 / rho - 1), n.shape)
    p[:, at:] *= 1 - fall / 0.1
    hits = rng.binomial(n, p)
    tables = [weekly(hits[i], n[i], f"s{i:04}") for i in range(series)]
    return pd.concat(tables, ignore_index=True)


def by_hand(x: np.ndarray, n: np.ndarray, m: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return Laney's center, error and s_z of the first m periods, step by step."""
    p = x[:m].sum() / n[:m].sum()
    sigma = np.sqrt(p * (1 - p) / n)
    z = (x / n - p) / sigma
    ranges = [abs(z[i] - z[i - 1]) for i in range(1, m)]
    return np.full(len(x), p), sigma, sum(ranges) / len(ranges) / 1.128


def test_limits_are_laneys() -> None:
    """Without widening, center +- 3 s_z sqrt(p (1 - p) / n)."""
    rng = np.random.default_rng(0)
    n = rng.integers(500, 900, 30)
    x = rng.binomial(n, rng.beta(20, 80, 30))
    chart = control_chart(weekly(x, n), baseline_until=until(25), widen=False)
    center, sigma, s_z = by_hand(x, n, 25)
    assert np.allclose(chart["center"], center)
    assert np.allclose(chart["low"], center - 3 * s_z * sigma)
    assert np.allclose(chart["high"], center + 3 * s_z * sigma)
    assert np.allclose(chart["spread"], s_z)


def test_ewma_limits_are_exact() -> None:
    """With equal bases, the textbook's sigma sqrt(l / (2 - l) (1 - (1 - l)^2t)), begun anew."""
    x, n = np.array([50, 54, 47, 52, 49] * 6), np.full(30, 1000)
    chart = control_chart(weekly(x, n), baseline_until=until(25), rule="ewma", widen=False)
    _, sigma, s_z = by_hand(x, n, 25)
    for start, rows in [(0, chart[:25]), (25, chart[25:])]:
        t = np.arange(1, len(rows) + 1)
        half = 3 * s_z * sigma[0] * np.sqrt(0.2 / 1.8 * (1 - 0.8 ** (2 * t)))
        assert np.allclose(rows["high"] - rows["center"], half)
        average = chart["center"][0]
        for i, value in enumerate(rows["value"]):
            average = 0.2 * x[start + i] / 1000 + 0.8 * average
            assert np.isclose(value, average)


def test_counts_per_thousand() -> None:
    """A u' chart per 1,000 orders: sqrt(u / n) in place of sqrt(p (1 - p) / n)."""
    x, n = np.array([12, 15, 9, 14, 11] * 5), np.array([400, 500, 450, 420, 510] * 5)
    chart = control_chart(
        weekly(x, n), baseline_until=until(25), kind="count", per=1000, widen=False
    )
    u = x.sum() / n.sum()
    z = (x / n - u) / np.sqrt(u / n)
    half = 3 * np.sqrt(u / n) * np.abs(np.diff(z)).mean() / 1.128
    assert np.allclose(chart["value"], 1000 * x / n)
    assert np.allclose(chart["high"], 1000 * (u + half))


@pytest.mark.parametrize("rule", ["limits", "ewma"])
@pytest.mark.parametrize("weeks", [20, 52])
def test_false_alarms_are_near_nominal(rule: Any, weeks: int) -> None:
    """0.27 % of stable, overdispersed periods should alert; the textbook's limits miss that."""
    table = stable(600, weeks + 26, rho=0.004)
    found = {}
    for widen in (True, False):
        chart = control_chart(table, baseline_until=until(weeks), rule=rule, widen=widen)
        judged = chart[chart["phase"] == "judged"]
        found[widen] = judged["signal"].isin(["above", "below"]).mean()
    assert 0.0012 < found[True] < 0.0055
    assert found[False] > found[True]


def test_a_plain_p_chart_would_cry_wolf() -> None:
    """Overdispersion shows: s_z is sqrt(1 + (n - 1) rho), about 2.2, not 1."""
    chart = control_chart(stable(300, 60, rho=0.004), baseline_until=until(52))
    assert np.isclose(chart.groupby("segment")["spread"].first().mean(), 2.23, atol=0.06)


def test_a_planted_fall_is_found_soon() -> None:
    """A slow fall by one standard deviation: the moving average is faster than the limits."""
    table = stable(200, 92, rho=0.004, fall=0.021, at=52)
    delay = {}
    for rule in ("limits", "ewma"):
        chart = control_chart(table, baseline_until=until(52), rule=rule)  # type: ignore[arg-type]
        below = chart[(chart["phase"] == "judged")].groupby("segment")["signal"]
        delay[rule] = below.apply(lambda s: [*(s == "below"), True].index(True) + 1).median()
    assert delay["ewma"] <= 18
    assert delay["ewma"] < delay["limits"]


def test_season_is_taken_off() -> None:
    """A December peak alerts without season and not with it."""
    rng = np.random.default_rng(1)
    weeks = np.arange(52 * 4)
    p = 0.1 + 0.05 * ((weeks % 52) > 47)
    table = weekly(rng.binomial(4000, p), np.full(len(weeks), 4000))
    plain = control_chart(table, baseline_until=until(52 * 3 + 40))
    seasonal = control_chart(table, baseline_until=until(52 * 3 + 40), season="year")
    judged = plain["phase"] == "judged"
    assert (plain[judged]["signal"] == "above").sum() >= 3
    assert not seasonal[judged]["signal"].isin(["above", "below"]).any()
    assert (seasonal["signal"][:52] == "not_evaluable").all()


def test_months_look_back_a_year() -> None:
    """Month ends, whose distances differ, are compared with the same month."""
    ends = pd.date_range("2019-01-31", periods=60, freq="ME")
    hits = 100 + 30 * (ends.month == 12) + np.arange(60) % 7
    table = pd.DataFrame({"period_end": ends, "numerator": hits, "denominator": 1000})
    chart = control_chart(table, baseline_until="2022-12-31", season="year")
    assert np.isclose(chart["center"][59] - chart["center"][58], 0.03 + 1e-3, atol=4e-3)


@given(st.permutations(range(40)), st.sampled_from(["polars", "pandas_arrow"]))
def test_row_order_and_engine_do_not_matter(order: list[int], engine: str) -> None:
    """Shuffled rows of any frame give the same chart."""
    table = stable(2, 20 + 0, rho=0.01)
    chart = control_chart(table, baseline_until=until(20))
    again = control_chart(ENGINES[engine].make(table.iloc[list(order)]), baseline_until=until(20))
    pd.testing.assert_frame_equal(chart, again)


def test_short_and_constant_baselines_cannot_judge() -> None:
    """19 periods, or no variation at all: not_evaluable, counted in one warning."""
    short = weekly([5, 6, 7] * 7, [50] * 21, "short")
    never = weekly([0] * 21, [50] * 21, "never")
    with pytest.warns(ShortBaselineWarning, match="2 of 2 series"):
        chart = control_chart(pd.concat([short, never]), baseline_until=until(19))
    assert (chart["signal"] == "not_evaluable").all()
    assert chart[["center", "low", "high"]].isna().all(axis=None)


def test_a_period_without_a_base_cannot_be_judged() -> None:
    """Nobody there: no rate; the moving average waits."""
    trials = np.full(30, 100)
    trials[27] = 0
    hits = np.array([10, 12, 9] * 10)
    hits[27] = 0
    table = weekly(hits, trials)
    for rule in ("limits", "ewma"):
        chart = control_chart(table, baseline_until=until(25), rule=rule)  # type: ignore[arg-type]
        assert chart["signal"][27] == "not_evaluable"
        assert np.isnan(chart["value"][27])
        assert chart["signal"][28] == "inside"


def test_impossible_counts_are_refused_at_once() -> None:
    """Every kind of problem is counted in one error."""
    table = weekly([5.0, -1, 7, np.nan, 3], [4, 10, 10, 10, 0])
    with pytest.raises(DataError) as error:
        control_chart(table, baseline_until=until(3))
    for text in ("1 rows without a num", "negative", "above the denominator", "denominator of 0"):
        assert text in str(error.value)


def test_repeated_periods_are_refused() -> None:
    """Two rows of one period are no series."""
    table = weekly([1, 2], [9, 9])
    with pytest.raises(DataError, match="2 of 4 rows repeat"):
        control_chart(pd.concat([table, table]), baseline_until=until(1))


@pytest.mark.parametrize(
    "choice",
    [
        {"kind": "rate"},
        {"rule": "cusum"},
        {"season": "week"},
        {"limit": 0},
        {"smoothing": 1.5},
        {"per": float("nan")},
        {"least_baseline": 2},
        {"kpi": "none"},
        {"baseline_until": "yesterday"},
    ],
)
def test_impossible_choices_are_refused(choice: dict[str, Any]) -> None:
    """Each choice has its limits."""
    with pytest.raises(SpecError):
        control_chart(weekly([1, 2], [9, 9]), **{"baseline_until": until(2)} | choice)


def test_missing_columns_and_rows() -> None:
    """All missing columns are named; an empty table is an error."""
    with pytest.raises(ColumnsError, match=r"numerator.*\n.*denominator"):
        control_chart(pd.DataFrame({"period_end": ["2024-01-01"]}), baseline_until="2024-01-01")
    with pytest.raises(DataError, match="no rows"):
        control_chart(weekly([], []), baseline_until="2024-01-01")
    with pytest.raises(ColumnsError, match="segment holds numbers"):
        control_chart(weekly([1], [2]).assign(segment=7), baseline_until="2024-01-01")


def test_uneven_periods_have_no_season() -> None:
    """Periods of ten days have no same period a year before."""
    ends = pd.date_range("2022-01-01", periods=80, freq="10D")
    table = pd.DataFrame({"period_end": ends, "numerator": 1, "denominator": 9})
    with pytest.raises(DataError, match="neither days, weeks nor months"):
        control_chart(table, baseline_until="2023-12-31", season="year")
