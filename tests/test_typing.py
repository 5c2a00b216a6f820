"""What type checkers are told: the kind of frame that goes in comes out. mypy reads this file."""

from typing import assert_type

import pandas as pd
import polars as pl

import layerwise as lw
from layerwise.layers import FittedLayers

CUSTOMERS = pd.DataFrame({"customer_id": [1, 2, 3, 4, 5], "spend_365d": [1.0, 2.0, 3.0, 4.0, 5.0]})


def test_the_kind_of_frame_stays() -> None:
    """The pandas, Polars and lazy frames come back as what they were, for mypy and for Python."""
    fitted = lw.Layers(value=lw.Value()).fit(CUSTOMERS)
    assert_type(fitted, FittedLayers)
    eager, lazy = pl.from_pandas(CUSTOMERS), pl.from_pandas(CUSTOMERS).lazy()
    assert isinstance(assert_type(fitted.transform(CUSTOMERS), pd.DataFrame), pd.DataFrame)
    assert isinstance(assert_type(fitted.transform(eager), pl.DataFrame), pl.DataFrame)
    assert isinstance(assert_type(fitted.transform(lazy), pl.LazyFrame), pl.LazyFrame)
    assert isinstance(assert_type(fitted.explain(eager), pl.DataFrame), pl.DataFrame)


def test_orders_give_their_own_kind() -> None:
    """Summaries are of the kind of their order log."""
    orders = pl.DataFrame({"customer_id": [1], "ordered_at": ["2024-01-05"], "amount": [9.5]})
    customers = lw.summarize(orders, as_of="2024-01-31")
    assert isinstance(assert_type(customers, pl.DataFrame), pl.DataFrame)
    plan = lw.StrategyTable.default().plan(
        customers.with_columns(tier=pl.lit("new")), cap=1, axes=["tier"]
    )
    assert isinstance(assert_type(plan, pl.DataFrame), pl.DataFrame)
