"""Customers at each step, counted by hand, by brute force and by law."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError
from layerwise.evaluate import measure_funnel

STEPS = ("view", "cart", "order")
START = pd.Timestamp("2024-05-01")


def log(*rows: tuple[object, float, str], **columns: object) -> pd.DataFrame:
    """Return events of (customer, hours after the start, kind)."""
    table = pd.DataFrame(rows, columns=["customer_id", "hours", "event_type"])
    times = START + pd.to_timedelta(table["hours"], unit="h")
    return table.assign(ts=times, **columns).drop(columns="hours")


def count(events: object, **choices: object) -> list[int]:
    found = measure_funnel(events, **({"steps": STEPS, "as_of": "2024-06-30"} | choices))
    return found.counts().loc["all"].tolist()


def test_steps_in_order_within_a_day() -> None:
    """One goes all the way, one too late, one backwards, one only looks, one begins again."""
    events = log(
        (1, 0, "view"), (1, 1, "search"), (1, 2, "cart"), (1, 24, "order"),
        (2, 0, "view"), (2, 1, "cart"), (2, 24.01, "order"),
        (3, 0, "order"), (3, 1, "cart"), (3, 2, "view"),
        (4, 0, "view"), (4, 1, "view"),
        (5, 0, "view"), (5, 20, "view"), (5, 30, "cart"), (5, 43, "order"),
    )  # fmt: skip
    assert count(events) == [5, 3, 2]
    assert count(events, window_hours=24.1) == [5, 3, 3]
    assert count(events, steps=("cart", "view")) == [4, 1]


def test_sessions_by_hand() -> None:
    """With sessions the clock does not matter, but a session is not continued in another one."""
    events = log(
        (1, 0, "view"), (1, 100, "cart"), (1, 200, "order"),
        (2, 0, "view"), (2, 1, "cart"), (2, 2, "order"),
        (3, 0, "view"), (3, 1, "cart"),
    )  # fmt: skip
    sessions = ["a", "a", "a", "b", "b", "c", "a", None]
    assert count(events.assign(session_id=sessions), session="session_id") == [3, 2, 1]


def test_events_of_one_moment_are_in_the_order_of_steps() -> None:
    """Whatever the order of the rows; one event is not two steps."""
    events = log((1, 0, "order"), (1, 0, "view"), (1, 0, "cart"))
    assert count(events) == [1, 1, 1]
    assert count(events[events["event_type"] != "cart"]) == [1, 0, 0]


def brute(rows: list[tuple[int, int, int]], within: int) -> list[int]:
    """Return how many customers reached each step, by trying every way."""
    best = dict.fromkeys({who for who, _, _ in rows}, 0)
    for who, begin, kind in rows:
        if kind:
            continue
        seen = sorted((t, k) for w, t, k in rows if w == who and begin <= t <= begin + within)
        depth = 1
        for _, k in [pair for pair in seen if pair > (begin, 0)]:
            depth += k == depth
        best[who] = max(best[who], depth)
    return [sum(d > i for d in best.values()) for i in range(3)]


events_of = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 30), st.integers(0, 2)), min_size=1, max_size=25
).filter(lambda rows: any(kind == 0 for _, _, kind in rows))


@given(events_of, st.integers(1, 20), st.integers(0, 99))
def test_as_by_trying_every_way(rows: list[tuple[int, int, int]], within: int, seed: int) -> None:
    """Counts are those of brute force, never rise, and neither rows' order nor doubles matter."""
    events = log(*((who, hours, STEPS[kind]) for who, hours, kind in rows))
    found = count(events, window_hours=within)
    assert found == brute(rows, within)
    assert found == sorted(found, reverse=True)
    doubled = pd.concat([events, events]).sample(frac=1, random_state=seed)
    assert count(doubled, window_hours=within) == found
    assert all(a <= b for a, b in zip(found, count(events, window_hours=within + 5), strict=True))


