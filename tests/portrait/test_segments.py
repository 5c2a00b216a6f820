"""Profiles of segments: planted differences come back, and few people never show."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from layerwise import frames
from layerwise.errors import ColumnsError, DataError, EngineError, SpecError
from layerwise.portrait import segment_profile
from tests.conftest import ENGINES


def shop(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    """Return customers of three tiers; gold orders one standard deviation more, and by app."""
    rng = np.random.default_rng(seed)
    tier = rng.choice(["gold", "silver", "tin"], n, p=[0.2, 0.3, 0.5])
    gold = tier == "gold"
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "tier": tier,
            "orders": rng.normal(10, 2, n) + 2 * gold,
            "noise": rng.normal(0, 1, n),
            "channel": np.where(rng.random(n) < np.where(gold, 0.8, 0.3), "app", "shop"),
            "member": rng.random(n) < 0.5,
            "spend_total": rng.gamma(2, 50, n),
        }
    )


def test_planted_differences_come_back() -> None:
    """Gold differs by one standard deviation in orders and by 0.8 against 0.3 in the app."""
    profile = segment_profile(shop(), segment="tier")
    gold = profile.features.query("segment == 'gold'").set_index(["feature", "label"])
    assert np.isclose(gold.loc[("orders", np.nan), "difference"], 1, atol=0.12)
    assert np.isclose(gold.loc[("channel", "app"), "mean"], 0.8, atol=0.04)
    assert abs(gold.loc[("noise", np.nan), "difference"]) < 0.12
    assert set(profile.top(2).query("segment == 'gold'")["feature"]) <= {"orders", "channel"}


def test_findings_come_before_what_could_not_be_judged() -> None:
    """Segments keep their own order; not_evaluable is the last of segments and of labels."""
    kinds = ["not_evaluable", "low", "high"]
    table = pd.DataFrame(
        {
            "value": pd.Categorical(np.repeat(kinds, 30), kinds, ordered=True),
            "churn": ["not_evaluable"] * 30 + ["active", "lapsed", "lapsed"] * 10 + ["active"] * 30,
            "orders": np.repeat([1, 2, 3], 30) + np.tile([0.0, 0.5, 1.0], 30),
        }
    )
    profile = segment_profile(table, segment="value")
    assert profile.segments["segment"].tolist() == kinds
    top = profile.top(9)
    assert list(dict.fromkeys(top["segment"])) == ["low", "high", "not_evaluable"]
    for _, part in top[top["segment"] != "not_evaluable"].groupby("segment"):
        assert part["label"].iloc[-1] == "not_evaluable"
        assert part["difference"].iloc[:-1].abs().is_monotonic_decreasing
    assert "not_evaluable" not in set(profile.top(1)["label"])


def test_means_lift_and_difference_as_pandas() -> None:
    """The numbers are those of a plain group-by."""
    table = shop(500)
    profile = segment_profile(table, segment="tier", features=["orders"])
    row = profile.features.set_index("segment").loc["tin"]
    here, rest = (table.loc[mask, "orders"] for mask in (table.tier == "tin", table.tier != "tin"))
    assert np.isclose(row["mean"], here.mean())
    assert np.isclose(row["lift"], here.mean() / table["orders"].mean())
    width = np.sqrt((here.var() + rest.var()) / 2)
    assert np.isclose(row["difference"], (here.mean() - rest.mean()) / width)


def test_shares_add_to_one() -> None:
    """Sizes, spend, and the labels of each segment, missing included."""
    table = shop(1000)
    table.loc[::7, "channel"] = None
    profile = segment_profile(table, segment="tier")
    assert np.isclose(profile.segments["share"].sum(), 1)
    assert np.isclose(profile.segments["spend_share"].sum(), 1)
    labels = profile.features.query("feature == 'channel'")
    assert np.allclose(labels.groupby("segment")["mean"].sum(), 1)
    assert set(labels["label"]) == {"app", "shop", "missing"}


def test_small_segments_take_a_second_one_along() -> None:
    """Nine customers are hidden, and the next smallest segment, against subtraction."""
    table = shop(400)
    table["tier"] = ["few"] * 9 + ["some"] * 60 + ["many"] * 331
    profile = segment_profile(table, segment="tier", features=["orders", "channel"])
    shown = profile.segments.set_index("segment")["customers"]
    assert np.isnan(shown["few"])
    assert np.isnan(shown["some"])
    hidden = profile.features[profile.features["segment"] != "many"]
    assert hidden["suppressed"].all()
    assert hidden[["customers", "mean", "lift", "difference"]].isna().all(axis=None)
    assert profile.suppressed == 2 + len(hidden)


@example(11235, 3)
@given(st.integers(0, 10**6), st.integers(2, 25))
def test_no_row_is_under_k_nor_by_subtraction(seed: int, k: int) -> None:
    """Counts that show, and what margins leave for the hidden ones, are 0 or k and more."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(60, 300))
    table = pd.DataFrame(
        {
            "s": rng.choice(list("abcde"), n, p=rng.dirichlet([0.6] * 5)),
            "f": rng.choice(list("wxyz"), n, p=rng.dirichlet([0.6] * 4)),
        }
    )
    try:
        profile = segment_profile(table, segment="s", k=k)
    except DataError:
        return
    sizes = profile.segments["customers"]
    assert not ((sizes > 0) & (sizes < k)).any()
    assert sizes.isna().sum() != 1
    cells = profile.features.pivot_table(
        index="segment", columns="label", values="customers", dropna=False
    )
    assert not ((cells > 0) & (cells < k)).any(axis=None)
    population = profile.features.groupby("label")["population"].first() * n
    assert not ((population.round() > 0) & (population.round() < k)).any()
    for label, total in population.dropna().items():
        rest = round(total - cells[label].sum())
        assert cells[label].notna().all() or rest == 0 or rest >= k
    for name, row in cells.iterrows():
        size = sizes[profile.segments["segment"] == name].iloc[0]
        if not np.isnan(size) and row.isna().any():
            assert row.isna().sum() > 1 or row.isna().all()
            assert size - row.sum() >= k


