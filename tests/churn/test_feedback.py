"""Feedback coded by terms: several causes, unknown stays unknown, shares with intervals."""

from typing import Any

import pandas as pd
import polars as pl
import pytest

from layerwise.churn import code_feedback
from layerwise.errors import ColumnsError, EngineError, RowsLeftOutWarning, SpecError

SAID = pd.DataFrame(
    {
        "text": ["太贵了，快递慢", "Great!", None, "  ", "delivery is slow", "not expensive"],
        "shop": ["b", "b", "b", "a", "a", None],
    }
)


def causes(frame: Any, **choices: Any) -> list[str | None]:
    """Return the causes of each row."""
    found = code_feedback(frame, **choices).feedback["causes"].astype(object)
    return found.where(found.notna(), None).tolist()


def test_texts_name_causes() -> None:
    """In the table's order; unknown where nothing is found, missing where nothing is said."""
    expected = ["price_high;delivery_slow", "unknown", None, None, "delivery_slow", "unknown"]
    assert causes(SAID) == expected


def test_shares_by_segment() -> None:
    """Texts are counted once a cause; the interval is Wilson's: 0.0945 to 0.9055 of 1 in 2."""
    shares = code_feedback(SAID, by="shop").shares
    assert shares["shop"].astype(object).where(shares["shop"].notna(), None).tolist() == [
        *("a",) * 3,
        *("b",) * 3,
        *(None,) * 3,
    ]
    row = shares[(shares["shop"] == "b") & (shares["cause"] == "unknown")].iloc[0]
    assert (row["texts"], row["of"], row["share"]) == (1, 2, 0.5)
    assert (row["low"], row["high"]) == pytest.approx((0.0945312, 0.9054688))


def test_the_coder_says_that_it_is_experimental() -> None:
    """Until someone has compared it."""
    assert code_feedback(SAID).experimental


def test_codes_count_beside_texts() -> None:
    """An exit survey's ids; strange ones are counted and unknown."""
    frame = SAID.head(3).assign(code=["price_high", "site_slow; price_high", "user_deceased"])
    expected = ["price_high;delivery_slow", "price_high;site_slow", "user_deceased"]
    assert causes(frame, code="code") == expected
    assert causes(frame, text=None, code="code")[0] == "price_high"
    with pytest.warns(RowsLeftOutWarning, match="1 of 3 rows") as notices:
        assert causes(frame.assign(code=["secret", None, None]), text=None, code="code") == [
            *("unknown", None, None)
        ]
    assert "secret" not in str(notices[0].message)


def test_own_terms_may_be_many() -> None:
    """More than 64 causes, and the combinations of far-apart ones."""
    table = pd.DataFrame({"id": [f"c{i}" for i in range(130)]})
    table["terms_en"] = [f"word{i}" for i in range(130)]
    frame = pd.DataFrame({"text": ["word0 word64 word129", "word129", "word1290", "word64"]})
    assert causes(frame, table=table) == ["c0;c64;c129", "c129", "unknown", "c64"]


def test_empty_and_silent_tables() -> None:
    """No rows, and rows without a word, give no shares."""
    for frame in (SAID.head(0), SAID.iloc[2:4], SAID.assign(text=float("nan"))):
        found = code_feedback(frame, by="shop")
        assert len(found.shares) == 0
        assert len(found.feedback) == len(frame)


def test_polars_in_polars_out() -> None:
    """The same kind of table."""
    found = code_feedback(pl.from_pandas(SAID)).feedback
    assert isinstance(found, pl.DataFrame)
    assert found["causes"].to_list() == causes(SAID)


def test_wrong_columns_are_refused() -> None:
    """A column that lacks, numbers for texts, no column at all."""
    with pytest.raises(ColumnsError, match="words"):
        code_feedback(SAID, text="words")
    with pytest.raises(ColumnsError, match="numbers"):
        code_feedback(SAID.assign(text=7))
    with pytest.raises(SpecError, match="named by text"):
        code_feedback(SAID, text=3)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="The feedback is a NoneType"):
        code_feedback(None)
    with pytest.raises(SpecError, match="neither"):
        code_feedback(SAID, text=None)
