"""The formulas of cause ranking against published numbers, statsmodels and each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable

from layerwise.churn import attributable_fraction, e_value, limit_e_value, mantel_haenszel
from layerwise.churn.attribution import bootstrap_fraction, fraction, homogeneity_p
from layerwise.errors import DataError
from layerwise.rates import relative_risk

TOLBUTAMIDE = [[8, 22], [106, 98], [5, 16], [120, 85]]
"""Deaths and patients with and without tolbutamide, under 55 years and above (UGDP 1970)."""

STRATA = st.lists(
    st.tuples(*[st.integers(1, 200)] * 4).map(lambda t: (t[0], t[0] + t[1], t[2], t[2] + t[3])),
    min_size=1,
    max_size=5,
)


def cells(a: object, n1: object, c: object, n0: object) -> np.ndarray:
    """Return counts by stratum, exposed and left."""
    a, n1, c, n0 = map(np.asarray, (a, n1, c, n0))
    return np.stack([np.stack([n0 - c, c], -1), np.stack([n1 - a, a], -1)], 1)


def test_the_published_relative_risk() -> None:
    """Modern Epidemiology (Rothman and Greenland) on these data: crude 1.44, adjusted 1.33."""
    a, n1, c, n0 = (np.array([sum(part)]) for part in TOLBUTAMIDE)
    assert relative_risk(a, n1, c, n0)[0].round(2) == 1.44
    assert mantel_haenszel(*TOLBUTAMIDE)[0].round(2) == 1.33


@given(STRATA)
def test_ratio_is_that_of_statsmodels(strata: list[tuple[int, ...]]) -> None:
    """Any strata give the pooled risk ratio of statsmodels."""
    a, n1, c, n0 = map(np.array, zip(*strata, strict=True))
    tables = [np.array([[w, x - w], [y, z - y]]) for w, x, y, z in strata]
    assert mantel_haenszel(a, n1, c, n0)[0] == pytest.approx(
        StratifiedTable(tables).riskratio_pooled
    )


@given(STRATA)
def test_one_stratum_has_the_log_interval(strata: list[tuple[int, ...]]) -> None:
    """Greenland and Robins' variance of one stratum is Katz's."""
    one = [np.array([v]) for v in strata[0]]
    expected = [v[0] for v in relative_risk(*one)]
    assert list(mantel_haenszel(*one)) == pytest.approx(expected)


def test_interval_covers_the_truth() -> None:
    """Over 2,000 draws of five strata the 95 % interval holds the relative risk in 94 to 96 %."""
    rng, n1, n0 = np.random.default_rng(5), np.array([400, 200, 100, 50, 25]), 300
    base = np.array([0.05, 0.1, 0.2, 0.3, 0.4])
    a, c = rng.binomial(n1, 1.6 * base, (2_000, 5)), rng.binomial(n0, base, (2_000, 5))
    _, low, high = mantel_haenszel(a, n1, c, np.full(5, n0))
    assert 0.94 <= np.mean((low < 1.6) & (high > 1.6)) <= 0.96


def test_strata_that_cannot_compare_add_nothing() -> None:
    """A stratum without exposed, one without anybody."""
    expected = mantel_haenszel(*TOLBUTAMIDE)
    more = [[*v, w, 0] for v, w in zip(TOLBUTAMIDE, (0, 0, 30, 90), strict=True)]
    assert mantel_haenszel(*more) == pytest.approx(expected)


@given(STRATA)
def test_fraction_with_the_crude_risk_is_levins(strata: list[tuple[int, ...]]) -> None:
    """Miettinen's form of the crude relative risk equals Levin's."""
    a, n1, c, n0 = strata[0]
    rr, exposed = a / n1 / (c / n0), n1 / (n1 + n0)
    levin = exposed * (rr - 1) / (1 + exposed * (rr - 1))
    assert attributable_fraction(rr, a / (a + c)) == pytest.approx(levin, abs=1e-12)
    one = cells([a], [n1], [c], [n0])
    assert fraction(one) == pytest.approx(levin, abs=1e-12)


def test_published_e_values() -> None:
    """VanderWeele and Ding (2017): 3.9 (1.8 to 8.7) gives 7.26 and 3.0; 0.80 gives 1.81."""
    assert e_value([3.9, 0.80]).round(2).tolist() == [7.26, 1.81]
    limits = limit_e_value([3.9, 0.80, 0.80, 1.1], [1.8, 0.71, 0.7, 0.9], [8.7, 0.91, 1.1, 1.4])
    assert limits.round(2).tolist() == [3.0, 1.43, 1.0, 1.0]
    assert np.isnan(limit_e_value(np.nan, np.nan, np.nan))


@pytest.mark.parametrize(("value", "match"), [(-1, "negative: 1 of 1"), ("a", "must be numbers")])
def test_what_is_no_ratio_is_refused(value: object, match: str) -> None:
    """Negative numbers and words."""
    with pytest.raises(DataError, match=match):
        e_value(value)


def test_bootstrap_is_that_over_customers() -> None:
    """Drawing cells gives the interval of drawing customers one by one."""
    table = cells([20, 10], [100, 20], [10, 40], [100, 160])
    ours = bootstrap_fraction(table, draws=4_000, level=0.9, seed=1)
    who = np.repeat(np.arange(8), table.reshape(-1))
    rng = np.random.default_rng(2)
    drawn = [np.bincount(rng.choice(who, len(who)), minlength=8) for _ in range(4_000)]
    theirs = np.quantile(fraction(np.array(drawn).reshape(-1, 2, 2, 2)), [0.05, 0.95])
    assert ours == pytest.approx(theirs, abs=0.012)
    assert ours == bootstrap_fraction(table, draws=4_000, level=0.9, seed=1)


def test_homogeneity_is_uniform_under_one_risk() -> None:
    """With one relative risk 5 % of p-values are below 5 %; with several nearly all are."""
    rng, n = np.random.default_rng(3), np.full(4, 500)
    base, found = np.array([0.1, 0.2, 0.3, 0.4]), {}
    for name, rr in [("one", np.full(4, 1.5)), ("several", np.array([3, 2, 1, 0.7]))]:
        tries = [(rng.binomial(n, rr * base), n, rng.binomial(n, base), n) for _ in range(1_000)]
        p = [homogeneity_p(*t, float(mantel_haenszel(*t)[0])) for t in tries]
        found[name] = np.mean(np.array(p) < 0.05)
    assert 0.035 <= found["one"] <= 0.065
    assert found["several"] > 0.99
