"""Shares, ratios and many tests, beside scipy and statsmodels' formulas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from layerwise.errors import SpecError
from layerwise.rates import (
    difference_p,
    holm,
    q_values,
    relative_risk,
    risk_difference,
    wilson,
    z_value,
)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (3, 11), (50, 100), (9, 9)])
def test_wilson_equals_scipy(hits: int, trials: int, level: float) -> None:
    """The interval is scipy's, also at 0 and at all."""
    ours = [float(v[0]) for v in wilson(np.array([hits]), np.array([trials]), level=level)]
    theirs = stats.binomtest(hits, trials).proportion_ci(level, method="wilson")
    assert ours == pytest.approx([theirs.low, theirs.high], abs=1e-12)


def test_no_trials_have_no_interval() -> None:
    """0 of 0 is missing, without a warning."""
    assert np.isnan(wilson(np.array([0]), np.array([0]))).all()
    assert np.isnan(relative_risk(*(np.array([v]) for v in (0, 0, 3, 9)))).all()


def test_relative_risk_equals_scipy() -> None:
    """Ratio and log interval are those of scipy's relative_risk."""
    theirs = stats.contingency.relative_risk(30, 100, 20, 150)
    rr, low, high = relative_risk(*(np.array([v]) for v in (30, 100, 20, 150)))
    interval = theirs.confidence_interval(0.95)
    expected = [theirs.relative_risk, interval.low, interval.high]
    assert [rr[0], low[0], high[0]] == pytest.approx(expected, rel=1e-12)


def test_zero_cells_get_a_half() -> None:
    """With no hits the ratio is that of the table with a half more in each cell."""
    rr, low, high = relative_risk(*(np.array([v]) for v in (0, 10, 5, 10)))
    assert rr[0] == pytest.approx((0.5 / 11) / (5.5 / 11))
    assert 0 < low[0] < rr[0] < high[0] < np.inf


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_q_values_equal_scipy(p: list[float]) -> None:
    """They are scipy's, and a missing test changes nothing."""
    theirs = stats.false_discovery_control(p)
    assert q_values(np.array(p)) == pytest.approx(theirs, abs=1e-15)
    assert q_values(np.array([np.nan, *p]))[1:] == pytest.approx(theirs, abs=1e-15)


@pytest.mark.parametrize("level", [0, 1, -0.5, True, "0.9", np.nan])
def test_a_level_lies_between_0_and_1(level: object) -> None:
    """95 for 95 % and the like are refused."""
    with pytest.raises(SpecError, match="level must be"):
        z_value(level)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "counts", [(56, 70, 48, 80), (0, 10, 0, 20), (10, 10, 0, 20), (3, 4, 4, 4)]
)
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_newcombe_equals_statsmodels(counts: tuple[int, ...], level: float) -> None:
    """The interval is that of statsmodels, also at 0 and at all."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    theirs = proportion.confint_proportions_2indep(
        *counts, method="newcomb", compare="diff", alpha=1 - level
    )
    found = risk_difference(*(np.array([v]) for v in counts), level=level)
    assert [float(v[0]) for v in found[1:]] == pytest.approx(list(theirs), abs=1e-12)


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_equals_statsmodels(p: list[float]) -> None:
    """Adjusted p-values are those of statsmodels; missing ones change nothing."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    theirs = multitest.multipletests(p, method="holm")[1]
    assert np.allclose(holm(np.array(p)), theirs, atol=1e-12)
    assert np.allclose(holm(np.array([np.nan, *p]))[1:], theirs, atol=1e-12)


def test_difference_of_shares_follows_newcombe() -> None:
    """Newcombe's (1998) tables: 56/70 against 48/80, 9/10 against 3/10, 10/10 against 0/20."""
    cells = [np.array(v) for v in ([56, 9, 10], [70, 10, 10], [48, 3, 0], [80, 10, 20])]
    _, low, high = risk_difference(*cells)
    assert low.round(4).tolist() == [0.0524, 0.1705, 0.6791]
    assert high.round(4).tolist() == [0.3339, 0.8090, 1.0]


def test_p_of_a_difference_uses_fisher_in_small_tables() -> None:
    """Both tests agree with scipy; without a rest or an outcome there is no test."""
    from scipy.stats import chi2_contingency, fisher_exact

    p = difference_p(
        *(np.array(v) for v in ([30, 3, 0, 5], [90, 10, 9, 9], [20, 1, 0, 0], [99, 12, 9, 0]))
    )
    large = chi2_contingency([[30, 60], [20, 79]], correction=False)[1]
    assert p[:2].tolist() == pytest.approx([large, fisher_exact([[3, 7], [1, 11]])[1]])
    assert np.isnan(p[2:]).all()
