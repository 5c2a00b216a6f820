"""In what way customers leave: every type is reached, precedence holds, nothing is guessed."""

import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from layerwise import StrategyTable, calibration_holdout, summarize
from layerwise.churn import EVIDENCE, churn_types, feedback_terms, type_table
from layerwise.datasets import load_cdnow
from layerwise.errors import ColumnsError, DataError, LayerwiseError, RowsLeftOutWarning, SpecError
from layerwise.knowledge import items
from layerwise.layers import ChurnStatus
from layerwise.returns import ReturnCurve, fit_returns

AS_OF = "2024-06-30"
LIKELY = ReturnCurve(days=[200.0, 400.0], survival=[0.5, 0.0], last_day=400.0, gaps=9, open_gaps=1)


def customers(**columns: Any) -> pd.DataFrame:
    """Return one churned customer, silent for 100 days, with some columns."""
    usual = {"customer_id": ["a"], "days_since_last": [100], "churn": ["churned"]}
    return pd.DataFrame(usual | {name: [value] for name, value in columns.items()})


def one(frame: Any, **tables: Any) -> pd.Series:
    """Return the new columns of the first customer."""
    return churn_types(frame, as_of=AS_OF, **tables).customers.iloc[0]


def log(time: str = "ts", **columns: Any) -> pd.DataFrame:
    """Return entries of the customer in the days before as_of."""
    n = max(len(values) for values in columns.values())
    days = pd.date_range("2024-05-01", periods=n).astype("datetime64[us]")
    return pd.DataFrame({"customer_id": ["a"] * n, time: days, **columns})


EVENTS = log(event_type=["login_failed", "login_failed"])
REACHED = {
    "channel_moved": (customers(active_elsewhere=True), {}),
    "passive_deceased": (customers(deceased_at="2024-05-05"), {}),
    "passive_bankrupt": (customers(payment_refused=1), {}),
    "passive_access": (customers(), {"events": EVENTS}),
    "passive": (customers(contact_bounced=True), {}),
    "active_better_elsewhere": (customers(), {"feedback": log(code=["rival_offer_better"])}),
    "active_dissatisfied": (customers(), {"feedback": log(text=["物流太慢了"])}),
    "active": (customers(unsubscribed_at="2024-06-30"), {}),
    "reversible_travel": (customers(), {"feedback": log(text=["I am on a business trip"])}),
    "reversible_hardship": (customers(hard_times=1), {}),
    "reversible": (customers(), {"returns": LIKELY}),
    "partial": (customers(churn="active", dropped_categories=2), {}),
    "unclassified": (customers(), {}),
}


@pytest.mark.parametrize("rule", list(REACHED))
def test_every_type_is_reached(rule: str) -> None:
    """A customer made for the row gets it, with its label, initiator and strategies."""
    frame, tables = REACHED[rule]
    found, row = one(frame, **tables), type_table().set_index("id").loc[rule]
    assert found["churn_rule"] == rule
    assert found["churn_type"] == row["type"]
    assert found["response_strategies"] == row["response_strategies"]
    if row["reversible"] != "n/a":
        assert found["initiator"] == row["initiator"]


def test_no_type_is_forgotten() -> None:
    """The cases above are the rows of the table."""
    assert set(REACHED) == set(type_table()["id"])


def test_precedence_decides_and_evidence_tells_all() -> None:
    """Who died did not leave because of the log-in; both rules are told, in order."""
    found = one(customers(deceased=True, closed=1), events=EVENTS, returns=LIKELY)
    assert found["churn_rule"] == "passive_deceased"
    assert found["evidence"] == "passive_deceased;passive_access;active;reversible"
    assert found["reversible"] == "no"
    assert np.isnan(found["p_return"])


def test_reversible_is_raised_by_a_likely_return_only() -> None:
    """An opted-out customer may return; with P(return) of 0.3 or more the answer is yes."""
    optout = customers(unsubscribed=True)
    assert one(optout)["reversible"] == "maybe"
    assert one(optout, returns=LIKELY)["reversible"] == "yes"
    assert one(optout, returns=LIKELY)["p_return"] == 1.0
    assert one(optout, returns=LIKELY, horizon_days=110)["p_return"] == 0.5
    assert one(optout, returns=LIKELY, horizon_days=50)["reversible"] == "maybe"


