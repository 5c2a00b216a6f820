"""Moves between labels are counted by hand, add up, and a fit that was not frozen shows."""

from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

import layerwise as lw
from layerwise.errors import ColumnsError, DataError, EngineError, LayerwiseError, SpecError
from layerwise.evaluate import check_frozen, measure_migration
from tests.conftest import ENGINES, Engine

DATES = ["2024-01-31", "2024-02-29", "2024-03-31"]


def table(*rows: tuple[object, str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "as_of", "value"])


HAND = table(
    (1, DATES[0], "low"), (1, DATES[1], "low"),
    (2, DATES[0], "low"), (2, DATES[1], "high"),
    (3, DATES[0], "mid"), (3, DATES[1], "low"),
    (4, DATES[0], "high"), (4, DATES[1], "high"),
    (5, DATES[0], "high"),
    (6, DATES[1], "mid"),
)  # fmt: skip


def test_by_hand() -> None:
    """Two stay, one rises, one falls, one leaves, one enters; labels stand from low to high."""
    found = measure_migration(HAND, label="value")
    square = found.matrix(value="customers")
    assert square.index.tolist() == ["low", "mid", "high", "entered"]
    assert square.columns.tolist() == ["low", "mid", "high", "left"]
    assert square.to_numpy().tolist() == [[1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 0]]
    assert found.matrix().loc["low"].tolist() == [0.5, 0.0, 0.5, 0.0]
    assert found.net["net_flow"].tolist() == [0, -1, 1]
    assert found.stability[["customers", "stayed", "stability"]].iloc[0].tolist() == [4, 2, 0.5]


def test_intervals_are_those_of_scipy() -> None:
    """Wilson intervals of rates and of the stability agree with scipy."""
    found = measure_migration(HAND, label="value", level=0.9)
    for row in found.moves.itertuples():
        trials = round(row.customers / row.rate) if row.rate else None
        if trials:
            near = binomtest(row.customers, trials).proportion_ci(0.9, method="wilson")
            assert (row.low, row.high) == pytest.approx((near.low, near.high))
    near = binomtest(2, 4).proportion_ci(0.9, method="wilson")
    assert found.stability.loc[0, ["low", "high"]].tolist() == pytest.approx([near.low, near.high])


cells = st.dictionaries(
    st.tuples(st.integers(0, 12), st.sampled_from(DATES)),
    st.sampled_from(["low", "mid", "high", "not_evaluable"]),
    min_size=2,
).filter(lambda found: len({date for _, date in found}) > 1)


@given(cells, st.integers(0, 99))
def test_rows_add_to_one_and_nets_balance(found: dict[tuple[int, str], str], seed: int) -> None:
    """Rates of a label before add to 1, start and end are those of the table, order is nothing."""
    rows = table(*((who, date, label) for (who, date), label in found.items()))
    moved = measure_migration(rows, label="value")
    rates = moved.moves.groupby(["from_date", "before"])["rate"].sum()
    assert np.allclose(rates, 1)
    net = moved.net
    end = net["start"] + net["net_flow"] + net["entered"] - net["left"]
    assert end.tolist() == net["end"].tolist()
    sizes = rows.groupby([pd.to_datetime(rows["as_of"]), "value"]).size()
    starts = net.set_index(["from_date", "label"])["start"]
    assert all(starts[key] == sizes.get(key, 0) for key in starts.index)
    again = measure_migration(rows.sample(frac=1, random_state=seed), label="value")
    pd.testing.assert_frame_equal(again.moves, moved.moves)


def test_every_engine_gives_the_same(engine: Engine) -> None:
    """Lazy or eager, the moves are the same."""
    expected = measure_migration(HAND, label="value")
    found = measure_migration(engine.make(HAND), label="value")
    pd.testing.assert_frame_equal(found.moves, expected.moves)
    pd.testing.assert_frame_equal(found.net, expected.net)


