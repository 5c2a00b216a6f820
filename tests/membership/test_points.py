"""Points: laws against a queue of single lots, refusals, ids, and what is owed."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, DataError, LayerwiseError, SpecError
from layerwise.membership import PointRules, PointsLedger, _queue, _settle, replay_points
from tests.conftest import ENGINES

NAMES = ["event_id", "customer_id", "ts", "kind", "points", "lot"]
START = pd.Timestamp("2024-01-01")
Row = tuple[Any, ...]


def ledger(*rows: Row, **more: Any) -> pd.DataFrame:
    """A ledger of rows (id, customer, day, kind, points[, lot]); day 0 is 2024-01-01."""
    full = [(*row, None)[:6] for row in rows]
    table = pd.DataFrame(full, columns=NAMES).assign(**more)
    return table.assign(ts=START + pd.to_timedelta(table["ts"].astype(int), unit="D"))


def replay(table: pd.DataFrame, day: int = 400, **rules: Any) -> PointsLedger:
    return replay_points(table, as_of=START + pd.Timedelta(day, "D"), rules=PointRules(**rules))


class Purse:
    """The plain way for one customer: a list of lots, each event in turn."""

    def __init__(self, life: int) -> None:
        self.life, self.debt = life, 0
        self.lots: dict[int, list[int]] = {}  # id -> day, earned, left, not yet reversed
        self.sums = dict.fromkeys(("earn", "redeem", "reverse", "expire"), 0)
        self.refused: set[int] = set()

    def balance(self) -> int:
        return sum(lot[2] for lot in self.lots.values()) - self.debt

    def lapse(self, day: int) -> None:
        for lot in self.lots.values():
            if lot[0] + self.life <= day:
                self.sums["expire"] += lot[2]
                lot[2] = 0

    def draw(self, points: int) -> None:
        for lot in self.lots.values():
            part = min(points, lot[2])
            lot[2] -= part
            points -= part
        self.debt += points

    def do(self, event: int, day: int, kind: str, points: int, lot: int | None) -> None:
        self.lapse(day)
        if kind == "earn":
            paid = min(self.debt, points)
            self.debt -= paid
            self.lots[event] = [day, points, points - paid, points]
        elif kind == "redeem":
            if points > self.balance():
                self.refused.add(event)
                return
            self.draw(points)
        else:
            found = self.lots.get(lot) if lot is not None else None
            if found is None or day >= found[0] + self.life:
                self.refused.add(event)
                return
            if points > found[3]:
                self.refused.add(event)
            points = min(points, found[3])
            found[3] -= points
            own = min(points, found[2])
            found[2] -= own
            self.draw(points - own)
        self.sums[kind] += points


events = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 40),
        st.sampled_from(["earn", "earn", "redeem", "reverse"]),
        st.integers(1, 9),
        st.integers(0, 12),
    ),
    max_size=40,
)


def table_of(drawn: list[tuple[int, int, str, int, int]]) -> pd.DataFrame:
    return ledger(*((i, f"c{c}", d, k, p, lot) for i, (c, d, k, p, lot) in enumerate(drawn)))


def by_hand(drawn: list[tuple[int, int, str, int, int]], until: int, life: int) -> dict[str, Purse]:
    purses: dict[str, Purse] = {}
    order = ["earn", "reverse", "redeem"]
    rows = [(c, d, order.index(k), i, k, p, lot) for i, (c, d, k, p, lot) in enumerate(drawn)]
    owner = {i: c for c, _, _, i, k, _, _ in rows if k == "earn"}
    for c, d, _, i, k, p, lot in sorted(rows):
        if d <= until:
            named = lot if owner.get(lot) == c else None
            purses.setdefault(f"c{c}", Purse(life)).do(i, d, k, p, named)
    for purse in purses.values():
        purse.lapse(until)
    return purses


@pytest.mark.parametrize("passes", [0, 1, 40])
@given(events, st.integers(0, 60), st.integers(1, 20))
def test_as_lot_by_lot(
    passes: int, drawn: list[tuple[int, int, str, int, int]], until: int, life: int
) -> None:
    """Balances, sums and refusals are those of a plain queue, at any date, by either way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_queue, "_PASSES", passes)
        patch.setattr(_settle, "_BLOCK", 5 if passes else 1000)
        found = replay(table_of(drawn), until, expiry_days=life)
    purses = by_hand(drawn, until, life)
    rows = found.customers.set_index("customer_id")
    assert sorted(rows.index) == sorted(purses)
    for name, purse in purses.items():
        assert rows.loc[name, "points_balance"] == purse.balance()
        for kind, word in {"earn": "earned", "redeem": "redeemed", "reverse": "reversed",
                           "expire": "expired"}.items():  # fmt: skip
            assert rows.loc[name, f"points_{word}"] == purse.sums[kind]
    assert set(found.refused["event_id"]) == set().union(*(p.refused for p in purses.values()))
    left = {i: lot[2] for purse in purses.values() for i, lot in purse.lots.items()}
    assert dict(zip(found.lots["lot"], found.lots["remaining"], strict=True)) == left


