"""What `analyse` says is what scipy, statsmodels and tea-tasting say, and what is true."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from layerwise.errors import (
    ColumnsError,
    DataError,
    EarlyLookWarning,
    EngineError,
    RowsLeftOutWarning,
    SampleRatioWarning,
    SpecError,
)
from layerwise.evaluate import (
    Mean,
    Ratio,
    Share,
    analyse,
)
from tests.evaluate.conftest import shop, worlds

HALVES = {"control": 0.5, "offer": 0.5}
SPEND = Mean("spend", covariate="before")


def run(table: Any, *metrics: Any, **choices: Any) -> Any:
    return analyse(table, **({"metrics": metrics or ["bought"], "arms": HALVES} | choices))


def row(table: Any, *metrics: Any, **choices: Any) -> Any:
    return run(table, *metrics, **choices).effects.iloc[0]


def two(table: pd.DataFrame, column: str) -> list[pd.Series]:
    return [table.loc[table["arm"] == name, column] for name in ("offer", "control")]


def test_means_equal_scipy(table: pd.DataFrame) -> None:
    """Welch's difference, interval and p."""
    theirs = stats.ttest_ind(*two(table, "spend"), equal_var=False)
    interval = theirs.confidence_interval(0.9)
    found = row(table, Mean("spend"), level=0.9)
    assert found["p"] == pytest.approx(theirs.pvalue, rel=1e-9)
    assert [found["low"], found["high"]] == pytest.approx([interval.low, interval.high], rel=1e-9)


def test_shares_equal_scipy(table: pd.DataFrame) -> None:
    """Chi-square where there are enough, Fisher's exact test where not."""
    counts = pd.crosstab(table["arm"], table["bought"])
    found = row(table)
    assert found["p"] == pytest.approx(stats.chi2_contingency(counts, correction=False).pvalue)
    few = table.groupby("arm").head(30)
    counts = pd.crosstab(few["arm"], few["bought"])
    assert row(few)["p"] == pytest.approx(stats.fisher_exact(counts)[1])


def test_all_equal_tea_tasting(table: pd.DataFrame) -> None:
    """Means, ratios and CUPED as in an open A/B library, to ten digits."""
    tt = pytest.importorskip("tea_tasting")
    theirs = tt.Experiment(
        {
            "mean": tt.Mean("spend"),
            "cuped": tt.Mean("spend", "before"),
            "ratio": tt.RatioOfMeans("sales", "orders"),
            "sizes": tt.SampleRatio(),
        }
    ).analyze(table.rename(columns={"arm": "variant"}), control="control")
    metrics = {"mean": Mean("spend"), "cuped": SPEND, "ratio": Ratio("sales", "orders")}
    ours = analyse(table, metrics=metrics, arms=HALVES)
    for _, found in ours.effects.iterrows():
        other = theirs[found["metric"]]
        expected = [other.effect_size, other.effect_size_ci_lower, other.effect_size_ci_upper]
        assert list(found[["effect", "low", "high"]]) == pytest.approx(expected, rel=1e-9)
        assert found["p"] == pytest.approx(other.pvalue, rel=1e-7)
        assert found["relative"] == pytest.approx(other.rel_effect_size, rel=1e-9)
    assert ours.ratio_p == pytest.approx(theirs["sizes"].pvalue, rel=0.05)  # binomial there


def test_fieller_is_where_the_difference_vanishes(table: pd.DataFrame) -> None:
    """At either end r of the relative interval, offer - (1 + r) control is just significant."""
    found = row(table, Mean("spend"))
    offer, control = two(table, "spend")
    for r in (found["relative_low"], found["relative_high"]):
        gap = offer.mean() - (1 + r) * control.mean()
        error = np.sqrt(offer.var() / len(offer) + (1 + r) ** 2 * control.var() / len(control))
        assert abs(gap / error) == pytest.approx(1.96, abs=0.01)


METRICS = {"bought": "bought", "spend": Mean("spend"), "cuped": SPEND,
           "sales": Ratio("sales", "orders")}  # fmt: skip


def repeated(runs: int, effect: float) -> Any:
    """Return what 400 customers say, again and again, each run as a layer of one large table."""
    found = run(worlds(runs, 400, effect=effect), by="world", metrics=METRICS).layers
    return dict(iter(found.groupby("metric")))


