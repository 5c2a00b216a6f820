"""Actual and expected orders over time, against published figures, lifetimes and by hand."""

import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from layerwise import datasets, summarize
from layerwise.columns import TRACKING_MEANING
from layerwise.errors import DataError, EngineError, SpecError
from layerwise.models import BGBB, BGNBD, MBGCNBD, MBGNBD, ParetoNBD
from layerwise.models._lifetimes import undisturbed
from layerwise.tracking import history, tracking

MODELS = [BGNBD, MBGNBD, ParetoNBD, partial(MBGCNBD, k=2)]
CDNOW: dict[str, Any] = {"end": "1998-06-30", "amount": None}


def model(**choices: Any) -> Any:
    return BGNBD(**choices).with_parameters(r=0.243, alpha=30.9, a=0.793, b=2.426)


@cache
def customers() -> pd.DataFrame:
    """CDNOW after 39 weeks, with what MBG/CNBD-k reads of the gaps."""
    orders = datasets.load_cdnow()
    past = orders[orders["ordered_at"] <= "1997-09-30"]
    return summarize(past, as_of="1997-09-30", amount=None, gaps=True)


def log() -> pd.DataFrame:
    """Three customers; the first order of all is on 2024-01-01."""
    days = ["01-01", "01-09", "01-03", "01-03", "01-14", "01-10", "01-21"]
    return pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "b", "c", "c"],
            "ordered_at": [f"2024-{day}" for day in days],
            "amount": 5.0,
        }
    )


@pytest.mark.parametrize(
    ("spec", "total"), [(BGNBD, 4165.7), (ParetoNBD, 4275.4), (MBGNBD, 4054.6)]
)
def test_cdnow_after_78_weeks(spec: Callable[..., Any], total: float) -> None:
    """Fitted on 39 weeks, the models come to the published totals; 4,339 orders came."""
    fitted = spec(unit="week").fit(datasets.load_cdnow_summary())
    table = tracking(fitted, datasets.load_cdnow(), **CDNOW)
    assert (len(table), table["cumulative_actual"].iloc[-1]) == (78, 4339)
    assert table["cumulative_expected"].iloc[-1] == pytest.approx(total, abs=0.05)


def test_every_day_as_lifetimes() -> None:
    """Day by day on all of CDNOW, actual and expected are those of lifetimes."""
    with undisturbed():
        from lifetimes import BetaGeoFitter
        from lifetimes.utils import expected_cumulative_transactions
    ours, theirs = model(), BetaGeoFitter()
    theirs.params_ = pd.Series(ours.parameters)
    orders = datasets.load_cdnow()
    found = tracking(ours, orders, period_days=1, **CDNOW)
    with warnings.catch_warnings(action="ignore"):  # lifetimes on old pandas
        expected = expected_cumulative_transactions(
            theirs, orders, "ordered_at", "customer_id", 546
        )
    assert found["cumulative_actual"].tolist() == expected["actual"].tolist()
    assert np.allclose(found["cumulative_expected"], expected["predicted"], rtol=1e-9)


def test_by_hand() -> None:
    """Three customers in three weeks, counted on fingers; a week cut short is left out."""
    table = tracking(model(), log(), end="2024-01-25")
    new = model().expected_orders_new
    assert table["period_end"].dt.day.tolist() == [7, 14, 21]
    assert table["actual"].tolist() == [0, 2, 1]
    assert table["cumulative_actual"].tolist() == [0, 2, 3]
    sums = [new(7) + new(5), new(14) + new(12) + new(5), new(21) + new(19) + new(12)]
    assert table["cumulative_expected"].tolist() == pytest.approx(sums, rel=1e-12)


def test_columns_are_those_described() -> None:
    """The table has the columns of TRACKING_MEANING, and periods add up to the totals."""
    table = tracking(model(), log(), end="2024-01-21")
    assert list(table) == list(TRACKING_MEANING)
    assert table["actual"].cumsum().tolist() == table["cumulative_actual"].tolist()
    assert np.allclose(table["expected"].cumsum(), table["cumulative_expected"])


def test_split_follows_the_calibration_customers() -> None:
    """With a split, who came after that day is neither counted nor expected."""
    table = tracking(model(), log(), end="2024-01-21", split="2024-01-03")
    two = tracking(model(), log()[:5], end="2024-01-21")
    assert table["cumulative_actual"].tolist() == [0, 2, 2]
    pd.testing.assert_frame_equal(table, two)


@pytest.mark.parametrize("spec", MODELS)
def test_expected_is_expected_orders_new(spec: Callable[..., Any]) -> None:
    """One customer is expected to order what the model says of a new one."""
    fitted = spec().fit(customers())
    table = tracking(fitted, log()[:1], end="2024-01-21")
    each = [fitted.expected_orders_new(days) for days in (7, 14, 21)]
    assert table["cumulative_expected"].tolist() == pytest.approx(each, rel=1e-9)