def segmented() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return 300 customers; of the new ones half as many put a viewed thing into the cart."""
    who = np.arange(300)
    new = who % 3 == 0
    cart = who % 10 < np.where(new, 3, 6)
    order = cart & (who % 2 == 0)
    rows = [
        log(*((i, 0.0, "view") for i in who)),
        log(*((i, 1.0, "cart") for i in who[cart])),
        log(*((i, 2.0, "order") for i in who[order])),
    ]
    people = pd.DataFrame({"customer_id": who, "tier": np.where(new, "new", "loyal")})
    return pd.concat(rows), people


def test_segments_and_the_weakest_step() -> None:
    """The cart loses new customers beyond the rate of all, clearly; rates have Wilson intervals."""
    events, people = segmented()
    found = measure_funnel(
        events, steps=STEPS, as_of="2024-06-30", customers=people, segment="tier"
    )  # fmt: skip
    counts = found.counts()
    assert counts.loc["all"].tolist() == (counts.loc["new"] + counts.loc["loyal"]).tolist()
    table = found.table.set_index(["segment", "step"])
    row = table.loc[("new", "cart")]
    near = binomtest(int(row["customers"]), int(row["previous"])).proportion_ci(method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((near.low, near.high))
    rate = table.loc[("all", "cart"), "rate"]
    assert row["excess_loss"] == pytest.approx(100 * rate - row["customers"])
    weakest = found.weakest.set_index("segment")
    assert weakest.loc["new", "step"] == "cart"
    assert weakest.loc["new", "clear"]
    assert not weakest.loc["loyal", "clear"]
    assert pd.isna(table.loc[("all", "view"), "previous"])
    assert found.to_dict()["table"][0]["rate"] is None


def test_excess_losses_of_segments_add_to_none() -> None:
    """What one segment loses beyond the rate of all, the others lose less."""
    events, people = segmented()
    found = measure_funnel(
        events, steps=STEPS, as_of="2024-06-30", customers=people, segment="tier"
    )
    parts = found.table[found.table["segment"] != "all"].groupby("step")["excess_loss"].sum()
    assert np.allclose(parts, 0)


def test_polars_and_texts_give_the_same() -> None:
    """Times as text or in Polars; the customers of the log are the ones who count."""
    events = segmented()[0]
    expected = count(events)
    assert count(pl.from_pandas(events.reset_index(drop=True))) == expected
    assert count(events.assign(ts=events["ts"].dt.strftime("%Y-%m-%d %H:%M:%S"))) == expected


def test_customers_without_events_count_nowhere() -> None:
    """They have not reached the first step; missing segments are a segment."""
    people = pd.DataFrame({"customer_id": [1, 2, 3], "tier": ["new", None, "new"]})
    found = measure_funnel(
        log((1, 0, "view"), (2, 0, "view")), steps=STEPS, as_of="2024-06-30", customers=people,
        segment="tier",
    )  # fmt: skip
    assert found.counts()["view"].to_dict() == {"all": 2, "new": 1, "missing": 1}
    assert found.weakest["step"].isna().all()


def test_rows_left_out_are_told() -> None:
    """Events of strangers, without a time, after as_of."""
    events = log((1, 0, "view"), (987654, 0, "view"), (1, 9999, "view"))
    people = pd.DataFrame({"customer_id": [1]})
    with pytest.warns(RowsLeftOutWarning, match="of 3") as told:
        assert count(events, customers=people) == [1, 0, 0]
    assert "987654" not in str(told[0].message)


@pytest.mark.parametrize(
    ("choices", "kind", "message"),
    [
        ({"steps": "view"}, SpecError, "steps"),
        ({"steps": ("view",)}, SpecError, "steps"),
        ({"steps": ("view", "view")}, SpecError, "steps"),
        ({"steps": ("look", "buy")}, DataError, "first step"),
        ({"window_hours": 0}, SpecError, "window_hours"),
        ({"window_hours": float("nan")}, SpecError, "window_hours"),
        ({"segment": "tier"}, SpecError, "customers="),
        ({"step": "kind"}, ColumnsError, "kind"),
        ({"session": "visit"}, ColumnsError, "visit"),
        ({"level": 2}, SpecError, "level"),
        ({"customers": pd.DataFrame({"customer_id": [1, 1]})}, DataError, "stands before"),
    ],
)
def test_what_is_refused(choices: dict[str, object], kind: type[Exception], message: str) -> None:
    """Each impossible choice has a clear error."""
    with pytest.raises(kind, match=message):
        count(log((1, 0, "view")), **choices)


def test_hostile_logs() -> None:
    """No rows, numbers as kinds, only missing kinds."""
    with pytest.raises(DataError, match="first step"):
        count(log((1, 0, "view"))[:0])
    with pytest.raises(ColumnsError, match="numbers"):
        count(log((1, 0, "view")).assign(event_type=3))
    with pytest.raises(DataError, match="first step"):
        count(log((1, 0, "view")).assign(event_type=None))
    people = pd.DataFrame({"customer_id": [1], "tier": ["all"]})
    with pytest.raises(DataError, match='called "all"'):
        count(log((1, 0, "view")), customers=people, segment="tier")
