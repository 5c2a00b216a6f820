"""Basket columns by hand, on every frame, and what is refused."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.spatial.distance import jensenshannon

from layerwise.baskets import add_baskets, category_shares, share_columns
from layerwise.errors import (
    ColumnsError,
    DataError,
    EngineError,
    LayerwiseError,
    RowsLeftOutWarning,
    SpecError,
)
from layerwise.summary import summarize
from tests.conftest import Engine

CUSTOMERS = pd.DataFrame({"customer_id": [1, 2, 3, 9]}, index=["a", "b", "c", "d"])
DAYS = [4, 4, 31, 60, 8, 39, 40, 62, 63, 336]
ORDERS = pd.DataFrame(
    {
        "customer_id": [1, 1, 1, 1, 2, 2, 2, 3, 3, 1],
        "ordered_at": np.datetime64("2024-01-01", "s") + 86_400 * np.array(DAYS),
        "category": ["tea", "milk", "tea", "cake", "milk", "milk", "rice", "tea", "tea", "milk"],
        "amount": [1.0, 2.0, 3.0, 4.0, 6.0, 1.0, 3.0, 5.0, -5.0, 99.0],
    }
)
TAGS = {"tea": "special:caffeine", "rice": "special:gluten", "cake": "custom", "milk": "staple"}


def add(customers: Any = CUSTOMERS, orders: Any = ORDERS, **choices: Any) -> Any:
    return add_baskets(customers, orders, **{"as_of": "2024-12-01", **choices})


def test_shares_by_hand() -> None:
    """Shares of net spend; nothing after as_of, nothing for refunded or unknown customers."""
    found = add()
    names = ["share_milk", "share_cake", "share_tea", "share_rice", "share_other"]
    assert share_columns(found) == tuple(names)
    assert found.loc["a", names].tolist() == [0.2, 0.4, 0.4, 0.0, 0.0]
    assert found.loc["b", names].tolist() == [0.7, 0.0, 0.0, 0.3, 0.0]
    assert found.loc[["c", "d"], names].isna().all(axis=None)
    assert found["basket_orders"].tolist() == [3, 3, 1, 0]


def test_tags_by_hand() -> None:
    """Special share, kind and days, and days with custom items."""
    found = add(tags=TAGS)
    assert found["special_share"].fillna(-1).tolist() == [0.4, 0.3, -1.0, -1.0]
    assert found["special_kind"].tolist()[:3] == ["caffeine", "gluten", "caffeine"]
    assert found["special_orders"].tolist() == [2, 1, 1, 0]
    assert found["custom_orders"].tolist() == [1, 0, 0, 0]
    assert pd.isna(found["special_kind"].iloc[3])


def test_distance_is_jensen_shannon() -> None:
    """The distance equals that of scipy over all categories, to everybody's shares."""
    everybody = category_shares(ORDERS, as_of="2024-12-01")
    found = add()["basket_distance"]
    own = {"a": {"tea": 0.4, "milk": 0.2, "cake": 0.4}, "b": {"milk": 0.7, "rice": 0.3}}
    for row, shares in own.items():
        p = [shares.get(name, 0.0) for name in everybody]
        wanted = jensenshannon(p, list(everybody.values()), base=2)
        assert found[row] == pytest.approx(wanted, rel=1e-12)


def test_everybody_is_at_no_distance() -> None:
    """A customer with everybody's shares has distance 0, one with nothing in common 1."""
    orders = ORDERS.assign(customer_id=1)
    found = add(pd.DataFrame({"customer_id": [1]}), orders)
    assert found["basket_distance"].tolist() == [0.0]
    frozen = {"sushi": 1.0}
    found = add(pd.DataFrame({"customer_id": [1]}), orders, population=frozen)
    assert found["basket_distance"].tolist() == [1.0]
    assert share_columns(found) == ("share_sushi", "share_other")
    assert found["share_other"].tolist() == [1.0]


@pytest.mark.parametrize("seed", range(3))
def test_random_tables_equal_pandas(seed: int) -> None:
    """Shares and days equal a plain pandas pivot on random lines without refunds."""
    rng = np.random.default_rng(seed)
    orders = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 30, 500),
            "ordered_at": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.integers(0, 90, 500), "D"),
            "category": rng.choice([f"c{i}" for i in range(9)], 500),
            "amount": rng.integers(1, 900, 500) / 100,
        }
    )
    table = orders.pivot_table("amount", "customer_id", "category", "sum", fill_value=0)
    days = orders.drop_duplicates(["customer_id", "ordered_at"]).groupby("customer_id").size()
    found = add(pd.DataFrame({"customer_id": table.index}), orders, top=20)
    wanted = table.div(table.sum(axis=1), axis=0)
    for name in table:
        assert np.allclose(found[f"share_{name}"], wanted[name], 1e-12)
    assert found["basket_orders"].tolist() == days.tolist()


