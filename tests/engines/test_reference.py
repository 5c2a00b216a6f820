"""What pandas gives on the golden log, held to lifetimes and to plain pandas.

The conformance suite holds every engine to pandas; here pandas is held to others.
"""

import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise.evaluate import measure_migration
from layerwise.privacy import publish
from tests.engines.features import DATES, labelled_snapshots, quietly, saved
from tests.engines.golden import AS_OF, customers, golden

lifetimes = pytest.importorskip("lifetimes")


def clean() -> pd.DataFrame:
    """Return the rows of the golden log that lifetimes can read: no refunds, nothing missing."""
    log = golden().dropna()
    return log[(log["amount"] > 0) & (log["ordered_at"] < "2025-07-01")].reset_index(drop=True)


@pytest.mark.parametrize(("grain", "freq", "days"), [("day", "D", 1), ("week", "W", 7)])
def test_histories_are_those_of_lifetimes(grain: str, freq: str, days: int) -> None:
    """Frequency, recency and T are equal, and repeat spend to the last cent."""
    log = clean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifetimes on pandas 3
        theirs = lifetimes.utils.summary_data_from_transaction_data(
            log, "customer_id", "ordered_at", "amount", observation_period_end=AS_OF, freq=freq
        )
    found, _ = quietly(lw.summarize, log, as_of=AS_OF, grain=grain)
    mine = found.set_index("customer_id").loc[theirs.index]
    columns = {"repeat_orders": 1, "first_to_last_days": days, "age_days": days}
    for (name, unit), other in zip(columns.items(), ("frequency", "recency", "T"), strict=True):
        assert (mine[name] == theirs[other] * unit).all(), name
    spend = mine["spend_repeat_mean"].fillna(0.0)
    np.testing.assert_allclose(spend, theirs["monetary_value"], rtol=1e-12)


def test_totals_are_sums_of_cents() -> None:
    """Refunds and missing amounts apart, a customer's spend is what pandas adds up."""
    log = clean()
    found, _ = quietly(lw.summarize, log, as_of=AS_OF)
    cents = (log["amount"] * 100).round().astype("int64").groupby(log["customer_id"]).sum()
    assert found.set_index("customer_id")["spend_total"].to_dict() == (cents / 100).to_dict()


def test_probabilities_are_those_of_lifetimes() -> None:
    """P(alive) and expected orders of the saved fit, by the formulas of lifetimes."""
    fitted = lw.loads(saved("bgnbd"))
    table = customers()
    model = lifetimes.BetaGeoFitter()
    model.params_ = pd.Series({n: getattr(fitted, n) for n in ("r", "alpha", "a", "b")})
    x, t_x, t = (table[n] for n in ("repeat_orders", "first_to_last_days", "age_days"))
    found = fitted.transform(table)
    alive = np.asarray(model.conditional_probability_alive(x, t_x, t)).ravel()
    np.testing.assert_allclose(found["p_alive"], alive, rtol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        orders = model.conditional_expected_number_of_purchases_up_to_time(90, x, t_x, t)
    there = np.isfinite(orders)  # its 2F1 overflows for those with most orders
    assert there.mean() > 0.9
    np.testing.assert_allclose(found["expected_orders_90d"][there], orders[there], rtol=1e-6)


def test_moves_are_those_of_a_crosstab() -> None:
    """Every cell of both pairs of dates, who entered and who left included."""
    table = labelled_snapshots()[0].copy()
    table["when"] = table["as_of"].dt.strftime("%Y-%m-%d")
    moved = measure_migration(table, label="value")
    for period, (first, second) in enumerate(pairwise(DATES)):
        before, after = (
            table[table["when"] == date].set_index("customer_id")["value"]
            for date in (first, second)
        )
        pair = before.to_frame("before").join(after.rename("after"), how="outer")
        sizes = pair.fillna({"before": "entered", "after": "left"}).groupby(["before", "after"])
        mine = moved.matrix(period, value="customers")
        assert mine.sum().sum() == len(pair)
        assert all(mine.loc[cell] == n for cell, n in sizes.size().items())


def test_published_cells_are_groups() -> None:
    """What is shown is the size of the group, and what hides has reason to."""
    table = lw.loads(saved("layers")).transform(customers())[["customer_id", "region", "value"]]
    table = table.astype({"value": str})
    found = publish(table, [["region", "value"]], k=8)
    sizes = table.groupby(["region", "value"]).size()
    cells = found.tables["region", "value"]
    shown = cells.dropna(subset=["customers"]).set_index(["region", "value"])["customers"]
    assert len(shown)
    assert (shown == sizes.loc[shown.index]).all()
    assert shown.min() >= 8