def test_without_evidence_nothing_is_guessed() -> None:
    """No curve: unknown, P missing. A curve that says no return: maybe, P is 0."""
    found = one(customers())
    assert (found["initiator"], found["reversible"]) == ("unknown", "unknown")
    assert found[["evidence", "p_return"]].isna().all()
    near = one(customers(), returns=LIKELY, horizon_days=50)
    assert (near["churn_type"], near["reversible"], near["p_return"]) == (
        "unclassified",
        "maybe",
        0,
    )


def test_a_status_that_is_not_churned() -> None:
    """Buyers are not churned, the unjudged are not judged, a missing status stays missing."""
    frame = pd.concat([customers(churn=s) for s in ("active", "lapsing", "not_evaluable", None)])
    frame["customer_id"] = list("abcd")
    found = churn_types(frame.assign(deceased=True), as_of=AS_OF).customers
    expected = ["not_churned", "not_churned", "not_evaluable", None]
    assert found["churn_type"].astype(object).where(found["churn_type"].notna(), None).tolist() == (
        expected
    )
    assert found[["churn_rule", "initiator", "reversible", "evidence"]].isna().all(axis=None)


def test_status_may_be_true_or_false() -> None:
    """A column of true and false is a status too; other numbers and words are none."""
    assert one(customers(churn=True))["churn_type"] == "unclassified"
    assert one(customers(churn=0))["churn_type"] == "not_churned"
    for wrong in (2, "gone"):
        with pytest.raises(DataError, match="1 of 1 customers is no churn status") as error:
            one(customers(churn=wrong))
        assert "gone" not in str(error.value)


def test_what_is_later_or_long_ago_does_not_count() -> None:
    """Flags after as_of, and tickets more than 60 days before the last order, are not read."""
    assert one(customers(closed_at="2024-07-01"))["churn_type"] == "unclassified"
    old = pd.DataFrame({"customer_id": ["a"], "opened_at": ["2024-01-21"], "csat": [1]})
    assert one(customers(), tickets=old)["churn_type"] == "unclassified"
    assert one(customers(), tickets=old, lookback_days=61)["churn_type"] == "active"


def test_tickets_speak() -> None:
    """Open, slow, ill-rated and complaining tickets are dissatisfaction; a good one is none."""
    good = log("opened_at", resolved_at=["2024-05-03"], csat=[5], topic=["size"])
    assert one(customers(), tickets=good)["churn_type"] == "unclassified"
    for change in (
        {"resolved_at": [None]},
        {"resolved_at": ["2024-05-09"]},
        {"csat": [2]},
        {"topic": ["投诉"]},
    ):
        assert one(customers(), tickets=good.assign(**change))["churn_type"] == "active"


def test_a_login_that_works_ends_the_failures() -> None:
    """Two failures, then a success: no access was lost. A reset begun and not done: it was."""
    kinds = ["login_failed", "login_failed", "login_ok"]
    assert one(customers(), events=log(event_type=kinds))["churn_type"] == "unclassified"
    kinds = ["login_ok", "reset_started"]
    assert one(customers(), events=log(event_type=kinds))["churn_rule"] == "passive_access"
    kinds = ["reset_started", "reset_done"]
    assert one(customers(), events=log(event_type=kinds))["churn_type"] == "unclassified"


def orders(days: list[str], amounts: list[float] | None = None) -> pd.DataFrame:
    """Return orders of the customer."""
    usual = amounts or [10.0] * len(days)
    return pd.DataFrame({"customer_id": "a", "ordered_at": pd.to_datetime(days), "amount": usual})


def test_a_past_gap_that_ended_makes_hope() -> None:
    """Silent for 100 days now; 101 days once ended in an order, 99 would not do."""
    for day, expected in (("2023-12-12", "reversible"), ("2023-12-14", "unclassified")):
        found = one(customers(), orders=orders([day, "2024-03-22"]), likely_return=1.0)
        assert found["churn_type"] == expected


def test_shrinking_baskets_are_hardship() -> None:
    """The last three orders bring half of what those before did."""
    days = ["2024-03-01", "2024-03-04", "2024-03-08", "2024-03-12", "2024-03-16", "2024-03-22"]
    for last, expected in ((20.0, "reversible_hardship"), (21.0, "unclassified")):
        log_ = orders(days, [40.0, 40.0, 40.0, last, last, last])
        assert one(customers(), orders=log_, likely_return=1.0)["churn_rule"] == expected


