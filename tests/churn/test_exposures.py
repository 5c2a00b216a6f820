"""Exposures from logs: the window, what counts, who is unknown."""

from typing import Any

import pandas as pd
import polars as pl
import pytest

from layerwise.churn import Exposure, add_exposures
from layerwise.errors import ColumnsError, RowsLeftOutWarning, SpecError

WINDOW: dict[str, Any] = {"start": "2024-03-01", "end": "2024-05-31"}
CUSTOMERS = pd.DataFrame({"customer_id": [3, 1, 2]}, index=[7, 8, 9])


def tickets() -> pd.DataFrame:
    """Return tickets: 1 waits 5 and 40 hours, 2 waits 50 before the window, 3 after it."""
    return pd.DataFrame(
        {
            "customer_id": [1, 1, 2, 3],
            "opened_at": pd.to_datetime(
                ["2024-03-01", "2024-05-31 23:00", "2024-02-29", "2024-06-01"], format="ISO8601"
            ),
            "hours": [5.0, 40, 50, 60],
            "topic": ["stockout", "parcel", "stockout", None],
        }
    )


def exposed(**choices: Any) -> list[Any]:
    """Return who of 3, 1, 2 was exposed."""
    spec = Exposure(**({"log": tickets(), "time": "opened_at"} | choices))
    return add_exposures(CUSTOMERS, {"x": spec}, **WINDOW)["x"].tolist()


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({}, [False, True, False]),
        ({"times": 2}, [False, True, False]),
        ({"times": 3}, [False, False, False]),
        ({"column": "hours", "above": 24}, [False, True, False]),
        ({"column": "hours", "above": 40}, [False, False, False]),
        ({"column": "hours", "at_most": 5}, [False, True, False]),
        ({"column": "topic", "one_of": ("stockout",)}, [False, True, False]),
        ({"column": "topic", "one_of": ["refund"]}, [False, False, False]),
        ({"column": "hours", "above": 99, "seen_only": True}, [pd.NA, False, pd.NA]),
    ],
)
def test_what_counts(choices: dict[str, Any], expected: list[Any]) -> None:
    """The days of the window count, both ends included; edges belong to the lower side."""
    assert exposed(**choices) == expected


def test_days_after_a_promise() -> None:
    """Late is a later day, or more days later; a parcel still under way does not count."""
    log = pd.DataFrame(
        {
            "customer_id": [1, 2, 3],
            "promised_at": pd.to_datetime(["2024-05-01", "2024-05-01", None]),
            "at": pd.to_datetime(["2024-05-01 22:00", "2024-05-04 09:00", "2024-05-05 09:00"]),
        }
    )
    assert exposed(log=log, time="at", after="promised_at") == [False, False, True]
    assert exposed(log=log, time="at", after="promised_at", above=3) == [False, False, False]


def test_polars_gives_polars_and_pandas_keeps_its_index() -> None:
    """The same flags; unknown is null."""
    spec = Exposure(log=pl.from_pandas(tickets()), time="opened_at", seen_only=True)
    ours = add_exposures(pl.from_pandas(CUSTOMERS), {"x": spec}, **WINDOW)
    assert ours["x"].to_list() == [None, True, None]
    assert ours["x"].dtype == pl.Boolean
    assert add_exposures(CUSTOMERS, {"x": spec}, **WINDOW).index.tolist() == [7, 8, 9]


def test_strangers_are_told() -> None:
    """Rows of customers whom the table does not have are counted."""
    log = pd.concat([tickets(), tickets().assign(customer_id=99)])
    with pytest.warns(RowsLeftOutWarning, match="3 rows of customers whom"):
        assert exposed(log=log) == [False, True, False]


@pytest.mark.parametrize(
    ("choices", "match"),
    [
        ({"column": "hours", "after": "opened_at"}, "exclude each other"),
        ({"above": 3}, "judge a column"),
        ({"column": "hours"}, "needs above"),
        ({"column": "hours", "above": 1, "one_of": ("a",)}, "exclude"),
        ({"after": "opened_at", "one_of": ("a",)}, "days are judged"),
        ({"column": "hours", "above": "x"}, "must be numbers"),
        ({"column": "topic", "one_of": "stockout"}, "tuple of texts"),
        ({"times": 0}, "times must"),
    ],
)
def test_impossible_exposures(choices: dict[str, Any], match: str) -> None:
    """Choices that do not fit together are refused."""
    with pytest.raises(SpecError, match=match):
        exposed(**choices)


def test_refused() -> None:
    """Wrong windows, names and kinds of columns."""
    spec = Exposure(log=tickets(), time="opened_at")
    with pytest.raises(SpecError, match="ends before"):
        add_exposures(CUSTOMERS, {"x": spec}, start="2024-05-31", end="2024-05-01")
    with pytest.raises(ColumnsError, match="has already: customer_id"):
        add_exposures(CUSTOMERS, {"customer_id": spec}, **WINDOW)
    with pytest.raises(SpecError, match="must map"):
        add_exposures(CUSTOMERS, {"x": tickets()}, **WINDOW)  # type: ignore[dict-item]
    with pytest.raises(ColumnsError, match="weight"):
        exposed(column="weight", above=1)
    with pytest.raises(ColumnsError, match="holds numbers"):
        exposed(column="hours", one_of=("a",))
    with pytest.raises(ColumnsError, match="holds text"):
        exposed(column="topic", above=1)
