"""Affinity and the lists, by hand and as a plain loop finds them, and their score."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.errors import ColumnsError, DataError, EngineError, RowsLeftOutWarning, SpecError
from layerwise.tastes import category_affinity, score_suggestions, suggest_categories

AS_OF = "2024-06-30"


def lines(*rows: tuple[object, str, str], **columns: object) -> pd.DataFrame:
    """Return order lines of (customer, category, month and day)."""
    table = pd.DataFrame(rows, columns=["customer_id", "category", "day"])
    ordered = pd.to_datetime("2024-" + table["day"])
    return table.assign(ordered_at=ordered, amount=1.0, **columns).drop(columns="day")


HAND = lines(
    (1, "milk", "06-01"), (1, "milk", "06-11"), (1, "tea", "06-02"), (1, "tea", "06-03"),
    (1, "tea", "06-28"), (2, "milk", "06-05"), (2, "jam", "06-05"), (3, "jam", "06-06"),
    (3, "ham", "06-06"), (4, "milk", "06-07"),
)  # fmt: skip
PEOPLE = pd.DataFrame({"customer_id": [1, 2, 9], "tier": ["a", "b", "b"]})


def lists(**choices: object) -> dict[str, list[str]]:
    people, orders = choices.pop("people", PEOPLE), choices.pop("orders", HAND)
    found = suggest_categories(people, orders, **({"as_of": AS_OF} | choices))
    rows = found.query("customer_id == 1").sort_values(["list", "rank"])
    return {n: g["category"].tolist() for n, g in rows.astype(str).groupby("list")}


def test_lists_by_hand() -> None:
    """Milk was bought 10 days apart and 19 ago: due. Tea 13 days apart and 2 ago: not."""
    found = lists()
    assert found["own"][:2] == ["tea", "milk"]
    assert found["due"] == ["milk"]
    assert found["popular"] == ["milk", "jam", "ham", "tea"]
    assert found["popular_new"] == ["jam", "ham"]
    assert found["together_new"] == ["jam", "ham"]


def test_bought_together_comes_first() -> None:
    """Of two categories as popular, the one that tea drinkers buy; too little support says none."""
    rows = [(i, "tea", "06-01") for i in range(30)] + [(i, "cake", "06-02") for i in range(1, 25)]
    rows += [(i, "beer", "06-02") for i in range(30, 54)]
    people = pd.DataFrame({"customer_id": [0]})
    found = suggest_categories(people, lines(*rows), as_of=AS_OF).astype(str)
    assert found[found["list"] == "together_new"]["category"].tolist() == ["cake", "beer"]
    few = suggest_categories(people, lines(*rows), as_of=AS_OF, min_support=25).astype(str)
    assert few[few["list"] == "together_new"]["category"].tolist() == ["beer", "cake"]


def test_segments_and_strangers() -> None:
    """The own segment's favourites; who bought nothing gets popular ones, and nothing due."""
    found = suggest_categories(PEOPLE, HAND, as_of=AS_OF, segment="tier", top=1).astype(str)
    stranger = found[found["customer_id"] == "9"].set_index("list")["category"].to_dict()
    assert stranger == {
        "own": "milk", "popular": "milk", "together_new": "milk", "segment_new": "milk",
        "popular_new": "milk",
    }  # fmt: skip
    first = found[found["customer_id"] == "1"].set_index("list")["category"]
    assert first["segment_new"] == "jam"


def plain_affinity(orders: pd.DataFrame, who: int, kind: str, m: float) -> float:
    seen = orders[["customer_id", "category", "ordered_at"]].drop_duplicates()
    own = seen[seen["customer_id"] == who]
    base = (seen["category"] == kind).mean()
    return ((own["category"] == kind).sum() + m * base) / (len(own) + m) / base


def test_affinity_is_its_formula() -> None:
    """Shrunken own share over base share, highest first; without a purchase no row."""
    found = category_affinity(PEOPLE, HAND, as_of=AS_OF, shrink=2)
    assert found["customer_id"].tolist() == [1, 1, 2, 2]
    for row in found.itertuples():
        expected = plain_affinity(HAND, row.customer_id, row.category, 2)
        assert row.affinity == pytest.approx(expected)
    assert (found.groupby("customer_id")["affinity"].diff().dropna() <= 0).all()
    assert found["own_share"].tolist() == pytest.approx([0.6, 0.4, 0.5, 0.5])


orders_of = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from("abcde"), st.integers(1, 30)), min_size=1
)


@given(orders_of, st.integers(0, 99))
def test_laws(rows: list[tuple[int, str, int]], seed: int) -> None:
    """No list holds a category twice, new ones were never bought, and order is nothing."""
    orders = lines(*((who, kind, f"06-{day:02}") for who, kind, day in rows))
    people = pd.DataFrame({"customer_id": sorted(orders["customer_id"].unique())})
    found = suggest_categories(people, orders, as_of=AS_OF, min_support=1, shrink=0.5)
    assert not found.duplicated(["customer_id", "list", "category"]).any()
    bought = set(zip(orders["customer_id"], orders["category"], strict=True))
    new = found[found["list"].astype(str).str.endswith("_new")]
    assert not bought & set(zip(new["customer_id"], new["category"].astype(str), strict=True))
    own = found[(found["list"] == "own") & (found["rank"] == 1)]
    assert bought >= set(zip(own["customer_id"], own["category"].astype(str), strict=True))
    shuffled = orders.sample(frac=1, random_state=seed)
    again = suggest_categories(people, shuffled, as_of=AS_OF, min_support=1, shrink=0.5)
    pd.testing.assert_frame_equal(again, found)


