"""Service times: medians as lifelines has them, open tickets counted, limits exact."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from lifelines import KaplanMeierFitter

from layerwise.churn import service_times
from layerwise.churn.service_times import median_wait
from layerwise.errors import ColumnsError, DataError, EngineError, RowsLeftOutWarning, SpecError

AS_OF = "2024-03-31"


def tickets(waits: list[float | None], **columns: Any) -> pd.DataFrame:
    """Return tickets opened on 1 March at noon, answered after so many hours."""
    start = pd.Timestamp("2024-03-01 12:00")
    ends = [pd.NaT if w is None else start + pd.Timedelta(hours=w) for w in waits]
    return pd.DataFrame({"opened_at": start, "first_response_at": ends, **columns})


def response(frame: pd.DataFrame, **choices: Any) -> pd.DataFrame:
    """Return the rows of the response."""
    given = {"as_of": AS_OF, "ends": {"response": "first_response_at"}} | choices
    return service_times(frame, **given)


@pytest.mark.parametrize("seed", range(5))
def test_the_median_is_lifelines(seed: int) -> None:
    """Exponential waits, a third still open; the same median to the last digit."""
    rng = np.random.default_rng(seed)
    waits, still = rng.exponential(10, 200).round(1), rng.exponential(20, 200).round(1)
    ended = waits <= still
    fitter = KaplanMeierFitter().fit(np.minimum(waits, still), ended)
    assert median_wait(waits[ended], still[~ended]) == fitter.median_survival_time_


def test_open_tickets_are_not_forgotten() -> None:
    """Three quick answers and four that never came: there is no median, and four are late."""
    row = response(tickets([1, 2, 3, None, None, None, None])).iloc[0]
    assert np.isnan(row["median_hours"])
    assert (row["ended"], row["judged"], row["over_limit"]) == (3, 7, 4)


def test_the_limit_is_within() -> None:
    """A wait of exactly 24 hours is good, one minute more is not."""
    row = response(tickets([24, 24 + 1 / 60])).iloc[0]
    assert (row["over_limit"], row["share_over"]) == (1, 0.5)


def test_young_tickets_cannot_be_judged() -> None:
    """Opened less than the limit ago, even if answered: only old ones count in the share."""
    frame = pd.concat(
        [tickets([30]), tickets([1]).assign(opened_at=pd.Timestamp("2024-03-31 12:00"))]
    )
    frame["first_response_at"] = [frame["first_response_at"].iloc[0], pd.NaT]
    row = response(frame).iloc[0]
    assert (row["tickets"], row["judged"], row["over_limit"]) == (2, 1, 1)


def test_an_end_after_as_of_is_not_there_yet() -> None:
    """What came later was not known then."""
    row = response(tickets([1, 1000]), as_of=pd.Timestamp("2024-03-03")).iloc[0]
    assert (row["ended"], row["over_limit"]) == (1, 1)


def test_segments_and_both_ends() -> None:
    """Each segment sorted, those without one last; both waits by default."""
    frame = tickets([1, 2, 3], topic=["b", None, "a"], resolved_at=[None, None, "2024-03-02"])
    found = service_times(frame, as_of=AS_OF, by="topic")
    assert found["topic"].astype(object).where(found["topic"].notna(), None).tolist() == [
        *("a", "a", "b", "b", None, None)
    ]
    assert found["wait"].tolist() == ["response", "resolution"] * 3
    assert found["median_hours"].tolist()[:3] == [3.0, 12.0, 1.0]


def test_texts_and_zones_are_read() -> None:
    """ISO texts and aware times give the hours between, also over a change of clocks."""
    frame = pd.DataFrame(
        {
            "opened_at": pd.to_datetime(["2024-03-30 23:00"]).tz_localize("Europe/Berlin"),
            "first_response_at": ["2024-03-31T03:00:00+02:00"],
        }
    )
    assert response(frame)["median_hours"].tolist() == [3.0]


def test_unusable_tickets_are_counted() -> None:
    """Without an opening, opened later, ended before they began."""
    never = pd.Series([pd.NaT], dtype=tickets([1])["opened_at"].dtype)
    frame = pd.concat([tickets([1, -1, None]), tickets([1]).assign(opened_at=never)])
    with pytest.warns(RowsLeftOutWarning, match=r"(?s)1 tickets without.*1 tickets with an end"):
        assert response(frame)["tickets"].tolist() == [2]
    with pytest.raises(DataError, match="No ticket can be used"):
        response(tickets([]))


def test_impossible_choices_are_refused() -> None:
    """Limits, moments and columns."""
    frame = tickets([1])
    with pytest.raises(SpecError, match="limit for response"):
        response(frame, limits_hours={"response": 0})
    with pytest.raises(SpecError, match="no limit for call"):
        response(frame, ends={"call": "first_response_at"})
    with pytest.raises(SpecError, match="limits_hours is a str"):
        response(frame, limits_hours="day")
    with pytest.raises(SpecError, match="by= is a int, not the name"):
        response(frame, by=3)
    for moment in ("soon", 7, None):
        with pytest.raises(SpecError, match="as_of"):
            response(frame, as_of=moment)
    with pytest.raises(ColumnsError, match="resolved_at"):
        service_times(frame, as_of=AS_OF)
    with pytest.raises(ColumnsError, match="holds int64"):
        response(frame.assign(first_response_at=3))
    with pytest.raises(DataError, match="no ISO times"):
        response(frame.assign(first_response_at="yesterday"))


def test_time_zones_are_not_mixed() -> None:
    """Columns with and without one, texts of one column, and as_of."""
    aware = "2024-03-01 12:00+01:00"
    for change in ({"first_response_at": aware}, {"opened_at": ["2024-03-01 12:00", aware]}):
        with pytest.raises(DataError, match="zone"):
            response(tickets([1, 2]).assign(**change))
    with pytest.raises(SpecError, match="as_of has a time zone"):
        response(tickets([1]), as_of="2024-03-31T00:00+01:00")


def test_polars_tickets() -> None:
    """Polars times, with a zone too, give the same hours."""
    frame = pl.from_pandas(tickets([3, None]))
    assert response(frame)["median_hours"].tolist() == [3.0]
    zoned = frame.with_columns(pl.all().dt.replace_time_zone("Asia/Shanghai"))
    assert response(zoned)["median_hours"].tolist() == [3.0]


def test_no_ticket_log_at_all() -> None:
    """The error says what was expected."""
    with pytest.raises(EngineError, match="The ticket log is a NoneType"):
        response(None)  # type: ignore[arg-type]
