"""Signals without a baseline, each on a table worked by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom

from layerwise.churn import early_warning
from layerwise.churn.incidents import _hypergeometric
from layerwise.errors import DataError
from tests.churn.cases import AS_OF, ago, found, people, rows


def labels(table: pd.DataFrame) -> list[str]:
    """Return a word a customer: flagged, clear or unknown."""
    pairs = zip(table["flagged"], table["not_evaluable"], strict=True)
    return ["unknown" if open_ else "flagged" if flag else "clear" for flag, open_ in pairs]


def test_opting_out() -> None:
    """An opt-out 5 days ago is flagged, one 40 days ago is old, others only view."""
    events = rows(
        (0, 5, "unsubscribe"), (1, 40, "opt_out"), (2, 3, "view"), names="customer_id ts event_type"
    )
    table = found(people(4), "unsubscribe", events=events)
    assert labels(table) == ["flagged", "clear", "clear", "unknown"]
    assert table["since"][0] == ago(5).normalize()
    assert table["value"].iloc[:2].tolist() == [1, 0]


def test_consent_withdrawn() -> None:
    """Rows without a date of withdrawal are consents that hold."""
    consent = rows((0, 5), (1, 60), names="customer_id withdrawn_at")
    assert labels(found(people(2), "consent_withdrawn", consent=consent)) == ["flagged", "clear"]


def test_log_in_failures() -> None:
    """Two failures with no success since: a success the same day or later settles them."""
    events = rows(
        *[(0, 3, "login_failed"), (0, 1, "login_failed"), (0, 4, "login_ok")],
        *[(1, 3, "login_failed"), (1, 3, "login_failed"), (1, 3, "login_ok")],
        *[(2, 3, "login_failed"), (3, 2, "view"), (4, 9, "login_failed"), (4, 8, "login_failed")],
        names="customer_id ts event_type",
    )
    table = found(people(5), "access_failure", events=events)
    assert labels(table) == ["flagged", "clear", "clear", "unknown", "clear"]
    assert table["since"][0] == ago(3).normalize()


def test_a_reset_not_finished() -> None:
    """One that was begun and neither done nor followed by a log-in."""
    events = rows(
        (0, 3, "reset_started"),
        (1, 3, "reset_started"),
        (1, 2, "reset_done"),
        names="customer_id ts event_type",
    )
    assert labels(found(people(2), "reset_unfinished", events=events)) == ["flagged", "clear"]


def test_words_of_leaving() -> None:
    """Terms are found in either language and any case; who did not search cannot be judged."""
    cells = [
        (0, 3, "search", "Refund please"),
        (1, 3, "search", "如何退款"),
        (2, 3, "search", "soap"),
        (3, 50, "search", "refund"),
        (4, 3, "view", None),
    ]
    events = rows(*cells, names="customer_id ts event_type search_term")
    table = found(people(5), "search_shift", events=events)
    assert labels(table) == ["flagged", "flagged", "clear", "unknown", "unknown"]


def test_new_words() -> None:
    """Three of four recent words were not searched before: 0.75 is above 0.5."""
    words = [*["soap", "tea"] * 5, "tea", "wine", "beer", "rum"]
    days = [*range(40, 50), 1, 2, 3, 4]
    cells = [(0, d, "search", w) for d, w in zip(days, words, strict=True)]
    events = rows(*cells, (1, 2, "search", "tea"), names="customer_id ts event_type search_term")
    table = found(people(2), "search_new_words", events=events)
    assert labels(table) == ["flagged", "unknown"]
    assert table["value"][0] == 0.75


def test_low_scores_and_complaints() -> None:
    """2 is low, 3 is not; a complaint counts without a score; old ones do not."""
    cells = [(0, 5, 2, None), (1, 5, 3, None), (2, 5, None, "Complaint: torn"), (3, 45, 1, None)]
    feedback = rows(*cells, names="customer_id ts score text")
    table = found(people(5), "negative_feedback", feedback=feedback)
    assert labels(table) == ["flagged", "clear", "flagged", "unknown", "unknown"]
    assert table["value"].iloc[:2].tolist() == [2, 3]


def mails(customer: int, opened: str) -> list[tuple[int, int, int | None]]:
    """Return sends a week apart, the last one first; x was opened."""
    return [(customer, 7 * i, 7 * i if o == "x" else None) for i, o in enumerate(opened)]


def test_mail_silence() -> None:
    """None of the last five opened after two of the five before; p = C(5, 2) / C(10, 2) = 2/9."""
    sends = [
        *mails(0, ".....x.x.."),
        *mails(1, "....xx.x.."),
        *mails(2, ".....x...."),
        *mails(3, ".....xx"),
    ]
    messages = rows(*sends, names="customer_id sent_at opened_at")
    table = found(people(4), "mail_open_drop", messages=messages)
    assert labels(table) == ["flagged", "clear", "unknown", "unknown"]
    assert table["p"][0] == pytest.approx(2 / 9)
    assert table["since"][0] == ago(28).normalize()


def test_opens_follow_the_hypergeometric_distribution() -> None:
    """Every count of both halves, against scipy."""
    k, b = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
    np.testing.assert_allclose(_hypergeometric(7), hypergeom.cdf(k, 14, k + b, 7))


def test_late_deliveries() -> None:
    """Late, damaged, lost or not there yet among the last two; an older one is past."""
    cells = [
        (0, 10, 8, 0, 0),
        (1, 10, 12, 0, 0),
        (2, 10, 12, 1, 0),
        (3, 10, None, 0, 0),
        (4, 30, 25, 0, 0),
        (4, 20, 21, 0, 0),
        (4, 10, 11, 0, 0),
        (5, -3, None, 0, 0),
        (6, 9, 9, 0, 1),
    ]
    deliveries = rows(*cells, names="customer_id promised_at delivered_at damaged lost")
    table = found(people(7), "late_delivery", deliveries=deliveries)
    assert labels(table) == [
        "flagged",
        "clear",
        "flagged",
        "flagged",
        "clear",
        "unknown",
        "flagged",
    ]


def test_slow_service() -> None:
    """Nine days until solved, ten still open, one solved at once, one slow but long ago."""
    cells = [(0, 20, 11), (1, 10, None), (2, 10, 10), (3, 90, 70), (4, 12, -5)]
    tickets = rows(*cells, names="ticket opened_at resolved_at").rename(
        columns={"ticket": "customer_id"}
    )
    table = found(people(6), "slow_service", tickets=tickets)
    assert labels(table) == ["flagged", "flagged", "clear", "unknown", "flagged", "unknown"]
    assert table["value"][[0, 1, 2, 4]].tolist() == [9, 10, 0, 12]
    assert table["since"][0] == ago(13).normalize()


def test_tickets_solved_before_they_came_are_refused() -> None:
    """With their number, and no id."""
    tickets = rows((0, 5, 9), names="customer_id opened_at resolved_at")
    with pytest.raises(DataError, match="1 of 1 tickets"):
        found(people(1), "slow_service", tickets=tickets)


def test_another_channel_was_cheaper() -> None:
    """Paid 11 where the web asked 10 that day; the price of another day does not count."""
    orders = rows(
        (0, 5, "tea", 22.0, 2),
        (1, 5, "tea", 10.4, 1),
        (2, 20, "tea", 11.0, 1),
        (3, 5, "rum", 9.0, 1),
        names="customer_id ordered_at sku amount quantity",
    )
    prices = rows(
        ("tea", "web", 10, 0, 10.0),
        ("tea", "shop", 90, 0, 11.0),
        names="sku channel valid_from valid_to price",
    )
    table = found(people(4), "price_gap_seen", orders=orders, prices=prices)
    assert labels(table) == ["flagged", "clear", "clear", "unknown"]
    assert table[["value", "baseline", "ratio"]].loc[0].round(2).tolist() == [11.0, 10.0, 1.1]


def test_nothing_after_as_of_is_read() -> None:
    """What comes later changes nothing: openings, answers, arrivals, events."""
    events = rows(
        (0, 5, "view"), (0, -2, "unsubscribe"), (1, 3, "opt_out"), names="customer_id ts event_type"
    )
    tickets = rows((0, 10, -1), (1, 3, 1), names="customer_id opened_at resolved_at")
    later = early_warning(people(2), as_of=AS_OF, events=events, tickets=tickets, quiet=True)
    cut = tickets.assign(resolved_at=tickets["resolved_at"].where(tickets["resolved_at"] < ago(0)))
    now = early_warning(people(2), as_of=AS_OF, events=events[events["ts"] <= ago(0)], tickets=cut)
    pd.testing.assert_frame_equal(later.signals, now.signals)
