"""Causes ranked: planted ones are recovered, refusals have reasons, hostile tables are refused."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from layerwise.churn import Causes, cause_table, rank_causes
from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError, TableError
from tests.churn.shop import TRUE, WINDOW, shop


def rank(customers: Any, **choices: Any) -> Causes:
    usual: dict[str, Any] = {"outcome": "left", "exposures": list(TRUE), "strata": "tier"}
    return rank_causes(customers, **(usual | WINDOW | choices))


def by_name(found: Causes) -> pd.DataFrame:
    return found.table.set_index("exposure")


def test_strata_take_the_bias_away() -> None:
    """Crude ratios are far off, adjusted ones hold the planted risk."""
    table = by_name(rank(shop(100_000)))
    for name, truth in TRUE.items():
        row = table.loc[name]
        assert row["rr_low"] < truth < row["rr_high"]
        assert row["crude_low"] > truth * 1.2
    assert table["effect"].to_dict() == {
        "delivery_late": "risk",
        "price_high": "unclear",
        "loyalty_weak": "protective",
    }


def test_intervals_cover_the_planted_truth() -> None:
    """Over 100 seeded shops the 95 % intervals of ratio and fraction hold the truth in about 95 %.

    The true fraction is the planted risk among the leavers of a very large shop.
    """
    truth, large = np.array([TRUE[name] for name in sorted(TRUE)]), shop(1_000_000, seed=99)
    fractions = large.loc[large["left"], sorted(TRUE)].mean().to_numpy() * (1 - 1 / truth)
    covered = np.zeros((100, 2, 3))
    for seed in range(100):
        table = by_name(rank(shop(4_000, seed))).sort_index()
        covered[seed, 0] = (table["rr_low"] < truth) & (truth < table["rr_high"])
        covered[seed, 1] = (table["paf_low"] < fractions) & (fractions < table["paf_high"])
    assert (abs(covered.mean(0) - 0.95) <= 0.05).all(), covered.mean(0)
    assert (abs(covered.mean((0, 2)) - 0.95) <= 0.025).all()


def test_fractions_rank_and_protection_is_negative() -> None:
    """The largest share comes first; what protects has a negative one; the sum means nothing."""
    found = rank(shop())
    assert found.table["paf"].is_monotonic_decreasing
    assert by_name(found).loc["loyalty_weak", "paf_high"] < 0
    assert "do not add up" in str(found)


def test_without_strata_crude_and_adjusted_are_one() -> None:
    """One stratum: the same ratio and the same interval."""
    table = rank(shop(), strata=()).table
    crude = table[["crude_rr", "crude_low", "crude_high"]].to_numpy()
    assert np.allclose(crude, table[["relative_risk", "rr_low", "rr_high"]].to_numpy())


def test_order_of_rows_columns_and_engine_change_nothing() -> None:
    """Shuffled rows, other order of exposures and Polars give the same table."""
    expected, table = rank(shop()).table, shop()
    for other, names in [
        (table.sample(frac=1, random_state=1), list(TRUE)),
        (table, list(TRUE)[::-1]),
        (pl.from_pandas(table), list(TRUE)),
    ]:
        pd.testing.assert_frame_equal(rank(other, exposures=names).table, expected)


def test_unknown_exposures_are_counted_by_cause() -> None:
    """A customer of unknown exposure is missing from that cause only."""
    table = shop().astype({"price_high": "float"})
    table.loc[:99, "price_high"] = np.nan
    found = by_name(rank(table))
    assert found["missing"].to_dict() == {"delivery_late": 0, "price_high": 100, "loyalty_weak": 0}
    assert found.loc["price_high", "customers"] == 19_900


def flags(n: int, leavers: int, size: int = 400) -> np.ndarray:
    """Return who is exposed: n customers, the first `leavers` of them leavers (the first 200)."""
    exposed = np.zeros(size, bool)
    exposed[:leavers] = exposed[200 : 200 + n - leavers] = True
    return exposed


@pytest.mark.parametrize(
    ("exposed", "reason"),
    [
        (np.ones(400, bool), "everybody is exposed"),
        (flags(19, 9), "19 customers exposed, fewer than 20"),
        (flags(30, 4), "4 exposed leavers, fewer than 5"),
        (~flags(19, 9), "19 customers not exposed, fewer than 20"),
        (~flags(30, 4), "4 leavers not exposed, fewer than 5"),
        (np.full(400, np.nan), "0 customers exposed"),
    ],
)
def test_too_little_to_judge(exposed: np.ndarray, reason: str) -> None:
    """What cannot be judged is a row that says why, with no number."""
    table = pd.DataFrame({"late": exposed, "left": np.arange(400) < 200})
    row = rank(table, exposures=["late"], strata=()).table.iloc[0]
    assert row["effect"] == "not_evaluable"
    assert reason in row["reason"]
    assert row[["relative_risk", "paf", "e_value", "q"]].isna().all()


def test_strata_may_leave_nothing_to_compare() -> None:
    """Where a tier is exposed as a whole, tier and exposure cannot be told apart."""
    table = shop().assign(late=lambda t: t["tier"] == "plain")
    row = rank(table, exposures=["late"]).table.iloc[0]
    assert "no strata hold" in row["reason"]


def test_some_strata_may_not_compare() -> None:
    """Customers in such strata are told."""
    table = shop().assign(late=lambda t: t["delivery_late"] & (t["tier"] != "gold"))
    row = rank(table, exposures=["late"]).table.iloc[0]
    gold = int((table["tier"] == "gold").sum())
    assert f"{gold:,} customers are in strata that cannot compare" in row["note"]


def test_what_strikes_the_brand_is_refused() -> None:
    """Level = brand points to surveys and series; an edited table lifts it."""
    table = shop().rename(columns={"delivery_late": "price_static"})
    row = rank(table, exposures=["price_static"]).table.iloc[0]
    assert row["effect"] == "not_evaluable"
    assert "survey" in row["reason"]
    own = cause_table().replace({"level": {"brand": "user"}})
    assert rank(table, exposures=["price_static"], table=own).table["effect"][0] == "risk"


def test_effects_must_not_precede_causes() -> None:
    """Exposures of the outcome window are refused, as a whole, by cause or by customer."""
    with pytest.raises(SpecError, match="outcome window"):
        rank(shop(), exposure_end="2024-06-01")
    ends = dict.fromkeys(TRUE, "2024-05-31") | {"price_high": "2024-06-01"}
    refused = by_name(rank(shop(), exposure_end=ends))["effect"] == "not_evaluable"
    assert refused.to_dict() == {"delivery_late": False, "price_high": True, "loyalty_weak": False}


@pytest.mark.parametrize(
    ("day", "reason"),
    [("2024-05-31", ""), ("2024-06-01", "1 exposures are dated"), (None, "have no date")],
)
def test_exposures_may_be_dated_by_customer(day: str | None, reason: str) -> None:
    """One exposure on the first day of the outcome window is enough to refuse."""
    table = shop().assign(at=pd.Timestamp("2024-05-01"))
    late = table.index[table["delivery_late"]]
    table.loc[late[0], "at"] = pd.Timestamp(day) if day else pd.NaT
    table.loc[table.index[~table["delivery_late"]], "at"] = pd.Timestamp("2024-07-01")
    found = rank(table, exposures=["delivery_late"], exposure_dates={"delivery_late": "at"})
    assert reason in found.table["reason"][0]
    assert (found.table["reason"][0] == "") == (not reason)


def test_columns_stand_for_causes() -> None:
    """A mapping names the cause; another column stands for itself and has no remedies."""
    table = shop().rename(columns={"delivery_late": "late"})
    found = by_name(rank(table, exposures={"late": "delivery_late", "price_high": "price_high"}))
    assert found.loc["late", "cause_id"] == "delivery_late"
    assert found.loc["late", "term_zh"] == "配送不准时"
    own = by_name(rank(table, exposures=["late"])).loc["late"]
    assert (own["cause_id"], own["remedies"], own["cause"]) == ("", "", "late")


def test_differing_strata_are_told() -> None:
    """A risk that lives in one tier only is noted."""
    table, rng = shop(), np.random.default_rng(1)
    gold = (table["tier"] == "gold") & table["delivery_late"]
    table["left"] = table["left"] | (gold & (rng.random(len(table)) < 0.4))
    row = rank(table, exposures=["delivery_late"]).table.iloc[0]
    assert row["homogeneity_p"] < 0.001
    assert "differs by stratum, from 1." in row["note"]


@pytest.mark.parametrize(
    ("change", "choices", "error", "match"),
    [
        ({"left": 0}, {}, DataError, "same outcome"),
        ({"customer_id": 5}, {}, DataError, "one row a customer"),
        ({}, {"strata": 3}, SpecError, "strata must"),
        ({}, {"exposure_dates": "late"}, SpecError, "exposure_dates must"),
        ({"price_high": 3}, {}, DataError, "price_high: 20,000"),
        ({"price_high": "yes"}, {}, ColumnsError, "price_high"),
        ({"price_high": np.inf}, {}, DataError, "infinite"),
        ({}, {"exposures": ["no", "none"]}, ColumnsError, "none"),
        ({}, {"exposures": "price_high"}, SpecError, "exposures must"),
        ({}, {"exposures": ["price_high", "price_high"]}, SpecError, "exposures must"),
        ({}, {"exposures": {"price_high": "nothing"}}, SpecError, "no cause nothing"),
        ({}, {"strata": ["left"]}, SpecError, "different columns"),
        ({}, {"strata": ["customer_id"]}, DataError, "distinct"),
        ({}, {"exposure_end": None}, SpecError, "delivery_late, loyalty_weak, price_high"),
        ({}, {"exposure_end": "soon"}, SpecError, "exposure_end"),
        ({}, {"exposure_dates": {"tier": "left"}}, SpecError, "no exposures: tier"),
        ({}, {"draws": 0}, SpecError, "draws"),
        ({}, {"seed": -1}, SpecError, "seed"),
        ({}, {"level": 2}, SpecError, "level"),
        ({}, {"table": "nowhere.csv"}, TableError, "cannot be read"),
    ],
)
def test_refused(change: Any, choices: Any, error: type[Exception], match: str) -> None:
    """What cannot be answered is an error that names it."""
    with pytest.raises(error, match=match):
        rank(shop().assign(**change), **choices)


def test_unknown_outcomes_are_left_out_aloud() -> None:
    """The notice counts them and points here."""
    table = shop().astype({"left": "float"})
    table.loc[:4, "left"] = np.nan
    with pytest.warns(RowsLeftOutWarning, match="5 of 20,000") as told:
        assert rank(table).left_out == 5
    assert told[0].filename == __file__


def test_the_input_stays() -> None:
    """The customer table is not changed, and the result's frame is a copy."""
    table = shop()
    found = rank(table)
    pd.testing.assert_frame_equal(table, shop())
    copy = found.to_frame()
    copy["paf"] = 0
    assert (found.table["paf"] != 0).all()