def test_null_experiments_alarm_in_five_percent() -> None:
    """Of 1,500 experiments without effect about 5 % have p < 0.05, whatever the metric."""
    for name, part in repeated(1500, 0.0).items():
        limit = 3.3 * np.sqrt(0.05 * 0.95 / 1500)
        assert abs((part["p"] < 0.05).mean() - 0.05) < limit, name


def test_intervals_cover() -> None:
    """About 95 % of 1,500 intervals hold the true effect."""
    truth = {"bought": 0.06, "spend": 1.2, "cuped": 1.2, "sales": 0.3}
    for name, part in repeated(1500, 0.06).items():
        covered = (part["low"] <= truth[name]) & (truth[name] <= part["high"])
        assert abs(covered.mean() - 0.95) < 0.02, name


def test_cuped_is_equal_in_mean_and_narrower() -> None:
    """The mean effect stays, its variance shrinks as `variance_saved` promises."""
    found = repeated(800, 0.06)
    plain, cuped = found["spend"]["effect"], found["cuped"]["effect"]
    assert abs(cuped.mean() - plain.mean()) < 0.1
    shrunk = 1 - cuped.var() / plain.var()
    assert shrunk > 0.6
    assert found["cuped"]["variance_saved"].mean() == pytest.approx(shrunk, abs=0.05)


def test_forty_null_layers() -> None:
    """Of 100 experiments with 40 layers without effect about 5 alarm, by Holm and by Q."""
    table = worlds(100, 4000)
    table["layer"] = table["customer_id"] % 40
    alarms = np.zeros(2)
    for _, world in table.groupby("world"):
        found = run(world, Mean("spend"), by="layer")
        alarms += [found.layers["p_holm"].min() < 0.05, found.interactions["p"].iloc[0] < 0.05]
    assert (alarms <= 12).all(), alarms


def test_layers_that_differ_are_found() -> None:
    """An effect in one tier only: found there, and the tiers differ."""
    table = shop(6000)
    good = (table["tier"] == "high") & (table["arm"] == "offer")
    table["bought"] |= good & (np.random.default_rng(1).random(6000) < 0.1)
    found = run(table, by="tier")
    assert found.layers["layer"].tolist() == ["high", "low", "mid"]
    assert found.layers.loc[found.layers["p_holm"] < 0.05, "layer"].tolist() == ["high"]
    assert found.interactions["p_holm"].iloc[0] < 0.01


def test_interactions_are_cochrans_q() -> None:
    """Weights of one over the squared error of Welch, and a degree of freedom less than layers."""
    table = shop(3_000, seed=5).assign(layer=np.arange(3_000) % 4)
    found = run(table, Mean("spend"), by="layer").interactions.iloc[0]
    pairs = [two(part, "spend") for _, part in table.groupby("layer")]
    effect = np.array([a.mean() - b.mean() for a, b in pairs])
    weight = 1 / np.array([a.var() / len(a) + b.var() / len(b) for a, b in pairs])
    q = (weight * (effect - np.average(effect, weights=weight)) ** 2).sum()
    assert [found["q"], found["p"]] == pytest.approx([q, stats.chi2.sf(q, 3)], rel=1e-9)
    assert (found["layers"], found["df"]) == (4, 3)


def test_layers_add_up_and_keep_their_order(table: pd.DataFrame) -> None:
    """Counts of layers are those of the whole; ordered labels stay in order; missing come last."""
    kind = pd.CategoricalDtype(["low", "mid", "high", "none"], ordered=True)
    table["tier"] = table["tier"].astype(kind)
    table.loc[:50, "tier"] = None
    found = run(table, by="tier")
    assert found.layers["layer"].tolist() == ["low", "mid", "high", None]
    assert found.layers["arm_n"].sum() == found.effects["arm_n"].iloc[0]
    small = found.layers.iloc[-1]
    assert small["note"].startswith("fewer than 30")
    assert np.isnan(small["effect"])
    assert small["arm_n"] + small["control_n"] == 51


