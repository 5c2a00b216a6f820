"""Drops of browsing, time, intent and categories, by hand and against planted truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from layerwise.churn import early_warning
from layerwise.datasets import simulate_events
from tests.churn.cases import found, people, spread

STEADY = [spread(i, "view", recent=10, base=30) for i in range(1, 20)]


def test_browsing_drop() -> None:
    """1 view after 30, where all others stay: ratio 0.1, p of the binomial with a quarter."""
    events = pd.concat([spread(0, "view", recent=1, base=30), *STEADY])
    table = found(people(21), "browse_drop", events=events)
    assert table["flagged"].tolist() == [True] + [False] * 20
    assert table["ratio"][0] == pytest.approx(0.1)
    assert table["p"][0] == pytest.approx(binom.cdf(1, 31, 0.25))
    assert table[["value", "baseline"]].loc[0].tolist() == pytest.approx([7 / 30, 7 / 3])
    assert table["not_evaluable"][20]


def test_few_or_new_views_cannot_be_judged() -> None:
    """Ten views in all are too few, and who first came five weeks ago has no baseline."""
    few = spread(0, "view", recent=0, base=10)
    new = spread(1, "view", recent=2, base=30).assign(
        ts=lambda t: t["ts"].clip(t["ts"].max() - pd.Timedelta(days=35))
    )
    table = found(people(20), "browse_drop", events=pd.concat([few, new, *STEADY[1:]]))
    assert table["not_evaluable"].tolist() == [True, True] + [False] * 18


def test_duration_drop() -> None:
    """As many views as before, each a tenth as long."""
    short = spread(0, "view", recent=10, base=30, duration_s=60.0)
    short.loc[:9, "duration_s"] = 6.0
    steady = [part.assign(duration_s=60.0) for part in STEADY]
    table = found(people(20), "browse_duration_drop", events=pd.concat([short, *steady]))
    assert table["flagged"].tolist() == [True] + [False] * 19
    assert table["ratio"][0] == pytest.approx(0.1)


def test_intent_drop() -> None:
    """No cart in 30 views after 20 in 60; others fill one a third of the time, still."""
    views = [spread(i, "view", recent=30, base=60) for i in range(10)]
    carts = [spread(i, "cart", recent=10 if i else 0, base=20) for i in range(10)]
    few = [spread(10, "view", recent=5, base=15), spread(10, "cart", recent=0, base=12)]
    table = found(people(11), "purchase_intent_drop", events=pd.concat([*views, *carts, *few]))
    assert table["flagged"].tolist() == [True] + [False] * 10
    assert table["p"][0] == pytest.approx(binom.cdf(0, 20, 1 / 3), rel=0.05)
    assert table["not_evaluable"][10]


def test_category_drop() -> None:
    """Tea is neither looked at nor bought any more, snacks are: the category is told."""
    view, order = {"kind": "view"}, {"kind": "order"}
    parts = []
    for i in range(8):
        tea = (0, 0) if i == 0 else (8, 2)
        parts += [spread(i, recent=tea[0], base=24, category="tea", **view)]
        parts += [spread(i, recent=tea[1], base=6, category="tea", **order)]
        parts += [spread(i, recent=20, base=60, category="snacks", **view)]
        parts += [spread(i, recent=2, base=6, category="snacks", **order)]
    # One whose everything stops has no drop of one category.
    parts += [spread(8, recent=1, base=24, category=c, **view) for c in ("tea", "snacks")]
    parts += [spread(8, recent=0, base=6, category=c, **order) for c in ("tea", "snacks")]
    log = pd.concat(parts)
    events, orders = log[log["event_type"] == "view"], log[log["event_type"] == "order"]
    given = {"events": events, "orders": orders.rename(columns={"ts": "ordered_at"})}
    table = found(people(9), "product_specific_drop", **given)
    assert table["flagged"].tolist() == [True] + [False] * 8
    assert table["detail"][0] == "tea"
    assert table["value"][0] == 0


@pytest.mark.parametrize("season", [1.0, 0.5])
def test_planted_drops_with_a_season(season: float) -> None:
    """Of a planted tenth most are found; about 10 % of the flags are false, as accepted."""
    events, truth = simulate_events(4000, seed=11, season=season)
    result = early_warning(truth[["customer_id"]], events=events, as_of="2024-05-29")
    rows = result.signals[result.signals["signal"] == "browse_drop"]
    dropped = truth["dropped"].to_numpy()
    judged, flagged = ~rows["not_evaluable"].to_numpy(), rows["flagged"].to_numpy()
    assert judged.mean() > 0.85
    assert flagged[dropped & judged].mean() > 0.5
    assert dropped[flagged].mean() > 0.88


def test_a_season_alone_is_no_alarm() -> None:
    """Everybody falls by half and nobody of their own: hardly anybody is flagged."""
    events, truth = simulate_events(4000, seed=12, season=0.5, dropping=0.0)
    result = early_warning(truth[["customer_id"]], events=events, as_of="2024-05-29")
    rows = result.signals[~result.signals["not_evaluable"]]
    assert rows["flagged"].mean() < 0.001
    assert (rows["p"].to_numpy() < 0.05).mean() < 0.05
    assert np.isclose(rows.loc[rows["signal"] == "browse_drop", "ratio"].median(), 1.0, atol=0.05)
