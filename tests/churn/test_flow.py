"""The customer flow adds up, exactly and always."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.churn import customer_flow
from layerwise.churn.flow import check_flow
from layerwise.errors import ColumnsError, DataError, EngineError
from tests.conftest import ENGINES

DATES = ["2024-01-31", "2024-02-29", "2024-03-31"]
LABELS = ["active", "lapsing", "churned", "not_evaluable"]


def table(*rows: tuple[int, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "as_of", "churn"])


def test_by_hand() -> None:
    """One stays, one leaves, one returns, one comes, one comes and leaves, one is erased."""
    first, second = DATES[:2]
    found = customer_flow(
        table(
            (1, first, "active"), (1, second, "lapsing"),
            (2, first, "active"), (2, second, "churned"),
            (3, first, "churned"), (3, second, "active"),
            (4, second, "not_evaluable"),
            (5, second, "churned"),
            (6, first, "lapsing"),
        )
    )  # fmt: skip
    counts = found.iloc[0, 2:].to_dict()
    expected = {"start": 3, "new": 2, "returned": 1, "churned": 2, "removed": 1, "end": 3}
    assert counts == expected
    assert found.loc[0, "to"] == pd.Timestamp("2024-02-29")


cells = st.dictionaries(
    st.tuples(st.integers(0, 15), st.sampled_from(DATES)), st.sampled_from(LABELS), min_size=2
).filter(lambda found: len({date for _, date in found}) > 1)


@given(cells, st.integers(0, 99))
def test_it_always_balances(statuses: dict[tuple[int, str], str], seed: int) -> None:
    """Whoever comes, goes and is erased; the ends are those of the statuses; order is nothing."""
    rows = table(*((who, date, label) for (who, date), label in statuses.items()))
    flow = customer_flow(rows)
    left = flow["start"] + flow["new"] + flow["returned"] - flow["churned"] - flow["removed"]
    assert left.tolist() == flow["end"].tolist()
    active = rows[rows["churn"] != "churned"].groupby("as_of").size()
    days = sorted(rows["as_of"].unique())
    assert flow["start"].tolist() == [active.get(day, 0) for day in days[:-1]]
    assert flow["end"].tolist() == [active.get(day, 0) for day in days[1:]]
    pd.testing.assert_frame_equal(customer_flow(rows.sample(frac=1, random_state=seed)), flow)
    pd.testing.assert_frame_equal(check_flow(flow), flow)


def test_real_data_from_snapshots() -> None:
    """CDNOW: statuses of one rule at four dates; nobody is new after March, nobody is removed."""
    months = lw.snapshots(
        lw.datasets.load_cdnow(),
        as_of=["1997-06-30", "1997-09-30", "1997-12-31", "1998-03-31"],
        amount=None,
    )
    rule = lw.ChurnStatus().fit(months[months["as_of"] == "1997-06-30"])
    flow = customer_flow(rule.transform(months))
    assert flow["new"].tolist() == flow["removed"].tolist() == [0, 0, 0]
    assert (flow["churned"] > 0).all()
    assert (flow["returned"] > 0).all()


def test_polars_gives_the_same() -> None:
    """Dates as dates or ISO texts, pandas or Polars."""
    rows = table((1, DATES[0], "active"), (1, DATES[1], "churned"))
    flow = customer_flow(rows)
    dated = rows.assign(as_of=pd.to_datetime(rows["as_of"]))
    pd.testing.assert_frame_equal(customer_flow(ENGINES["polars"].make(dated)), flow)
    with pytest.raises(EngineError, match="collect"):
        customer_flow(ENGINES["polars_lazy"].make(dated))


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([(1, DATES[0], "active")], DataError, "holds 1"),
        ([(1, DATES[0], "active")] * 2 + [(1, DATES[1], "active")], DataError, "1 of 3 rows"),
        ([(1, DATES[0], "active"), (1, DATES[1], "gone")], DataError, "1 of 2 rows"),
        ([(1, DATES[0], "active"), (1, DATES[1], None)], DataError, "1 of 2 rows"),
        ([(1, DATES[0], 1), (1, DATES[1], 0)], ColumnsError, "holds numbers"),
        ([(1, [], "active"), (1, [], "active")], ColumnsError, "no dates"),  # type: ignore[list-item]
        ([(None, DATES[0], "active"), (1, DATES[1], "active")], DataError, "no customer id"),
        ([(1, None, "active"), (1, DATES[1], "active")], DataError, "no date"),
    ],
)
def test_refused(rows: list[tuple[int, str, str]], error: type[Exception], words: str) -> None:
    """What cannot be followed is counted, without an id or a value."""
    with pytest.raises(error, match=words) as caught:
        customer_flow(table(*rows))
    assert "gone" not in str(caught.value)


def test_refused_tables() -> None:
    """No rows, no status."""
    with pytest.raises(DataError):
        customer_flow(table())
    with pytest.raises(ColumnsError, match="churn"):
        customer_flow(table((1, DATES[0], "active")).drop(columns="churn"))


def test_a_flow_that_does_not_add_up_is_refused() -> None:
    """An edited flow, one with gaps between periods, or something else."""
    rows = [(1, d, "active") for d in DATES]
    flow = customer_flow(table(*rows))
    for column, words in (("end", "do not add up"), ("new", "do not add up")):
        with pytest.raises(DataError, match=words):
            check_flow(flow.assign(**{column: flow[column] + 1}))
    with pytest.raises(DataError, match="not the end before"):
        check_flow(flow.assign(start=[1, 2], new=0, end=[1, 2]))
    with pytest.raises(DataError, match="missing, negative or not whole"):
        check_flow(flow.assign(start="x"))
    with pytest.raises(DataError, match="no rows"):
        check_flow(flow.head(0))
    with pytest.raises(ColumnsError, match="customer_flow"):
        check_flow(np.zeros(6))