def test_few_missing_values_do_not_show() -> None:
    """997 of 1,000 known would tell of three: the number is not given."""
    table = pd.DataFrame({"s": ["a"] * 100 + ["b"] * 100, "v": np.arange(200.0)})
    table.loc[:2, "v"] = np.nan
    rows = segment_profile(table, segment="s").features.set_index("segment")
    assert np.isnan(rows.loc["a", "customers"])
    assert rows.loc["b", "customers"] == 100
    assert np.isclose(rows.loc["a", "mean"], np.arange(3, 100).mean())


def test_sensitive_traits_need_consent() -> None:
    """Without consent age is not used, or refused; with it, of who consented only."""
    table = shop(400).assign(age_band=["young", "old"] * 200, yes=[True] * 100 + [False] * 300)
    profile = segment_profile(table.drop(columns="yes"), segment="tier")
    assert "consent" in profile.left_out["age_band"]
    assert "age_band" not in set(profile.features["feature"])
    with pytest.raises(SpecError, match="age_band"):
        segment_profile(table, segment="tier", features=["age_band"])
    some = segment_profile(table, segment="tier", features=["age_band"], consent="yes").features
    rows = some.query("label == 'missing'")
    assert np.isclose(rows["population"].iloc[0], 0.75)
    named = segment_profile(table, segment="tier", sensitive=["noise"])
    assert "noise" in named.left_out


def test_health_tags_are_off() -> None:
    """What health may be inferred from is used when asked for, with consent."""
    table = shop(300).assign(special_kind=["gluten_free"] * 300, yes=1)
    assert "health" in segment_profile(table, segment="tier").left_out["special_kind"]
    on = segment_profile(table, segment="tier", health_tags=True, consent="yes")
    assert "special_kind" in set(on.features["feature"])
    alone = segment_profile(table, segment="tier", health_tags=True)
    assert "consent" in alone.left_out["special_kind"]