def test_a_table_of_another_date_is_refused() -> None:
    """The silence of the table is compared with the log's."""
    with pytest.raises(DataError, match=r"1 of 1 customers are not those of the order log"):
        one(customers(), orders=orders(["2024-01-01", "2024-05-22"]))


def test_rows_left_out_are_counted() -> None:
    """Entries of strangers and of later days."""
    events = pd.concat([EVENTS, EVENTS.assign(customer_id="b"), EVENTS.assign(ts="2024-08-01")])
    events["ts"] = pd.to_datetime(events["ts"])
    with pytest.warns(RowsLeftOutWarning, match=r"(?s)2 rows dated after.*2 rows of customers"):
        one(customers(), events=events)


def test_an_own_table_reads_own_columns() -> None:
    """A rule may read any column of the customer table; one that is nowhere is refused."""
    table = type_table()
    table.loc[table["id"] == "active", "rule"] = "exit_reason == 'bored'"
    assert one(customers(exit_reason="bored"), table=table)["churn_rule"] == "active"
    with pytest.raises(ColumnsError, match="exit_reason: neither evidence nor"):
        one(customers(), table=table)


def test_evidence_given_twice_is_refused() -> None:
    """A column of the table and the same from a log; a flag and its date."""
    with pytest.raises(ColumnsError, match="failed_logins: in the customer table and made"):
        one(customers(failed_logins=1), events=EVENTS)
    with pytest.raises(ColumnsError, match="both closed and closed_at"):
        one(customers(closed=True, closed_at="2024-05-05"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"deceased": 7}, "neither"),
        ({"deceased": "perhaps"}, "deceased"),
        ({"days_since_last": -1}, "negative days_since_last"),
        ({"customer_id": None}, "without an id"),
    ],
)
def test_impossible_tables_are_refused(change: dict[str, Any], error: str) -> None:
    """With an error that names the column."""
    with pytest.raises(LayerwiseError, match=error):
        one(customers().assign(**change))


@pytest.mark.parametrize(
    "choice",
    [
        {"horizon_days": 0},
        {"likely_return": 0},
        {"lookback_days": -1},
        {"returns": 0.5},
        {"by": "region"},
        {"status": 3},
        {"as_of": "soon"},
    ],
)
def test_impossible_choices_are_refused(choice: dict[str, Any]) -> None:
    """Each is named."""
    name = next(iter(choice))
    with pytest.raises(SpecError, match="named by text" if name == "status" else name):
        churn_types(customers(), **({"as_of": AS_OF, "events": EVENTS} | choice))


def test_misspelt_causes_are_refused() -> None:
    """A rule about a cause that no term table has; causes of one's own terms are known."""
    table = type_table()
    table.loc[table["id"] == "active", "rule"] = "says_boredom > 0"
    with pytest.raises(ColumnsError, match="says_boredom: neither"):
        one(customers(), table=table)
    terms = pd.DataFrame({"id": ["boredom"], "terms_en": ["bored"]})
    said = log(text=["I am bored"])
    assert one(customers(), table=table, terms=terms, feedback=said)["churn_rule"] == "active"


def test_an_empty_table_stays_empty() -> None:
    """No customers, no types, and every column is there."""
    found = churn_types(customers().head(0), as_of=AS_OF)
    assert len(found.customers) == 0
    assert "response_strategies" in found.customers
    assert found.rules["holds"].sum() == 0


def test_polars_in_polars_out() -> None:
    """The same kind of table, with the same labels."""
    found = churn_types(pl.from_pandas(customers(closed=True)), as_of=AS_OF).to_frame()
    assert isinstance(found, pl.DataFrame)
    assert found["churn_type"].to_list() == ["active"]


def test_notices_point_at_the_reader_of_the_result() -> None:
    """At the line that called, for a log of events, orders and codes."""
    late = orders(["2024-03-22", "2024-08-01"])
    strange = log(code=["boredom"])
    for tables in (
        {"events": pd.concat([EVENTS, EVENTS.assign(customer_id="b")])},
        {"orders": pd.concat([orders(["2024-01-01"]), late]), "horizon_days": 1},
        {"feedback": strange},
    ):
        with pytest.warns(RowsLeftOutWarning) as notices:
            churn_types(customers(), as_of=AS_OF, **tables)
        assert notices[0].filename == __file__