@given(events, st.randoms(use_true_random=False))
def test_any_arrival_order_and_repeats(
    drawn: list[tuple[int, int, str, int, int]], random: Any
) -> None:
    """Shuffled, with repeats, and with its own expiry rows fed back, a ledger says the same."""
    table = table_of(drawn)
    found = replay(table, 60, expiry_days=15)
    mixed = [*range(len(table)), *random.sample(range(len(table)), len(table) // 2)]
    random.shuffle(mixed)
    lapsed = found.entries().query("kind == 'expire'").assign(event_id=None, lot=None)
    again = pd.concat([table.iloc[mixed].astype(object), lapsed[NAMES].astype(object)])
    second = replay(again.assign(ts=pd.to_datetime(again["ts"])), 60, expiry_days=15)
    pd.testing.assert_frame_equal(second.customers, found.customers)
    pd.testing.assert_frame_equal(
        second.refused.astype(object), found.refused.astype(object), check_dtype=False
    )
    assert second.counts["repeats of an event"] == len(table) // 2


FORMS: dict[str, Any] = {
    "of one length": "e{:02d}".format,
    "of any length": lambda i: "e" * (i + 1),
    "too long to be numbers": lambda i: f"{i:02d}" + "x" * 70,
    "numbers far apart": lambda i: (i + 100) * 10**12,
}


@pytest.mark.parametrize(
    ("form", "dtype"),
    [*((form, "as is") for form in FORMS),
     *(("of any length", dtype) for dtype in ("object", "category", "str"))],
)  # fmt: skip
@settings(max_examples=20)
@given(events)
def test_ids_in_any_form(
    form: str, dtype: str, drawn: list[tuple[int, int, str, int, int]]
) -> None:
    """Ids that sort alike give one answer, read together with the lots or apart from them."""
    table = table_of(drawn)
    named = {name: [FORMS[form](int(v)) for v in table[name]] for name in ("event_id", "lot")}
    other = table.assign(**named)
    if dtype != "as is" and len(table):
        other = other.astype({"event_id": object if dtype == "object" else dtype})
        other["lot"] = other["lot"].astype(str if dtype == "str" else object)
    expected, found = (replay(t, 60, expiry_days=15) for t in (table, other))
    pd.testing.assert_frame_equal(found.customers, expected.customers)
    told = ["points", "reversed", "used", "expired", "remaining"]
    pd.testing.assert_frame_equal(found.lots[told], expected.lots[told])
    assert found.refused["reason"].tolist() == expected.refused["reason"].tolist()


@given(events)
def test_balance_at_every_time(drawn: list[tuple[int, int, str, int, int]]) -> None:
    """Earned less redeemed, expired and reversed is the balance, after every row and every day."""
    found = replay(table_of(drawn), 70, expiry_days=15)
    entries = found.entries()
    signed = entries["points"].where(entries["kind"] == "earn", -entries["points"])
    running = signed.groupby(entries["customer_id"]).cumsum()
    assert entries["balance"].tolist() == running.tolist()
    for day in range(0, 70, 7):
        then = replay(table_of(drawn), day, expiry_days=15).customers
        past = entries[entries["ts"] <= START + pd.Timedelta(day, "D")]
        last = past.groupby("customer_id")["balance"].last()
        balance = then.set_index("customer_id")["points_balance"]
        assert balance.to_dict() == dict.fromkeys(balance.index, 0) | last.to_dict()
    assert (entries.loc[entries["kind"] == "redeem", "balance"] >= 0).all()


def test_a_return_takes_its_own_lot() -> None:
    """Taking back the younger lot leaves the older one, which lapses at its own time."""
    rows = [("a", 1, 0, "earn", 100), ("b", 1, 100, "earn", 50), ("r", 1, 110, "reverse", 50, "b")]
    assert replay(ledger(*rows), 364).customers["points_balance"].tolist() == [100]
    assert replay(ledger(*rows), 365).customers["points_balance"].tolist() == [0]


def test_spent_points_taken_back_are_a_debt() -> None:
    """A negative balance is carried, refuses redemptions, and is paid by the next earning."""
    rows = [
        ("a", 1, 0, "earn", 100),
        ("b", 1, 1, "redeem", 80),
        ("c", 1, 2, "reverse", 100, "a"),
        ("d", 1, 3, "redeem", 1),
        ("e", 1, 4, "earn", 90),
    ]
    assert replay(ledger(*rows), 3).customers["points_balance"].tolist() == [-80]
    found = replay(ledger(*rows))
    assert found.refused[["event_id", "reason"]].to_numpy().tolist() == [
        ["d", "more than the balance"]
    ]
    assert replay(ledger(*rows), 5).outstanding == 10


@pytest.mark.parametrize("passes", [0, 40])
def test_a_lot_that_paid_a_debt_is_not_whole(passes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken back of it is drawn from all lots, as of one that was spent from."""
    monkeypatch.setattr(_queue, "_PASSES", passes)
    found = replay(
        ledger(
            ("a", 1, 0, "earn", 10),
            ("b", 1, 1, "redeem", 10),
            ("c", 1, 2, "reverse", 4, "a"),
            ("d", 1, 3, "earn", 10),
            ("e", 1, 4, "reverse", 5, "d"),
            ("f", 1, 5, "redeem", 2),
        ),
        day=6,
    )
    assert found.lots[["reversed", "used", "remaining"]].to_numpy().tolist() == [
        [0, 10, 0],
        [0, 9, 1],
    ]
    assert found.refused["event_id"].tolist() == ["f"]


def test_every_refusal_is_listed_with_its_reason() -> None:
    """Nothing is dropped: each refused row stands in the table with what was refused."""
    rows = [
        ("a", 1, 0, "earn", 10),
        ("b", 1, 0, "earn", 10),
        ("c", 1, 0, "earn", 10),
        ("d", 1, 1, "reverse", 10, "c"),
        ("e", 2, 1, "reverse", 10, "a"),
        ("f", 1, 1, "reverse", 10, "z"),
        ("g", 1, 2, "reverse", 15, "a"),
        ("h", 1, 3, "redeem", 11),
        ("i", 1, 365, "reverse", 5, "b"),
        ("j", 1, 9, "earn", 5),
        ("k", 1, 8, "reverse", 5, "j"),
    ]
    found = replay(ledger(*rows, reason="review"), daily_caps={"review": 2})
    table = found.refused.set_index("event_id")
    assert table["reason"].to_dict() == {
        "c": "beyond the daily cap",
        "d": "lot refused itself",
        "e": "lot of another customer",
        "f": "no such lot",
        "g": "more than its lot earned",
        "h": "more than the balance",
        "i": "lot has lapsed",
        "k": "before its lot",
    }
    assert table.loc["g", "points_refused"] == 5
    assert "refused, no such lot: 1" in str(found)


def test_conflicting_events_are_an_error() -> None:
    """One id with two contents is refused with counts, and no id in the message."""
    with pytest.raises(DataError, match=r"2 ids, in 2 rows(.|\n)*Hint: ") as raised:
        replay(
            ledger(
                ("secret1", 1, 0, "earn", 5),
                ("secret1", 1, 0, "earn", 6),
                ("secret2", 1, 0, "earn", 5),
                ("secret2", 2, 0, "earn", 5),
            )
        )
    assert "secret" not in str(raised.value)


def test_liability_by_month() -> None:
    """What is owed stands under the month in which it lapses; debts are not taken off."""
    rows = [
        ("a", 1, 0, "earn", 100),
        ("b", 2, 5, "earn", 50),
        ("c", 1, 40, "earn", 30),
        ("d", 3, 40, "earn", 9),
        ("e", 3, 41, "redeem", 9),
        ("f", 3, 42, "reverse", 9, "d"),
    ]
    found = replay(ledger(*rows), 50, value_per_point=0.02)
    owed = found.liability()
    assert owed["expires_in"].dt.strftime("%Y-%m").tolist() == ["2024-12", "2025-01", "2025-02"]
    assert owed["points"].tolist() == [100, 50, 30]
    assert owed["value"].sum() == pytest.approx(3.6)
    assert found.outstanding == 180
    never = replay(ledger(*rows), 5000, expiry_days=None)
    assert never.liability()["expires_in"].isna().tolist() == [True]
    assert never.customers["points_lapsing"].sum() == 0


def test_points_to_be_told_of() -> None:
    """Points that lapse within the days to notify, and not before."""
    rows = [("a", 1, 0, "earn", 100), ("b", 1, 60, "earn", 7)]
    for day, lapsing in {334: 0, 335: 100, 364: 100, 365: 0}.items():
        assert replay(ledger(*rows), day).customers["points_lapsing"].tolist() == [lapsing]


@pytest.mark.parametrize("kind", ["pandas", "pandas_arrow", "polars"])
def test_same_everywhere_and_input_kept(kind: str) -> None:
    """Any frame in memory gives the same answer and is not changed."""
    table = ledger(
        ("b", 7, 3, "redeem", 4), ("a", 7, 0, "earn", 10), ("c", 7, 4, "reverse", 2, "a")
    )
    before = table.copy()
    found = replay(ENGINES[kind].make(table))
    pd.testing.assert_frame_equal(table, before)
    assert found.customers["points_expired"].tolist() == [4]


def test_integer_ids_and_float_lots() -> None:
    """A lot column that pandas made floats (7.0 and missing) names integer events."""
    table = ledger((7, 1, 0, "earn", 10, None), (8, 1, 1, "reverse", 10, 7))
    assert table["lot"].dtype == np.float64
    assert replay(table).customers["points_balance"].tolist() == [0]


def test_no_rows() -> None:
    """An empty ledger is no customers and nothing owed."""
    found = replay(ledger())
    assert len(found.customers) == len(found.lots) == len(found.entries()) == 0
    assert len(found.liability()) == 0
    assert found.outstanding == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"points": 0}, "points is not a whole number above 0: 2 of 2"),
        ({"points": 1.5}, "whole number"),
        ({"points": np.nan}, "whole number"),
        ({"points": np.inf}, "2 infinite"),
        ({"points": "5"}, "text, not points"),
        ({"points": 2**60}, "adds up"),
        ({"kind": "gift"}, "earn, redeem, reverse or expire: 2 of 2"),
        ({"kind": 1}, "numbers"),
        ({"event_id": None}, "without event_id: 2 of 2"),
        ({"customer_id": [None, 1]}, "without customer_id: 1 of 2"),
        ({"ts": pd.NaT}, "without a time: 2 of 2"),
        ({"kind": "reverse"}, "name no lot: 2 of 2"),
        ({"ts": "soon"}, "."),
    ],
)
def test_refused(change: dict[str, Any], words: str) -> None:
    """Unusable rows are refused with what is wrong and how many."""
    table = ledger(("a", 1, 0, "earn", 5), ("b", 2, 0, "earn", 5)).assign(**change)
    with pytest.raises(LayerwiseError, match=rf"{words}(.|\n)*Hint: "):
        replay(table)


def test_refused_columns_and_rules() -> None:
    """Missing columns and impossible rules, all at once."""
    table = ledger(("a", 1, 0, "earn", 5))
    with pytest.raises(ColumnsError, match=r"kind(.|\n)*points"):
        replay(table.drop(columns=["kind", "points"]))
    with pytest.raises(ColumnsError, match="reason"):
        replay(table, daily_caps={"review": 3})
    with pytest.raises(SpecError, match=r"expiry_days(.|\n)*daily_caps(.|\n)*value"):
        PointRules(expiry_days=0, daily_caps={"a": -1}, value_per_point=-1)
    with pytest.raises(SpecError, match="PointRules"):
        replay_points(table, as_of="2024-02-01", rules={"expiry_days": 5})  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="as_of"):
        replay_points(table, as_of="soon")


def test_a_debt_counts_from_the_first_row_of_each_customer() -> None:
    """A large debt of one customer does not leak into the next one's points."""
    rows = [
        (1, "a", 0, "earn", 10**9),
        (2, "a", 1, "redeem", 10**9),
        (3, "a", 2, "reverse", 10**9, 1),
        (4, "b", 0, "earn", 5),
        (5, "b", 1, "redeem", 5),
    ]
    assert replay(ledger(*rows), 9).customers["points_balance"].tolist() == [-(10**9), 0]


def test_times_with_a_zone_and_within_a_day() -> None:
    """Aware times count by their own days, and the clock within a day does not matter."""
    rows = [("a", 1, 0, "redeem", 4), ("b", 1, 0, "earn", 10)]
    table = ledger(*rows)
    hours = pd.to_timedelta([8, 20], unit="h")
    aware = table.assign(ts=(table["ts"] + hours).dt.tz_localize("Asia/Shanghai"))
    found = replay_points(aware, as_of=pd.Timestamp("2024-01-01", tz="Asia/Shanghai"))
    assert found.customers["points_balance"].tolist() == [6]
    assert found.as_of == START


@pytest.mark.parametrize("text", [True, False])
def test_ids_of_any_kind(text: bool) -> None:
    """Text and numbers, categories and missing codes give one answer."""
    rows = [(i, i % 7, i % 50, "earn" if i % 3 else "redeem", 1 + i % 5) for i in range(300)]
    table = ledger(*rows)
    expected = replay(table).customers
    change = {"event_id": table["event_id"].astype(str), "customer_id": table["customer_id"]}
    if text:
        change["customer_id"] = table["customer_id"].map("c{}".format).astype("category")
    found = replay(table.assign(**change)).customers
    numbers = expected.columns.drop("customer_id")
    # Redemptions of one day go by id, and ids of text sort otherwise: sums of a day still hold.
    assert found["points_earned"].tolist() == expected["points_earned"].tolist()
    assert (found[numbers].sum().gt(0) | expected[numbers].sum().eq(0)).all()
    back = found["points_earned"] - found["points_redeemed"] - found["points_expired"]
    assert found["points_balance"].tolist() == back.tolist()


def test_dates_that_are_written_another_way() -> None:
    """Days first, as time_format says."""
    table = ledger(("a", 1, 0, "earn", 10)).assign(ts="02/01/2024")
    found = replay_points(table, as_of="2024-12-31", time_format="%d/%m/%Y")
    assert found.lots["earned_on"].tolist() == [pd.Timestamp("2024-01-02")]