def test_row_order_never_matters() -> None:
    """Shuffled orders give bit-equal columns."""
    rng = np.random.default_rng(1)
    orders = pd.concat([ORDERS] * 20, ignore_index=True)
    orders["amount"] = orders["amount"] * rng.random(len(orders))
    orders["customer_id"] = orders["customer_id"].astype(str)
    customers = pd.DataFrame({"customer_id": ["3", "1", "2"]})
    pd.testing.assert_frame_equal(
        add(customers, orders), add(customers, orders.sample(frac=1, random_state=2))
    )


def test_every_engine(engine: Engine) -> None:
    """Orders may come from any engine, customers from any eager one, with equal results."""
    orders = engine.make(ORDERS)
    wanted = add(tags=TAGS).reset_index(drop=True)
    found = add(CUSTOMERS.reset_index(drop=True), orders, tags=TAGS)
    pd.testing.assert_frame_equal(found, wanted, check_categorical=False)
    customers = engine.make(CUSTOMERS.reset_index(drop=True))
    if engine.lazy:
        with pytest.raises(EngineError, match="collect it first"):
            add(customers, orders)
    else:
        assert engine.pandas(add(customers, orders))["basket_orders"].tolist() == [3, 3, 1, 0]


def test_text_ids_in_polars() -> None:
    """Text ids match across pandas and Polars; Polars in gives Polars out."""
    orders = pl.from_pandas(ORDERS.assign(customer_id=ORDERS["customer_id"].astype(str)))
    customers = pl.DataFrame({"customer_id": ["2", "1", None]})
    found = add(customers, orders, tags=TAGS)
    assert isinstance(found, pl.DataFrame)
    assert found["special_kind"].to_list() == ["gluten", "caffeine", None]


def test_inputs_stay_as_they_are() -> None:
    """Neither table is changed, and the index is kept."""
    customers, orders = CUSTOMERS.copy(), ORDERS.copy()
    assert list(add(customers, orders, tags=TAGS).index) == ["a", "b", "c", "d"]
    pd.testing.assert_frame_equal(customers, CUSTOMERS)
    pd.testing.assert_frame_equal(orders, ORDERS)


def test_window_and_lines() -> None:
    """The window ends at as_of; amount=None counts lines."""
    found = add(window_days=276, amount=None)
    assert found["basket_orders"].tolist() == [1, 0, 2, 0]
    assert found.loc["c", "share_tea"] == 1.0