def test_causes_of_the_rules_have_terms() -> None:
    """A packaged rule asks only for causes that the packaged terms can find."""
    asked = {name for rule in type_table()["rule"] for name in re.findall(r"says_(\w+)", rule)}
    assert len(asked) > 20
    assert asked <= set(feedback_terms()["id"])


def test_responses_are_strategies() -> None:
    """Every strategy that a type names is in the strategy table, and every rule reads evidence."""
    known = {row.id for row in StrategyTable.default().rows}
    named = {s for cell in type_table()["response_strategies"] for s in items(cell)}
    assert named <= known
    read = set(re.findall(r"[a-z_]+(?= [=<>])", " ".join(type_table()["rule"])))
    assert {name for name in read if not name.startswith("says_")} <= set(EVIDENCE)


def history(as_of: str, **choices: Any) -> pd.DataFrame:
    """Return CDNOW's customers with their status."""
    table = summarize(load_cdnow(), as_of=as_of, amount=None, **choices)
    return ChurnStatus().fit(table).transform(table)


def share_gap(p: np.ndarray, returned: np.ndarray) -> float:
    """Return the mean difference of said and seen over tenths of p, weighted by customers."""
    band = pd.qcut(p, 10, labels=False, duplicates="drop")
    seen = pd.DataFrame({"p": p, "seen": returned}).groupby(band).agg(["mean", "size"])
    differ = (seen["p", "mean"] - seen["seen", "mean"]).abs()
    return float((differ * seen["p", "size"]).sum() / seen["p", "size"].sum())


@pytest.mark.filterwarnings("ignore::layerwise.errors.RowsLeftOutWarning")
def test_p_return_is_calibrated_on_cdnow() -> None:
    """A year on, by tenth: by order number within 2.5 points on average, one curve is 5 off."""
    log_ = load_cdnow()
    then = calibration_holdout(log_, split="1997-06-30", end="1998-06-30", amount=None)
    then = ChurnStatus().fit(then).transform(then)
    gone = (then["churn"] == "churned").to_numpy()
    returned = (then["holdout_orders"] > 0).to_numpy()[gone]
    gap: dict[str | None, float] = {}
    for by in ("order_number", None):
        kept = churn_types(
            history("1998-06-30"), as_of="1998-06-30", orders=log_, amount=None, by=by
        )
        past = churn_types(then, as_of="1997-06-30", orders=log_, amount=None, returns=kept)
        p = past.customers["p_return"].to_numpy()[gone]
        known = ~np.isnan(p)
        assert known.mean() > 0.99
        gap[by] = share_gap(p[known], returned[known])
    assert gap["order_number"] < 0.025
    assert gap[None] > 0.05


def test_row_order_changes_nothing() -> None:
    """Orders and customers in any order give the same columns."""
    log_, table = load_cdnow(), history("1998-06-30")
    given = {"as_of": "1998-06-30", "amount": None}
    first = churn_types(table, orders=log_, **given).customers
    mixed = churn_types(
        table.sample(frac=1, random_state=1), orders=log_.sample(frac=1, random_state=2), **given
    ).customers.loc[first.index]
    pd.testing.assert_frame_equal(first, mixed)


def test_every_type_of_gap_is_learned_apart() -> None:
    """The gap after the first order is longer than that after the fifth."""
    found = churn_types(history("1998-06-30"), as_of="1998-06-30", orders=load_cdnow(), amount=None)
    assert list(found.curves) == ["1", "2", "3", "4", "5", "6+"]
    assert sum(c.gaps for c in found.curves.values()) == found.curve.gaps  # type: ignore[union-attr]
    chance = [c.p_return([60], horizon_days=90)[0] for c in found.curves.values()]
    assert chance[0] < chance[2] < chance[5]


def test_a_small_log_has_fewer_curves() -> None:
    """Without 100 gaps there is one curve, that of all of them."""
    log_ = orders(["2024-03-01", "2024-03-08", "2024-03-22"])
    found = churn_types(customers(), as_of=AS_OF, orders=log_, horizon_days=1)
    expected = fit_returns(np.array([7, 14]), np.array([100]))
    assert found.curves == {}
    assert found.curve == expected