def test_score_by_hand() -> None:
    """Two of three customers with suggestions came; one of them bought what was suggested."""
    made = pd.DataFrame(
        {
            "customer_id": [1, 2, 3] * 2,
            "list": ["own"] * 3 + ["popular"] * 3,
            "rank": 1,
            "category": ["tea", "tea", "tea", "milk", "milk", "milk"],
        }
    )
    later = lines((1, "tea", "07-03"), (2, "ham", "07-04"), (3, "tea", "08-04"))
    told = score_suggestions(made, later, after=AS_OF, until="2024-07-31").set_index("list")
    assert told.loc["own", ["customers", "hit_rate", "share_bought"]].tolist() == [2, 0.5, 0.5]
    assert told.loc["popular", "hit_rate"] == 0
    assert told.loc["own", "difference"] == 0.5


def test_score_of_planted_tastes() -> None:
    """Customers who always buy one category: own is right always, popular as often as its share."""
    rng = np.random.default_rng(3)
    taste = rng.choice(list("abcdefghij"), 400)
    rows = [(i, kind, f"{m}-{d}") for i, kind in enumerate(taste) for m, d in (("06", "03"),)]
    later = [(i, kind, "07-09") for i, kind in enumerate(taste)]
    people = pd.DataFrame({"customer_id": range(400)})
    made = suggest_categories(people, lines(*rows), as_of=AS_OF, top=1)
    told = score_suggestions(made, lines(*later), after=AS_OF, until="2024-07-31")
    told = told.set_index("list")
    assert told.loc["own", "hit_rate"] == 1
    share = pd.Series(taste).value_counts(normalize=True).max()
    assert told.loc["popular", "hit_rate"] == share
    half = 1.959964 * (share * (1 - share) / 399) ** 0.5  # of 400 paired differences of 0 and 1
    ends = told.loc["own", ["difference_low", "difference_high"]].tolist()
    assert ends == pytest.approx([1 - share - half, 1 - share + half])


def test_complete_journey_own_beats_popular_and_the_rest_does_not() -> None:
    """October by the year before: what the guide prints."""
    orders = lw.datasets.load_complete_journey()
    orders = orders[orders["category"].notna() & (orders["amount"] > 0)]
    people = pd.DataFrame({"customer_id": orders["customer_id"].unique()})
    made = suggest_categories(people, orders, as_of="2017-09-30")
    told = score_suggestions(made, orders, after="2017-09-30", until="2017-10-30")
    told = told.set_index("list")
    assert told.loc["own", "difference_low"] > 0.02
    assert told.loc["due", "difference_high"] < 0
    assert abs(told.loc["together_new", "difference"]) < 0.02


def test_polars_gives_polars() -> None:
    """The same rows."""
    found = suggest_categories(pl.from_pandas(PEOPLE), pl.from_pandas(HAND).lazy(), as_of=AS_OF)
    expected = suggest_categories(PEOPLE, HAND, as_of=AS_OF)
    assert isinstance(found, pl.DataFrame)
    assert found.rows() == [tuple(row) for row in expected.itertuples(index=False)]
    told = score_suggestions(found, HAND, after="2024-06-01", until=AS_OF)
    assert told["customers"].max() == 2


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        ({"top": 0}, SpecError),
        ({"min_support": 0.5}, SpecError),
        ({"shrink": -1}, SpecError),
        ({"window_days": 0}, SpecError),
        ({"segment": "none"}, ColumnsError),
        ({"category": "none"}, ColumnsError),
        ({"as_of": "2020-01-01"}, DataError),
        ({"orders": HAND.assign(amount=-1.0)}, DataError),
        ({"people": pl.from_pandas(PEOPLE).lazy()}, EngineError),
    ],
)
def test_what_is_refused(choices: dict[str, object], kind: type[Exception]) -> None:
    """Each impossible choice or table has a clear error."""
    with pytest.raises(kind):
        lists(**choices)


def test_score_refuses_and_tells() -> None:
    """Periods that end before they begin, nobody who came; lines left out are counted."""
    made = suggest_categories(PEOPLE, HAND, as_of=AS_OF)
    with pytest.raises(SpecError, match="until"):
        score_suggestions(made, HAND, after=AS_OF, until=AS_OF)
    with pytest.raises(DataError, match="None of the"):
        score_suggestions(made, lines((77, "tea", "07-02")), after=AS_OF, until="2024-07-31")
    with pytest.warns(RowsLeftOutWarning, match="1 lines without a category"):
        suggest_categories(PEOPLE, pd.concat([HAND, HAND[:1].assign(category=None)]), as_of=AS_OF)
