"""Who may be written to by which channel: consent by channel, and channels that are quiet."""

import pandas as pd
import pytest

from layerwise.errors import ColumnsError, ColumnsLeftOutWarning, RowsLeftOutWarning, SpecError
from layerwise.strategy import Strategy, StrategyTable

ROWS = [
    ("mail", "email"),
    ("both", "email;sms"),
    ("call", "phone"),
    ("any", ""),
]
TABLE = StrategyTable(
    rows=[
        Strategy(id=i, axis="tier", segment="top", action=i, priority=k, channel=channel)
        for k, (i, channel) in enumerate(ROWS)
    ]
    + [Strategy(id="duty", axis="tier", segment="top", action="x", priority=9, theme="compliance")]
)
FRAME = pd.DataFrame({"customer_id": [1], "tier": ["top"], "mail": [True], "text": [False]})


def sent(**choices):
    """Return strategy -> channel of the one customer's plan."""
    plan = TABLE.plan(FRAME, cap=9, axes=["tier"], **choices)
    return dict(zip(plan["strategy_id"], plan["channel"], strict=True))


def test_without_consent_every_channel_is_open():
    """No consent asked, no channel closed: the rows as they stand."""
    assert sent() == {**dict(ROWS), "duty": ""}


def test_consent_by_channel_denies_what_it_does_not_name():
    """Only mail is agreed to: sms goes from the row, calls go, and no channel means mail."""
    want = {"mail": "email", "both": "email", "any": "email", "duty": ""}
    assert sent(consent={"email": "mail", "sms": "text"}) == want


def test_no_channel_agreed_to_leaves_duties():
    """Who agreed to nothing gets duties alone, and is counted."""
    counts = TABLE.plan_counts(FRAME, axes=["tier"], consent={"sms": "text"})
    assert sent(consent={"sms": "text"}) == {"duty": ""}
    assert (counts.no_consent, counts.unreached) == (1, 4)


def test_quiet_channels_are_not_used():
    """A quiet channel goes from its rows, and rows with no other go."""
    assert sent(quiet=["email"]) == {"both": "sms", "call": "phone", "any": "", "duty": ""}
    want = {"duty": ""}
    assert sent(quiet=["email"], consent={"email": "mail"}) == want


def test_channels_are_taken_before_the_cap():
    """A row that cannot be sent takes no place of the cap."""
    plan = TABLE.plan(FRAME, cap=1, axes=["tier"], quiet=["email"])
    assert plan["strategy_id"].tolist() == ["both"]


def test_missing_consent_is_none():
    """A missing cell agrees to nothing."""
    frame = FRAME.assign(mail=[None])
    with pytest.warns(RowsLeftOutWarning, match="1 have not consented"):
        TABLE.without(["duty"]).plan(frame, axes=["tier"], consent={"email": "mail"})


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        ({"consent": {}}, SpecError),
        ({"consent": {5: "mail"}}, SpecError),
        ({"consent": {"email": "nope"}}, ColumnsError),
        ({"consent": {"email": "tier"}}, ColumnsError),
        ({"quiet": "email"}, SpecError),
        ({"quiet": [5]}, SpecError),
        ({"quiet": None}, SpecError),
    ],
)
def test_impossible_channels(choice, kind):
    """Each choice that cannot be is refused."""
    with pytest.raises(kind):
        sent(**choice)


def test_a_channel_of_no_row_is_told():
    """A misspelt channel is counted and the nearest of the table asked for."""
    with pytest.warns(ColumnsLeftOutWarning) as told:
        sent(consent={"mail": "mail", "sms": "text", "pigeon": "text"})
    text = str(told[0].message)
    assert "2 of 3 channels of consent occur in no row" in text
    assert "'mail' (did you mean 'email'?), 'pigeon'." in text
    assert "as the table does: email, phone, sms." in text
    assert told[0].filename == __file__


def test_known_channels_are_quiet():
    """Channels of the table, `all`, one column, and a table without channels tell nothing."""
    sent(consent={"email": "mail", "all": "text"})
    sent(consent="mail")
    row = Strategy(id="any", axis="tier", segment="top", action="x", priority=1)
    bare = StrategyTable(rows=[row])
    assert len(bare.plan(FRAME, axes=["tier"], consent={"mail": "mail"})) == 1
