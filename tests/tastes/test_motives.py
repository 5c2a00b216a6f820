"""Indices are their formula, planted traits are found, and noise is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.errors import ColumnsError, DataError, EngineError, RowsLeftOutWarning, SpecError
from layerwise.knowledge import items as parts_of
from layerwise.tastes import Motives, measure_motives, motive_table

AS_OF = "2024-12-31"
MADE = 300


def world(seed: int = 0, **columns: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return 300 customers and their 9,000 lines; half of the customers love promotions."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, MADE, 30 * MADE)
    days = pd.to_timedelta(rng.integers(0, 360, len(who)), "D")
    orders = pd.DataFrame(
        {
            "customer_id": who,
            "ordered_at": pd.Timestamp("2024-01-05") + days,
            "amount": 1.0,
            "promoted": rng.uniform(size=len(who)) < np.where(who < MADE // 2, 0.7, 0.2),
            "luck": rng.uniform(size=len(who)) < 0.4,
        }
    )
    return pd.DataFrame({"customer_id": range(MADE)}), orders.assign(**columns)


def measure(**choices: object) -> Motives:
    people, orders = world()
    given = {"as_of": AS_OF, "promoted": "promoted"} | choices
    return measure_motives(given.pop("people", people), given.pop("orders", orders), **given)


def test_a_trait_is_found_and_noise_is_refused() -> None:
    """Promotions are reliable, and high are those who love them; luck is nobody's trait."""
    found = measure()
    assert found.reliability.loc[0, "verdict"] == "measured"
    high = found.customers[found.customers["price_motive"] == "high"]["customer_id"]
    assert len(high) == pytest.approx(MADE / 5, abs=2)
    assert (high < MADE // 2).all()
    luck = measure(promoted="luck")
    assert luck.reliability.loc[0, "reliability"] < 0.5
    assert luck.customers["price_index"].isna().all()
    assert (luck.customers["price_motive"] == "not_evaluable").all()


def test_index_and_reliability_are_their_formulas() -> None:
    """(s + 5 p0) / (n + 5) - p0 by customer; 2r / (1 + r) of the two halves."""
    people, orders = world()
    found = measure_motives(people, orders, as_of=AS_OF, promoted="promoted")
    p0 = orders["promoted"].mean()

    def index(part: pd.DataFrame) -> pd.Series:
        by = part.groupby("customer_id")["promoted"]
        return (by.sum() + 5 * p0) / (by.size() + 5) - p0

    expected = index(orders).reindex(people["customer_id"]).to_numpy()
    assert found.customers["price_index"].to_numpy() == pytest.approx(expected)
    visit = orders.groupby("customer_id")["ordered_at"].rank(method="dense").astype(int)
    r = index(orders[visit % 2 == 1]).corr(index(orders[visit % 2 == 0]))
    row = found.reliability.loc[0]
    assert row["split_half"] == pytest.approx(r)
    assert row["reliability"] == pytest.approx(2 * r / (1 + r))
    assert row["base_share"] == pytest.approx(p0)


def hand(**columns: object) -> pd.DataFrame:
    usual = {"customer_id": [1, 1, 2], "amount": 1.0, "ordered_at": ["2024-05-06"] * 3}
    return pd.DataFrame(usual | columns)


def shares(orders: pd.DataFrame, **choices: object) -> dict[str, float]:
    people = pd.DataFrame({"customer_id": orders["customer_id"].unique()})
    found = measure_motives(people, orders, as_of=AS_OF, **choices).reliability
    return dict(zip(found["index"], found["base_share"], strict=True))


def test_top_sellers_by_hand() -> None:
    """Of ten items the one that two customers bought; two with a tie are more than a tenth."""
    sold = [(1, "hit"), (2, "hit"), *((3, f"item {i}") for i in range(9))]
    orders = hand(
        customer_id=[who for who, _ in sold],
        item=[item for _, item in sold],
        amount=[1.0] * 11,
        ordered_at=["2024-05-06"] * 11,
    )
    assert shares(orders, item="item") == {"conformity": pytest.approx(2 / 11)}
    again = pd.concat([orders, orders[orders["customer_id"] == 1].assign(item="item 0")])
    assert shares(again, item="item") == {"conformity": 0}
    weeks = pd.concat([orders, orders.assign(ordered_at="2024-05-13", item="other")])
    assert shares(weeks, item="item") == {"conformity": pytest.approx(2 / 22)}


def test_novelty_by_hand() -> None:
    """Sixty days after the launch is new, sixty-one is not; without a launch nothing is known."""
    orders = hand(ordered_at=["2024-05-01", "2024-05-02", "2024-05-02"], item=["a", "a", "b"])
    found = shares(orders, item="item", launches={"a": "2024-03-02"})
    assert found["novelty"] == 0.5
    dates = ["2024-01-01", "2024-03-02", "2024-03-02"]
    first = shares(hand(ordered_at=dates, item=["a", "a", "b"]), item="item", launches="first_sale")
    assert first["novelty"] == 0.5


def test_tags_by_hand() -> None:
    """Gifts are social and emotional, festival goods emotional; what has no tag counts as none."""
    orders = hand(category=["roses", "lantern", "milk"])
    tags = {"roses": "gift", "lantern": "festival", "oil": "staple"}
    assert shares(orders, tags=tags) == {
        "social": pytest.approx(1 / 3),
        "emotional": pytest.approx(2 / 3),
    }
    both = shares(orders, tags={"milk": "staple; learning"})
    assert both == {"functional": pytest.approx(1 / 3), "knowledge": pytest.approx(1 / 3)}


@given(st.integers(0, 999))
def test_order_of_rows_is_nothing(seed: int) -> None:
    """Shuffled lines give the same customers."""
    people, orders = world()
    few = orders[orders["customer_id"] < 40]
    few = few.assign(item=few["customer_id"] % 7)
    choices = {"as_of": AS_OF, "promoted": "promoted", "item": "item"}
    some = people[people["customer_id"] < 40]
    expected = measure_motives(some, few, **choices)
    found = measure_motives(some, few.sample(frac=1, random_state=seed), **choices)
    pd.testing.assert_frame_equal(found.customers, expected.customers)


def test_who_has_few_items_is_not_judged() -> None:
    """Fewer than five items: an index, but no percentile and no label."""
    people, orders = world()
    orders = orders[(orders["customer_id"] != 7) | (orders.groupby("customer_id").cumcount() < 4)]
    found = measure_motives(people, orders, as_of=AS_OF, promoted="promoted").customers
    row = found[found["customer_id"] == 7].iloc[0]
    assert not np.isnan(row["price_index"])
    assert np.isnan(row["price_percentile"])
    assert row["price_motive"] == "not_evaluable"


def test_real_data_and_the_next_coupon() -> None:
    """Complete Journey to September: the price motive is measured and foretells coupon use."""
    orders = lw.datasets.load_complete_journey(products=False)
    people = orders[["customer_id"]].drop_duplicates()
    before = orders[orders["ordered_at"] < "2017-10-01"]
    found = measure_motives(people, before, as_of="2017-09-30", promoted="retail_disc")
    assert found.reliability.loc[0, "reliability"] > 0.7
    after = orders[orders["ordered_at"] >= "2017-10-01"]
    coupon = (after["coupon_disc"] > 0).groupby(after["customer_id"]).any()
    motive = found.customers.set_index("customer_id")["price_motive"].astype(str)
    rate = coupon.groupby(motive.reindex(coupon.index)).mean()
    assert rate["high"] > rate["usual"] + 0.05


def test_polars_gives_polars() -> None:
    """The same numbers and labels, the input unchanged."""
    people, orders = world()
    expected = measure_motives(people, orders, as_of=AS_OF, promoted="promoted").customers
    frame = pl.from_pandas(people)
    found = measure_motives(frame, pl.from_pandas(orders), as_of=AS_OF, promoted="promoted")
    assert isinstance(found.customers, pl.DataFrame)
    assert frame.columns == ["customer_id"]
    assert found.customers["price_motive"].to_list() == expected["price_motive"].tolist()


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        ({"promoted": None}, SpecError),
        ({"launches": "first_sale"}, SpecError),
        ({"item": "luck"}, ColumnsError),
        ({"promoted": "none"}, ColumnsError),
        ({"tags": {"a": "present"}}, SpecError),
        ({"tags": {}}, SpecError),
        ({"tags": {"a": "gift"}, "tagged": "none"}, ColumnsError),
        ({"high_from": 2}, SpecError),
        ({"min_items": 0}, SpecError),
        ({"shrink": -1}, SpecError),
        ({"orders": world()[1].assign(promoted="yes")}, ColumnsError),
        ({"orders": world()[1].assign(amount=-1.0)}, DataError),
        ({"orders": world()[1][:0]}, DataError),
        ({"as_of": "2030-01-01"}, DataError),
        (
            {"orders": world()[1].assign(item="a"), "item": "item", "launches": {"b": "x"}},
            SpecError,
        ),
        (
            {
                "orders": world()[1].assign(item="a"),
                "item": "item",
                "launches": {"b": "2024-01-01"},
            },
            DataError,
        ),
        ({"people": pl.from_pandas(world()[0]).lazy()}, EngineError),
        ({"people": pd.concat([world()[0]] * 2)}, DataError),
    ],
)
def test_what_is_refused(choices: dict[str, object], kind: type[Exception]) -> None:
    """Each impossible choice or table has a clear error."""
    with pytest.raises(kind):
        measure(**choices)


def test_strangers_are_told() -> None:
    """Lines of others than these customers are counted."""
    with pytest.warns(RowsLeftOutWarning, match="customer table does not have"):
        measure(people=pd.DataFrame({"customer_id": range(200)}))


def test_the_table_knows_strategies_and_chinese() -> None:
    """Each strategy id exists, each motive has Chinese texts, each index one motive."""
    table = motive_table()
    known = set(lw.StrategyTable.default().to_frame()["id"])
    named = {part for cell in table["strategies"] for part in parts_of(cell)}
    assert named <= known
    assert (table[["term_zh", "tactic_zh", "kind_zh"]] != "").all().all()
    measured = table.loc[table["measured_as"] != "", "measured_as"]
    assert sorted(measured) == sorted(
        ["conformity", "emotional", "functional", "knowledge", "novelty", "price", "social"]
    )