@pytest.mark.parametrize("name", ["polars", "pandas_arrow", "polars_lazy", "duckdb"])
def test_any_frame_in_any_order(name: str) -> None:
    """Shuffled rows of another engine give the same profile to the last digit."""
    table = shop(400).assign(score=[1, 2, 3, 4] * 100)
    one = segment_profile(table, segment="tier")
    other = segment_profile(
        ENGINES[name].make(table.sample(frac=1, random_state=2)), segment="tier"
    )
    pd.testing.assert_frame_equal(one.segments, other.segments)
    key = ["segment", "feature", "label"]
    a, b = (p.features.sort_values(key, ignore_index=True) for p in (one, other))
    pd.testing.assert_frame_equal(a, b)


@pytest.mark.parametrize("name", ["polars_lazy", "duckdb"])
def test_a_lazy_frame_keeps_all_rules(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Consent, labels of too many kinds and missing segments are as in memory."""
    table = shop(400).assign(age_band=["young", "old"] * 200, yes=[True] * 100 + [None] * 300)
    table = table.assign(email=[f"e{i}" for i in range(400)], day=pd.Timestamp("2024-01-01"))
    table.loc[::9, "tier"] = None
    choices: dict[str, Any] = {"segment": "tier", "consent": "yes", "spend": "spend_total"}
    expected = segment_profile(table, **choices)
    assert expected.left_out.keys() >= {"email", "day"}
    given = ENGINES[name].make(table)
    found = segment_profile(given, **choices)
    pd.testing.assert_frame_equal(found.segments, expected.segments)
    pd.testing.assert_frame_equal(found.features, expected.features)
    assert (found.left_out, found.suppressed) == (expected.left_out, expected.suppressed)
    twice = table.assign(customer_id=table["customer_id"] // 2)
    with pytest.raises(DataError, match="200 of 400 rows have an id in customer_id that stands"):
        segment_profile(ENGINES[name].make(twice), **choices)
    monkeypatch.setattr(frames, "LARGEST_COLLECT", 100)
    few = segment_profile(given, segment="tier", features=["email", "channel"], spend="member")
    assert set(few.left_out) == {"email"}
    with pytest.raises(EngineError, match="More than 100 rows"):
        segment_profile(given, segment="tier", features=["noise"], spend="member")


def test_scores_and_missing_segments() -> None:
    """Whole numbers are segments in their order; no segment is one too."""
    table = pd.DataFrame({"s": [10.0, 2.0, np.nan] * 40, "v": range(120)})
    assert segment_profile(table, segment="s").segments["segment"].tolist() == [
        "2",
        "10",
        "missing",
    ]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"segment": "none"}, ColumnsError),
        ({"features": []}, SpecError),
        ({"segment": ["tier"]}, SpecError),
        ({"features": ["none"]}, ColumnsError),
        ({"k": 1}, SpecError),
        ({"k": 500}, DataError),
        ({"spend": "none"}, ColumnsError),
        ({"consent": "orders"}, DataError),
        ({"segment": "orders"}, ColumnsError),
    ],
)
def test_refusals(change: dict[str, Any], error: type[Exception]) -> None:
    """Each impossible choice has its error."""
    with pytest.raises(error):
        segment_profile(shop(300), **{"segment": "tier"} | change)


def test_labels_stand_in_an_order_of_their_own() -> None:
    """Shuffled rows, Polars and categories give the same features, label by label."""
    table = pd.DataFrame(
        {"tier": ["gold", "tin"] * 60, "channel": ["shop", "app", "phone", "app"] * 30}
    )
    expected = segment_profile(table, segment="tier").features
    assert expected["label"].tolist()[:3] == ["app", "phone", "shop"]
    mixed = table.sample(frac=1, random_state=1)
    for other in (mixed, pl.from_pandas(mixed), mixed.astype("category")):
        found = segment_profile(other, segment="tier").features
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)