def test_three_arms_are_adjusted_together(table: pd.DataFrame) -> None:
    """Each arm beside the control; Holm over all rows, as in statsmodels."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    table["arm"] = np.array(["control", "letter", "call"])[np.arange(4000) % 3]
    arms = {"letter": 1 / 3, "control": 1 / 3, "call": 1 / 3}
    found = analyse(table, metrics=["bought", SPEND], arms=arms).effects
    assert found["arm"].tolist() == ["letter", "call"] * 2
    assert np.allclose(found["p_holm"], multitest.multipletests(found["p"], method="holm")[1])


def test_row_order_does_not_matter(table: pd.DataFrame) -> None:
    """Shuffled rows and columns give the same numbers."""
    mixed = table.sample(frac=1, random_state=2)[table.columns[::-1]]
    ones, others = (run(t, SPEND, "bought", by="tier").layers for t in (table, mixed))
    pd.testing.assert_frame_equal(ones, others, rtol=1e-9)


def test_other_engines(table: pd.DataFrame, engine: Any) -> None:
    """Each eager engine gives the same; lazy ones are refused."""
    if engine.lazy:
        with pytest.raises(EngineError):
            run(engine.make(table))
        return
    ones, others = (run(t, SPEND, "bought", by="tier") for t in (table, engine.make(table)))
    pd.testing.assert_frame_equal(ones.layers, others.layers)


def test_sizes_off_plan_are_refused(table: pd.DataFrame) -> None:
    """A tenth of the offer's customers missing: refused, or flagged in every row."""
    some = table.drop(table.index[(table["arm"] == "offer") & (table["customer_id"] % 7 == 0)])
    with pytest.raises(DataError, match="planned sizes"):
        run(some)
    with pytest.warns(SampleRatioWarning):
        found = run(some, mismatch="flag")
    assert not found.trusted
    assert found.effects["note"].str.contains("planned sizes").all()
    assert "NOT as planned" in str(found)


def test_outcomes_missing_from_one_arm_are_noted(table: pd.DataFrame) -> None:
    """Who did not answer is counted; more of them in one arm makes a note."""
    table["score"] = table["spend"]
    table.loc[table.index % 9 == 0, "score"] = np.nan
    with pytest.warns(RowsLeftOutWarning, match="445 of 4,000"):
        assert row(table, Mean("score"))["note"] == ""
    table.loc[(table["arm"] == "offer") & (table.index % 4 == 0), "score"] = np.nan
    with pytest.warns(RowsLeftOutWarning):
        assert "missing from one arm" in row(table, Mean("score"))["note"]


@pytest.mark.parametrize("value", [0, 1])
def test_no_or_only_conversions(table: pd.DataFrame, value: int) -> None:
    """Nobody or everybody bought: no effect, an interval about 0, and nothing to test."""
    found = row(table.assign(bought=value))
    assert found["effect"] == 0
    assert found["low"] < 0 < found["high"]
    assert np.isnan(found["p"])
    assert found["note"] == "outcomes do not vary"


def test_numbers_that_do_not_vary(table: pd.DataFrame) -> None:
    """All spend the same: no interval and no p, with a note."""
    found = row(table.assign(spend=0.1), Mean("spend"))
    assert found["effect"] == pytest.approx(0, abs=1e-12)
    assert found[["low", "high", "p"]].isna().all()
    assert found["note"] == "outcomes do not vary"


def test_tiny_arms() -> None:
    """One customer an arm: shares have a wide interval, means none."""
    table = pd.DataFrame(
        {"customer_id": [1, 2], "arm": ["control", "offer"], "bought": [0, 1], "spend": [1.5, 2.5]}
    )
    share, mean = (row(table, m) for m in (Share("bought"), Mean("spend")))
    assert share["low"] < 0 < share["high"]
    assert share["p"] == 1
    assert mean["effect"] == 1
    assert mean["note"] == "fewer than 2 customers in an arm"


def test_ratio_without_denominator(table: pd.DataFrame) -> None:
    """No orders at all: the ratio is not known."""
    found = row(table.assign(orders=0), Ratio("sales", "orders"))
    assert np.isnan(found["effect"])
    assert found["note"] == "no value in an arm"


def test_covariates_that_say_nothing(table: pd.DataFrame) -> None:
    """A constant covariate changes nothing; a missing one counts as its mean."""
    plain = row(table, Mean("spend"))
    same = row(table.assign(before=3.0), SPEND)
    none = row(table.assign(before=np.nan), SPEND)
    for found in (same, none):
        assert found["p"] == pytest.approx(plain["p"], rel=1e-9)
    part = row(table.assign(before=table["before"].where(table.index % 2 == 0)), SPEND)
    assert 0 < part["variance_saved"] < row(table, SPEND)["variance_saved"]