def test_thirty_years_of_days() -> None:
    """More horizons than a model takes at once are the same as one by one."""
    fitted = MBGCNBD(k=2).with_parameters(r=0.5, alpha=900.0, a=0.8, b=2.0)
    table = tracking(fitted, log()[:1], end="2054-01-01", period_days=1)
    for days in (1, 5000, len(table)):
        found = table["cumulative_expected"].iloc[days - 1]
        assert found == pytest.approx(fitted.expected_orders_new(days), rel=1e-9)


@pytest.mark.parametrize("spec", MODELS)
def test_unit_of_parameters_does_not_matter(spec: Callable[..., Any]) -> None:
    """A model in weeks and the same in days track alike."""
    days, weeks = (
        tracking(spec(unit=unit).fit(customers()), log(), end="2024-01-21")["expected"]
        for unit in ("day", "week")
    )
    assert np.allclose(days, weeks, rtol=1e-6)


def test_rows_engine_and_grain_do_not_matter() -> None:
    """Row order, Polars and hours as grain give the same table; the log is not changed."""
    orders = log()
    before = orders.copy()
    table = tracking(model(), orders, end="2024-01-21")
    for other in (orders[::-1], pl.from_pandas(orders)):
        pd.testing.assert_frame_equal(tracking(model(), other, end="2024-01-21"), table)
    times = orders.assign(ordered_at=pd.to_datetime(orders["ordered_at"]))
    hours = tracking(model(), times, end="2024-01-21", grain="hour")
    pd.testing.assert_frame_equal(hours, table)
    pd.testing.assert_frame_equal(orders, before)


def test_weeks_as_grain_start_on_monday() -> None:
    """By weeks, occasions are Mondays: a and b came on 2024-01-01, c on 2024-01-08."""
    table = tracking(model(), log(), end="2024-01-21", grain="week")
    new = model().expected_orders_new
    assert table["cumulative_actual"].tolist() == [0, 2, 3]
    assert table["cumulative_expected"].iloc[1] == pytest.approx(2 * new(14) + new(7))


def test_what_tracking_refuses() -> None:
    """No whole period, nobody before the split, odd lengths, other models, lazy logs."""
    with pytest.raises(DataError, match="no whole period of 7 days"):
        tracking(model(), log(), end="2024-01-05")
    with pytest.raises(DataError, match="up to the split"):
        tracking(model(), log(), end="2024-01-21", split="2023-12-31")
    for days in (0, 1.5, True):
        with pytest.raises(SpecError, match="period_days"):
            tracking(model(), log(), end="2024-01-21", period_days=days)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="counts in days"):
        tracking(BGBB(), log(), end="2024-01-21")
    with pytest.raises(EngineError):
        tracking(model(), pl.from_pandas(log()).lazy(), end="2024-01-21")


def test_history_is_the_summary_of_each_day() -> None:
    """What the history says of a day is what summarize and the model say as of that day."""
    fitted = model(horizon_days=30)
    table = history(fitted, log(), customer_id="b", as_of="2024-01-20").set_index("date")
    for date in ["2024-01-03", "2024-01-13", "2024-01-14", "2024-01-20"]:
        orders = log()[lambda rows: rows["customer_id"] == "b"]
        past = orders[orders["ordered_at"] <= date]
        labelled = fitted.transform(summarize(past, as_of=date)).iloc[0]
        for name in ["repeat_orders", "first_to_last_days", "age_days"]:
            assert table.loc[date, name] == labelled[name]
        for name in ["p_alive", "p_no_purchase_30d"]:
            assert table.loc[date, name] == pytest.approx(labelled[name], rel=1e-12)
    assert table["orders"].sum() == 2


def test_history_in_polars_and_with_another_horizon() -> None:
    """A Polars log gives the same numbers; the horizon stands in the name of the column."""
    choices: dict[str, Any] = {"customer_id": "a", "as_of": "2024-01-12", "horizon_days": 14}
    ours = history(model(), log(), **choices)
    pd.testing.assert_frame_equal(history(model(), pl.from_pandas(log()), **choices), ours)
    assert list(ours)[-1] == "p_no_purchase_14d"


def test_what_history_refuses() -> None:
    """Unknown customers (without naming them), other grains, a day before the first order."""
    with pytest.raises(DataError, match="no order of this customer") as caught:
        history(model(), log(), customer_id="secret", as_of="2024-01-12")
    assert "secret" not in str(caught.value)
    with pytest.raises(DataError, match="after the last day"):
        history(model(), log(), customer_id="c", as_of="2024-01-08")
    with pytest.raises(SpecError, match="grain"):
        history(model(), log(), customer_id="a", as_of="2024-01-12", grain="week")
