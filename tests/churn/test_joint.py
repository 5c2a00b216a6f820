"""Several causes at once: equal to statsmodels, right on planted causes, clear when it cannot."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.api as sm

from layerwise.churn import JointCauses, joint_causes, rank_causes
from layerwise.errors import FitError
from tests.churn.shop import TRUE, WINDOW, shop


def joint(customers: Any, **choices: Any) -> JointCauses:
    usual: dict[str, Any] = {"outcome": "left", "exposures": list(TRUE), "strata": "tier"}
    return joint_causes(customers, **(usual | WINDOW | choices))


def by_name(found: JointCauses) -> pd.DataFrame:
    return found.table.set_index("exposure").loc[list(TRUE)]


def test_equal_to_statsmodels() -> None:
    """The GLM of single customers with HC0 errors gives the same ratios and intervals."""
    customers = shop(5_000)
    design = pd.get_dummies(customers["tier"], drop_first=True).join(customers[list(TRUE)])
    glm = sm.GLM(
        customers["left"].astype(float),
        sm.add_constant(design.astype(float)),
        sm.families.Poisson(),
    )
    fit = glm.fit(cov_type="HC0", tol=1e-12)
    expected = np.exp(fit.conf_int().assign(rr=fit.params)).loc[list(TRUE)]
    ours = by_name(joint(customers))[["rr_low", "rr_high", "relative_risk"]]
    assert ours.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-7)
    assert by_name(joint(customers))["p"].to_numpy() == pytest.approx(
        fit.pvalues[list(TRUE)], rel=1e-5
    )


def test_intervals_cover_the_planted_truth() -> None:
    """Over 200 seeded shops each 95 % interval holds the truth in about 95 %."""
    truth, covered = np.array(list(TRUE.values())), np.zeros((200, 3))
    for seed in range(200):
        table = by_name(joint(shop(4_000, seed)))
        covered[seed] = (table["rr_low"] < truth) & (truth < table["rr_high"])
    assert (abs(covered.mean(0) - 0.95) <= 0.04).all(), covered.mean(0)


def entangled(n: int = 40_000) -> pd.DataFrame:
    """Return customers whose late parcels cause calls; only the parcels drive them away."""
    rng = np.random.default_rng(4)
    late = rng.random(n) < 0.3
    slow = rng.random(n) < np.where(late, 0.7, 0.1)
    left = rng.random(n) < 0.1 * np.where(late, 3, 1)
    return pd.DataFrame({"late": late, "slow": slow, "left": left})


def test_a_companion_is_not_blamed() -> None:
    """One at a time the slow answers look guilty; together only the late parcels are."""
    choices: dict[str, Any] = {"outcome": "left", "exposures": ["late", "slow"]} | WINDOW
    alone = rank_causes(entangled(), **choices).table.set_index("exposure")
    both = joint_causes(entangled(), **choices).table.set_index("exposure")
    assert alone.loc["slow", "rr_low"] > 1.5
    assert both.loc["slow", "effect"] == "unclear"
    assert both.loc["late", "rr_low"] < 3 < both.loc["late", "rr_high"]


def test_together_counts_no_leaver_twice() -> None:
    """With independent causes it is one minus the product of what each leaves over.

    What protects has no part in it.
    """
    rng, n = np.random.default_rng(6), 200_000
    a, b, good = rng.random((3, n)) < 0.5
    left = rng.random(n) < 0.1 * np.where(a, 3, 1) * np.where(b, 2, 1) * np.where(good, 0.5, 1)
    table = pd.DataFrame({"a": a, "b": b, "good": good, "left": left})
    found = joint_causes(table, outcome="left", exposures=["a", "b", "good"], **WINDOW)
    assert found.together == pytest.approx(1 - 0.1 / (0.1 * 2 * 1.5), abs=0.02)
    assert found.table["paf"][:2].sum() > found.together + 0.1
    assert "would together explain" in str(found)


def test_collinear_exposures_are_named() -> None:
    """Equal columns, sums of others and what follows from the strata, all at once."""
    customers = shop().assign(
        late=lambda t: t["delivery_late"], plain=lambda t: t["tier"] == "plain"
    )
    with pytest.raises(FitError, match="late follows from delivery_late"):
        joint(customers, exposures=["delivery_late", "late"])
    mixed = customers.assign(tier=customers["tier"].where(customers["tier"] != "plain", "silver"))
    mixed["other"] = ~mixed["plain"]
    with pytest.raises(FitError, match="plain follows from other"):
        joint(mixed, exposures=["plain", "other"], strata=())


def test_what_cannot_be_judged_stays_out() -> None:
    """A refused exposure is a row with a reason; the others are as without it."""
    customers = shop().assign(rare=lambda t: t.index < 7)
    table = joint(customers, exposures=[*TRUE, "rare"]).table.set_index("exposure")
    assert table.loc["rare", "reason"] == "7 customers exposed, fewer than 20"
    assert np.isnan(table.loc["rare", "relative_risk"])
    expected = by_name(joint(customers))["relative_risk"]
    assert table.loc[list(TRUE), "relative_risk"].to_numpy() == pytest.approx(expected)
    with pytest.raises(FitError, match="No exposure can be judged"):
        joint(customers, exposures=["rare"])


def test_unknown_exposures_leave_a_customer_out() -> None:
    """Such customers are counted; a refused exposure costs none."""
    customers = shop().astype({"price_high": "float"}).assign(price_static=np.nan)
    customers.loc[:99, "price_high"] = np.nan
    found = joint(customers, exposures=[*TRUE, "price_static"])
    assert (found.customers, found.left_out) == (19_900, 100)


def test_a_stratum_without_leavers_changes_nothing() -> None:
    """Its risk is 0 whatever the ratios are."""
    more = shop(300, seed=1).assign(customer_id=range(-300, 0), tier="new", left=False)
    expected = by_name(joint(shop()))
    ours = by_name(joint(pd.concat([shop(), more])))
    assert ours["relative_risk"].to_numpy() == pytest.approx(expected["relative_risk"])
    assert ours["rr_high"].to_numpy() == pytest.approx(expected["rr_high"])


def test_order_of_rows_columns_and_engine_change_nothing() -> None:
    """Shuffled rows, other order of exposures and Polars give the same table."""
    expected, customers = joint(shop()).table, shop()
    for other, names in [
        (customers.sample(frac=1, random_state=1), list(TRUE)),
        (customers, list(TRUE)[::-1]),
        (pl.from_pandas(customers), list(TRUE)),
    ]:
        pd.testing.assert_frame_equal(joint(other, exposures=names).table, expected)


def test_many_exposures_fit_into_codes() -> None:
    """Sixty exposures have more combinations than a whole number holds."""
    rng, n = np.random.default_rng(1), 5_000
    columns = {f"x{i:02}": rng.random(n) < 0.3 for i in range(60)}
    table = pd.DataFrame(columns | {"left": rng.random(n) < 0.2 + 0.3 * columns["x07"]})
    found = joint_causes(table, outcome="left", exposures=list(columns), **WINDOW).table
    assert found["exposure"][0] == "x07"
    assert 2 < found["relative_risk"][0] < 3


def test_a_regression_without_solution_is_told() -> None:
    """Nobody left unexposed and nobody had both, so the ratios grow without end."""
    a = np.repeat([0, 1, 0], 300)
    table = pd.DataFrame({"a": a, "b": np.repeat([0, 0, 1], 300), "left": np.arange(900) % 2})
    table.loc[:299, "left"] = 0
    with pytest.raises(FitError, match="no solution"):
        joint_causes(table, outcome="left", exposures=["a", "b"], **WINDOW)