def test_balance_before_the_draw(table: pd.DataFrame) -> None:
    """As drawn it is balanced; with the best moved to the offer it is not."""
    assert not run(table, balance=["before", "orders"]).balance["unbalanced"].any()
    best = table["before"].rank(pct=True) > 0.5
    found = run(table.assign(arm=np.where(best, "offer", "control")), balance=["before"])
    assert found.balance["unbalanced"].all()
    assert found.balance["difference"].iloc[0] > 1


def test_chance_in_small_arms_is_not_called_unbalanced() -> None:
    """In arms of thirty a difference above 0.1 is usual; the same in arms of 3,000 is not."""
    few = pd.DataFrame({"arm": ["control", "offer"] * 30, "bought": False})
    few = few.assign(before=np.arange(60) // 2 + 4.0 * (few["arm"] == "offer"))
    for times, unbalanced in {1: False, 100: True}.items():
        many = pd.concat([few] * times, ignore_index=True)
        found = run(many, balance=["before"], customer=None).balance.iloc[0]
        assert (found["difference"] > 0.4, found["unbalanced"]) == (True, unbalanced)


def test_early_looks_are_told(table: pd.DataFrame) -> None:
    """Fewer customers than planned: a warning; enough: none."""
    with pytest.warns(EarlyLookWarning, match="of 5,000 planned"):
        run(table, planned=5000)
    run(table, planned=1000)


@pytest.mark.parametrize(
    "choices",
    [
        {"metrics": []},
        {"metrics": [3]},
        {"metrics": ["bought", Share("bought")]},
        {"arms": {"control": 1.0}},
        {"control": "nobody"},
        {"level": 95},
        {"min_n": 1},
        {"planned": 0},
        {"mismatch": "ignore"},
    ],
)
def test_impossible_choices(table: pd.DataFrame, choices: dict[str, Any]) -> None:
    """Each is refused by name."""
    with pytest.raises(SpecError):
        run(table, **choices)


def test_impossible_tables(table: pd.DataFrame) -> None:
    """No rows, one arm, other arms, ids twice, text outcomes, shares above 1."""
    with pytest.raises(DataError, match="without any"):
        run(table.head(0))
    with pytest.raises(DataError, match="offer"):
        run(table[table["arm"] == "control"])
    with pytest.raises(DataError, match="does not have"):
        run(table.assign(arm=table["arm"].replace("offer", "letter")))
    with pytest.raises(DataError):
        run(table.assign(customer_id=1))
    with pytest.raises(DataError, match="no share"):
        run(table, Share("spend"))
    with pytest.raises(ColumnsError):
        run(table, Mean("tier"))
    with pytest.raises(ColumnsError, match="names"):
        run(table.assign(arm=1))
    with pytest.raises(ColumnsError, match="decimals"):
        run(table, by="spend")
    with pytest.raises(ColumnsError, match="returned"):
        run(table, "returned")
    with pytest.raises(DataError, match="infinite"):
        run(table.assign(spend=np.inf), Mean("spend"))


def test_one_name_is_one_column(table: pd.DataFrame) -> None:
    """A covariate named alone is not read as letters; numbers too large to square are refused."""
    assert run(table, balance="before").balance["covariate"].tolist() == ["before"]
    with pytest.raises(DataError, match="too large"):
        run(table.assign(spend=1e200 * table["spend"]), Mean("spend"))


def test_rows_without_arm_are_counted(table: pd.DataFrame) -> None:
    """Who was not drawn is left out with a notice."""
    table.loc[:9, "arm"] = None
    with pytest.warns(RowsLeftOutWarning, match="10 of 4,000"):
        found = run(table)
    assert found.sizes["customers"].sum() == 3990


def test_metrics_need_names() -> None:
    """Columns are named by text."""
    for wrong in (None, "", 3):
        with pytest.raises(SpecError):
            Share(wrong)  # type: ignore[arg-type]
    with pytest.raises(SpecError):
        Mean("spend", covariate=3)  # type: ignore[arg-type]


def test_arms_without_control_are_told_how_to_name_it() -> None:
    """The hint names the argument, with an arm that is there."""
    people = pd.DataFrame({"customer_id": [1, 2], "arm": ["a", "b"], "bought": [0, 1]})
    with pytest.raises(SpecError, match='Hint: say which arm got nothing: control="a"'):
        analyse(people, metrics=["bought"], arms={"a": 0.5, "b": 0.5})