WRONG: dict[str, dict[str, Any]] = {
    "no label": {"value": [None, *HAND["value"][1:]]},
    "no id": {"customer_id": [None, *HAND["customer_id"][1:].astype("Int64")]},
    "no date": {"as_of": [None, *HAND["as_of"][1:]]},
    "one date": {"as_of": DATES[0]},
    "twice": {"customer_id": [1] * len(HAND)},
    "not dates": {"as_of": "some day"},
    "fractions": {"value": 1.5},
    "entered": {"value": ["entered", *HAND["value"][1:]]},
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", ["polars_lazy", "duckdb"])
def test_lazy_tables_are_refused_in_the_same_words(name: str, kind: str) -> None:
    """What an engine counts of faults is what pandas counts."""
    bad = HAND.assign(**WRONG[kind])
    bad["customer_id"] = bad["customer_id"].astype("Int64")
    with pytest.raises(LayerwiseError) as theirs:
        measure_migration(bad, label="value")
    with pytest.raises(type(theirs.value)) as mine:
        measure_migration(ENGINES[name].make(bad), label="value")
    assert str(mine.value) == str(theirs.value)


@pytest.mark.parametrize("name", ["polars_lazy", "duckdb"])
def test_lazy_dates_of_any_kind(name: str) -> None:
    """Dates, times and texts are days; one day as two texts, and times with a zone, are refused."""
    expected = measure_migration(HAND, label="value").moves
    engine = ENGINES[name]
    days = pd.to_datetime(HAND["as_of"])
    for kind in (days, days + pd.Timedelta(hours=9), days.dt.date):
        found = measure_migration(engine.make(HAND.assign(as_of=kind)), label="value")
        pd.testing.assert_frame_equal(found.moves, expected)
    mixed = HAND.assign(as_of=[f"{DATES[0]} 00:00", *HAND["as_of"][1:]])
    with pytest.raises(DataError, match="as different texts"):
        measure_migration(engine.make(mixed), label="value")
    with pytest.raises(EngineError, match="as_of has a time zone"):
        measure_migration(engine.make(HAND.assign(as_of=days.dt.tz_localize("UTC"))), label="value")


@pytest.mark.parametrize("name", ["polars_lazy", "duckdb"])
def test_lazy_labels_of_any_kind(name: str) -> None:
    """Truth values and an order of your own, with a label that nobody has."""
    engine, order = ENGINES[name], ["mid", "low", "top", "high"]
    for table, choices in (
        (HAND.assign(value=HAND["value"] == "low"), {}),
        (HAND, {"order": order}),
    ):
        expected = measure_migration(table, label="value", **choices)
        found = measure_migration(engine.make(table), label="value", **choices)
        assert found.names == expected.names
        pd.testing.assert_frame_equal(found.moves, expected.moves)
    with pytest.raises(SpecError, match="1 are not named"):
        measure_migration(engine.make(HAND), label="value", order=["low", "high"])


def journey() -> pd.DataFrame:
    orders = lw.datasets.load_cdnow()
    dates = ["1997-06-30", "1997-09-30", "1998-03-31"]
    return lw.snapshots(orders[orders["amount"] > 0], as_of=dates, window_days=180)


def test_refitting_instead_of_freezing_shows() -> None:
    """Frozen cuts: the sizes change. Cuts learned anew: they do not, and the guard refuses them."""
    stack = journey()
    spec = lw.Frequency(window_days=180)
    parts = [stack[stack["as_of"] == day] for day in stack["as_of"].unique()]
    frozen = spec.fit(parts[0])
    good = measure_migration(frozen.transform(stack), label="frequency", fitted=frozen)
    assert good.frozen is True
    anew = pd.concat([spec.fit(part).transform(part) for part in parts])
    with pytest.raises(DataError, match="not made by this fit"):
        measure_migration(anew, label="frequency", fitted=frozen)
    unchecked = measure_migration(anew, label="frequency")
    assert unchecked.frozen is None
    assert unchecked.stability["stability"].tolist() != good.stability["stability"].tolist()
    told = check_frozen(anew, frozen, label="frequency")
    assert told["other"].tolist()[0] == 0 < told["other"].max()
    assert not check_frozen(frozen.transform(stack), frozen, label="frequency")["other"].any()


def test_scores_and_saved_fits() -> None:
    """Scores of RFM are labels in the order of the numbers; a loaded fit is the same fit."""
    orders = lw.datasets.load_cdnow()
    stack = lw.snapshots(orders[orders["amount"] > 0], as_of=["1997-06-30", "1997-09-30"])
    fitted = lw.RFM().fit(stack[stack["as_of"] == "1997-06-30"])
    labels = fitted.transform(stack)
    assert measure_migration(
        labels, label="rfm_r", fitted=lw.loads(fitted.to_json())
    ).names == tuple("12345")


def test_several_dates_and_order() -> None:
    """Each pair of neighbours has a matrix; a given order rules."""
    rows = pd.concat([HAND, table((1, DATES[2], "high"))])
    found = measure_migration(rows, label="value", order=("high", "mid", "low"))
    assert len(found.stability) == 2
    assert found.names == ("high", "mid", "low")
    assert found.matrix(-1, value="customers").loc["low", "high"] == 1
    assert "2 dates" not in str(found)
    assert found.to_dict()["dates"] == DATES


@pytest.mark.parametrize(
    ("rows", "kind", "message"),
    [
        (HAND[:0], DataError, "holds 0"),
        (HAND[HAND["as_of"] == DATES[0]], DataError, "holds 1"),
        (HAND.drop(columns="value"), ColumnsError, "value"),
        (HAND.assign(value=None), DataError, "no label"),
        (HAND.assign(value=0.5), ColumnsError, "fractions"),
        (HAND.assign(value="left"), SpecError, "called left"),
        (HAND.assign(customer_id=None), DataError, "no customer id"),
        (HAND.assign(customer_id=1), DataError, "stands before"),
        (HAND.assign(as_of=pd.NaT), DataError, "no date"),
    ],
)
def test_what_is_refused(rows: pd.DataFrame, kind: type[Exception], message: str) -> None:
    """Each hostile table has a clear error."""
    with pytest.raises(kind, match=message):
        measure_migration(rows, label="value")


def test_choices_that_are_refused() -> None:
    """A fit of another column, an order that lacks a label, levels and matrices that are none."""
    stack = journey()
    fitted = lw.Frequency(window_days=180).fit(stack)
    with pytest.raises(SpecError, match="does not make"):
        measure_migration(HAND, label="value", fitted=fitted)
    with pytest.raises(SpecError, match="2 are not named"):
        measure_migration(HAND, label="value", order=("low",))
    with pytest.raises(SpecError, match="level"):
        measure_migration(HAND, label="value", level=95)
    with pytest.raises(SpecError, match="no matrix"):
        measure_migration(HAND, label="value").matrix(1)


def test_input_unchanged_and_frozen() -> None:
    """The table stays as it was; the result cannot be changed."""
    before = HAND.copy()
    found = measure_migration(HAND, label="value")
    pd.testing.assert_frame_equal(HAND, before)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        found.label = "x"  # type: ignore[misc]