def test_safe_names() -> None:
    """Share columns are names that formulas can read, and stay apart."""
    names = ["Bio & Öko", "bio-öko", "other", "!?", "牛奶", "2for1"]
    orders = ORDERS.iloc[:6].assign(category=names, amount=[6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    found = share_columns(add(orders=orders))
    slugs = ["bio_öko", "bio_öko_2", "other_2", "unnamed", "牛奶", "2for1", "other"]
    assert found == tuple(f"share_{slug}" for slug in slugs)


def test_items_apart_from_categories() -> None:
    """Tags may speak of another column than the shares."""
    orders = ORDERS.assign(sku=ORDERS["category"], category="food")
    found = add(orders=orders, tags=TAGS, item="sku")
    assert found["special_share"].fillna(-1).tolist() == [0.4, 0.3, -1.0, -1.0]
    assert found["basket_distance"].fillna(-1).tolist() == [0.0, 0.0, -1.0, -1.0]


def test_tag_tables() -> None:
    """Tags may be a table; its item column has the orders' name or is called item."""
    table = pd.DataFrame({"item": list(TAGS), "tag": list(TAGS.values())})
    pd.testing.assert_frame_equal(add(tags=table), add(tags=TAGS))
    same = pl.from_pandas(table.rename(columns={"item": "category"}))
    pd.testing.assert_frame_equal(add(tags=same), add(tags=TAGS))


def test_untagged_lines_are_counted() -> None:
    """Items without a tag and lines without a category are counted in one warning."""
    orders = ORDERS.assign(category=["tea", None, *ORDERS["category"][2:]])
    with pytest.warns(RowsLeftOutWarning) as caught:
        add(orders=orders, tags={"tea": "staple", "cake": "custom"})
    text = str(caught[0].message)
    assert len(caught) == 1
    assert "1 lines without a category" in text
    assert "3 lines of 2 items have no tag" in text


@pytest.mark.parametrize(
    ("choices", "kind", "words"),
    [
        ({"tags": {"tea": "stapel"}}, SpecError, "'stapel' is not a tag; did you mean 'staple'?"),
        ({"tags": {"tea": "Special: tea"}}, SpecError, "did you mean 'special:tea'?"),
        ({"tags": {"tea": "special:"}}, SpecError, "did you mean 'special:<kind>'?"),
        ({"tags": {"tea": 3}}, SpecError, "'3' is not a tag"),
        ({"tags": {}}, SpecError, "empty"),
        ({"tags": {"coffee": "staple"}}, DataError, "None of the 1 tagged items"),
        ({"tags": pd.DataFrame({"a": [1]})}, ColumnsError, "Found: a."),
        (
            {"tags": pd.DataFrame({"item": ["tea"] * 2, "tag": ["staple", "custom"]})},
            SpecError,
            "two",
        ),
        ({"category": "group", "time": "when"}, ColumnsError, r"group   \(category=\)"),
        ({"as_of": "2020-01-01"}, DataError, "No usable order line"),
        ({"as_of": "soon"}, SpecError, "as_of"),
        ({"window_days": 0}, SpecError, "window_days"),
        ({"window_days": 30.5}, SpecError, "window_days"),
        ({"window_days": (30, 60)}, SpecError, "window_days"),
        ({"top": 0}, SpecError, "top"),
        ({"top": "3"}, SpecError, "top"),
        ({"population": [1]}, SpecError, "add to 1"),
        ({"population": {"tea": "all"}}, SpecError, "add to 1"),
        ({"population": {"tea": 0.4}}, SpecError, "add to 1"),
        ({"population": {"tea": np.nan}}, SpecError, "add to 1"),
        ({"orders": ORDERS.assign(amount=np.inf)}, DataError, "infinite"),
        ({"orders": ORDERS.assign(amount=-1.0)}, DataError, "above zero"),
        ({"orders": ORDERS.iloc[:0]}, DataError, "no rows"),
        ({"orders": ORDERS.assign(category=[["x"]] * 10)}, ColumnsError, "category"),
        ({"orders": ORDERS.assign(category=[7, "7"] * 5)}, ColumnsError, "read the same"),
        ({"customers": pd.DataFrame({"customer_id": ["1"]})}, DataError, "None of the customers"),
        ({"customers": pd.DataFrame({"id": [1]})}, ColumnsError, "customer_id"),
    ],
)
def test_refused(choices: dict[str, Any], kind: type[LayerwiseError], words: str) -> None:
    """What cannot be used is an error that names it."""
    with pytest.raises(kind, match=words.replace("?", r"\?")):
        add(**choices)


@pytest.mark.parametrize("role", ["customer", "time", "category"])
def test_roles_that_must_be_there(role: str) -> None:
    """None is no column, and a list names none."""
    with pytest.raises(SpecError, match=rf"{role}=(.|\n)*Hint:"):
        add(**{role: None})
    with pytest.raises(SpecError, match=rf"{role}= is a list, not the name of a column\nHint:"):
        add(**{role: [role]})


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        ({"window_days": (30,)}, SpecError),
        ({"top": "3"}, SpecError),
        ({"top": None}, SpecError),
        ({"population": {"tea": "x"}}, SpecError),
        ({"population": 5}, SpecError),
        ({"population": [1]}, SpecError),
        ({"tags": pd.DataFrame({"item": [["tea"]], "tag": ["staple"]})}, DataError),
        ({"customers": CUSTOMERS.assign(customer_id=[[1]] * 4)}, ColumnsError),
        ({"orders": ORDERS.assign(category=[["tea"]] * len(ORDERS))}, ColumnsError),
    ],
    ids=str,
)
def test_wrong_choices_have_a_hint(choices: dict[str, Any], kind: type[Exception]) -> None:
    """Every refusal says what to do."""
    with pytest.raises(kind, match="Hint:"):
        add(**choices)


def test_the_choices_of_summarize_serve_here_too() -> None:
    """One dictionary names the columns; the customer table may keep the shop's own id column."""
    names = {"customer_id": "client"}
    orders = ORDERS.rename(columns=names).assign(order_id=range(len(ORDERS)))
    choices = {"as_of": "2024-12-01", "customer": "client", "order": "order_id"}
    own = add_baskets(CUSTOMERS.rename(columns=names), orders, **choices)
    pd.testing.assert_frame_equal(own, add().rename(columns=names))
    clean = orders[:7]
    made = add_baskets(summarize(clean, **choices), clean, **choices)
    assert made["basket_orders"].tolist() == [3, 3]


def test_lines_of_an_order_are_of_its_first_day() -> None:
    """A refund with the order's id nets its day; an order before the window is not in it."""
    orders = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 1],
            "ordered_at": pd.to_datetime(["2024-02-01", "2024-02-05", "2023-01-01", "2024-02-07"]),
            "category": ["tea", "tea", "milk", "milk"],
            "amount": [5.0, -5.0, 4.0, 4.0],
            "order_id": [1, 1, 2, 2],
        }
    )
    with pytest.warns(RowsLeftOutWarning, match="1 lines without an order id"):
        found = add(
            orders=pd.concat([orders, orders.iloc[:1].assign(order_id=None, category="rice")]),
            order="order_id",
            population={"tea": 1.0},
        )
    assert found["basket_orders"].tolist() == [0, 0, 0, 0]
    assert add(orders=orders)["basket_orders"].tolist() == [2, 0, 0, 0]
