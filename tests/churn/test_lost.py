"""What a churned customer takes away, laid beside customers who stayed."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise.churn import lost_spend
from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError
from tests.conftest import ENGINES

H = 180


@cache
def paid() -> pd.DataFrame:
    orders = lw.datasets.load_cdnow()
    return orders[orders["amount"] > 0]


@cache
def at_split() -> tuple[pd.DataFrame, Any, Any]:
    both = lw.calibration_holdout(paid(), split="1997-09-30", end="1998-03-29")
    status = lw.ChurnStatus().fit(both).transform(both)
    return status, lw.BGNBD().fit(both), lw.GammaGamma().fit(both)


def loss(**choices: Any) -> Any:
    customers, model, spend = at_split()
    given = {"model": model, "spend": spend, "horizon_days": H}
    return lost_spend(choices.pop("customers", customers), **given | choices)


def stayers() -> pd.DataFrame:
    """Every order of CDNOW that another followed within H days, and the spend of these days."""
    days = paid().groupby(["customer_id", "ordered_at"], as_index=False)["amount"].sum()
    days["repeat_orders"] = days.groupby("customer_id").cumcount()
    pairs = days.merge(days, on="customer_id", suffixes=("", "_next"))
    gap = (pairs["ordered_at_next"] - pairs["ordered_at"]).dt.days
    after = pairs[(gap > 0) & (gap <= H) & (pairs["ordered_at"] <= "1998-01-01")]
    return after.groupby(["customer_id", "repeat_orders"], as_index=False)["amount_next"].sum()


def test_against_matched_stayers() -> None:
    """Spend had they stayed is that of customers of as many orders who did, in sum within a tenth.

    Churned customers of CDNOW on 1997-09-30; the three groups hold 96 % of them.
    """
    customers, model, spend = at_split()
    table = loss()
    expected = model.expected_orders(customers, H) * spend.expected_spend(customers)
    stayed = table["lost_spend_180d"] + expected
    churned = customers["churn"] == "churned"
    model_side = stayed[churned].groupby(customers["repeat_orders"]).agg(["mean", "size"])
    real = stayers().groupby("repeat_orders")["amount_next"].mean()
    first = model_side.index < 3
    ratio = model_side.loc[first, "mean"] / real.reindex(model_side.index)[first]
    assert ratio.between(0.85, 1.05).all()
    weighted = model_side.loc[first, "mean"] @ model_side.loc[first, "size"]
    total = real.reindex(model_side.index)[first] @ model_side.loc[first, "size"]
    assert weighted / total == pytest.approx(1, abs=0.1)


def test_in_a_known_world() -> None:
    """Where the models are true, customers who buy on within H days spend what was foretold."""
    orders = lw.datasets.simulate_orders(20_000, seed=9)
    first = orders.drop_duplicates("customer_id")
    early = first[first["ordered_at"] <= "2023-12-31"]
    pairs = early.merge(orders, on="customer_id", suffixes=("", "_next"))
    gap = (pairs["ordered_at_next"] - pairs["ordered_at"]).dt.total_seconds() / 86_400
    real = pairs[(gap > 0) & (gap <= H)].groupby("customer_id")["amount_next"].sum().mean()
    customers = lw.summarize(orders, as_of="2024-12-30")
    model, spend = lw.BGNBD().fit(customers), lw.GammaGamma().fit(customers)
    once = pd.DataFrame(
        {"repeat_orders": [0], "first_to_last_days": [0], "age_days": [600], "churn": ["churned"]}
    ).assign(spend_repeat_mean=np.nan)
    lost = lost_spend(once, model=model, spend=spend, horizon_days=H)["lost_spend_180d"][0]
    expected = (model.expected_orders(once, H) * spend.expected_spend(once))[0]
    assert lost + expected == pytest.approx(real, rel=0.05)


def test_only_the_churned_take_anything() -> None:
    """All others are missing; longer silence takes more, as less is still expected."""
    customers = at_split()[0]
    found = loss()["lost_spend_180d"]
    assert (found.notna() == (customers["churn"] == "churned")).all()
    later = customers.assign(age_days=customers["age_days"] + 300)
    assert (loss(customers=later)["lost_spend_180d"] >= found - 1e-9)[found.notna()].all()


def test_a_return_curve_may_say_who_comes_back() -> None:
    """Then the loss is spend had they stayed x P(no return)."""
    curve = lw.return_curve(paid(), as_of="1998-06-30")
    customers, model, spend = at_split()
    found = loss(returns=curve)["lost_spend_180d"]
    stayed = loss()["lost_spend_180d"] + model.expected_orders(customers, H) * spend.expected_spend(
        customers
    )
    back = curve.p_return(customers["days_since_last"], horizon_days=H)
    np.testing.assert_allclose(found, stayed * (1 - back))


def test_unknown_losses_are_told() -> None:
    """A churned customer without a spend is missing and counted."""
    gaps = at_split()[0].assign(own=np.where(at_split()[0]["orders"] > 1, 10.0, np.nan))
    with pytest.warns(RowsLeftOutWarning, match=r"1,4\d\d of 1,764 churned"):
        lost_spend(gaps, model=at_split()[1], spend="own", horizon_days=H)


def test_polars_gives_the_same() -> None:
    """A Polars table comes back as one."""
    found = loss(customers=ENGINES["polars"].make(at_split()[0])).to_pandas()
    np.testing.assert_allclose(found["lost_spend_180d"], loss()["lost_spend_180d"])


def test_refused() -> None:
    """No model, no curve, no horizon, no status."""
    with pytest.raises(SpecError, match="fitted purchase model"):
        loss(model=lw.BGNBD())
    with pytest.raises(SpecError, match="ReturnCurve"):
        loss(returns=0.3)
    with pytest.raises(SpecError, match="above 0"):
        loss(horizon_days=0)
    for name in ("age_days", "first_to_last_days"):
        with pytest.raises(ColumnsError, match=name):
            loss(customers=at_split()[0].drop(columns=name))
    with pytest.raises(ColumnsError, match="churn"):
        loss(customers=at_split()[0].drop(columns="churn"))
    with pytest.raises(DataError, match="no churn status in 2,349"):
        loss(customers=at_split()[0].assign(churn="left"))
