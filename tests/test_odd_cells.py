"""Cells that no column should hold: half characters, signaling NaN, lists, the ends of time.

Each is refused by name wherever a column is read, so one table of calls covers all readers.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise import evaluate, identity, membership, odd_cells, privacy, strategy, tastes
from layerwise.errors import ColumnsError, DataError, LayerwiseError, SpecError
from layerwise.report import report
from tests.public_calls import CALLS, KEY, tables

DAY: dict[str, Any] = {"as_of": "2024-06-30"}


def odd(table: str, column: str, value: Any) -> pd.DataFrame:
    """Return a table with one odd cell in a column."""
    found = tables()[table]
    cells = pd.Series(found[column].tolist(), dtype=object)
    cells.iloc[len(cells) // 2] = value
    return found.reset_index(drop=True).assign(**{column: cells})


Ask = Callable[[pd.DataFrame], object]
READERS: dict[str, tuple[str, str, Ask]] = {
    "summarize": ("orders", "customer_id", lambda t: lw.summarize(t, **DAY)),
    "order": ("orders", "order_id", lambda t: lw.summarize(t, order="order_id", **DAY)),
    "roster": ("people", "customer_id", lambda t: membership.membership_levels(t, **DAY)),
    "log": ("orders", "customer_id", lambda t: strategy.add_basket_median(_people(), t, **DAY)),
    "lines": ("orders", "customer_id", lambda t: tastes.category_affinity(_people(), t, **DAY)),
    "category": ("orders", "category", lambda t: tastes.category_affinity(_people(), t, **DAY)),
    "ledger": ("ledger", "event_id", lambda t: membership.replay_points(t, **DAY)),
    "consents": ("consents", "customer_id",
                 lambda t: privacy.consent(_people(), t, purpose="churn", **DAY)),
    "pseudonyms": ("people", "customer_id",
                   lambda t: privacy.pseudonymise(t["customer_id"], **KEY)),
    "publish": ("people", "city", lambda t: privacy.publish(t, ["city"])),
    "record": ("people", "city",
               lambda t: privacy.run_record({"t": t[["city"]]}, **KEY, **DAY)),
    "unify": ("identifiers", "id_type", identity.unify),
    "prices": ("prices", "sku", identity.price_gaps),
    "labels": ("people", "value", lambda t: strategy.StrategyTable.default().plan(t[LABELS])),
    "plan": ("plan", "owner", strategy.plan_summary),
    "plan_by": ("plan", "channel", lambda t: strategy.plan_by(t, "channel")),
    "plan ids": ("plan", "customer_id", lambda t: strategy.plan_by(t, "owner")),
    "report": ("plan", "action", lambda t: report(plan=t, **DAY)),
    "report effects": ("effects", "strategy_id", lambda t: report(effects=t, **DAY)),
    "snapshots": ("snapshots", "value", lambda t: evaluate.measure_migration(t, label="value")),
    "arms": ("people", "arm", lambda t: evaluate.analyse(
        t, metrics=["bought"], arms={"control": 0.5, "offer": 0.5})),
}  # fmt: skip
LABELS = ["customer_id", "value"]


def _people() -> pd.DataFrame:
    return tables()["people"][["customer_id"]]


@pytest.mark.parametrize(
    "value", ["\ud800", Decimal("sNaN"), [1], np.array([1, 2]), {"a": 1}, {1}],
    ids=["surrogate", "sNaN", "list", "array", "dict", "set"],
)  # fmt: skip
@pytest.mark.parametrize("name", READERS)
def test_cells_that_are_no_text_and_no_number(name: str, value: Any) -> None:
    """Half characters, signaling NaN and lists are refused wherever text or ids are read."""
    table, column, ask = READERS[name]
    with pytest.raises((ColumnsError, DataError), match="Hint"):
        ask(odd(table, column, value))


@pytest.mark.parametrize("value", [Decimal("sNaN"), [1], {}, 1j, b"x"], ids=repr)
@pytest.mark.parametrize(
    ("table", "column", "ask"),
    [
        ("orders", "amount", lambda t: lw.summarize(t, **DAY)),
        ("orders", "amount", lambda t: tastes.category_affinity(_people(), t, **DAY)),
        ("people", "spend_365d", lambda t: membership.membership_levels(t, **DAY)),
        ("ledger", "points", lambda t: membership.replay_points(t, **DAY)),
        ("prices", "price", identity.price_gaps),
        ("people", "bought", lambda t: evaluate.analyse(
            t, metrics=["bought"], arms={"control": 0.5, "offer": 0.5})),
        ("consents", "granted_at",
         lambda t: privacy.consent(_people(), t, purpose="churn", **DAY)),
        ("plan", "holdout", strategy.plan_summary),
    ],
)  # fmt: skip
def test_cells_that_are_no_number(table: str, column: str, ask: Ask, value: Any) -> None:
    """Amounts, points, prices, days and flags that are none are refused."""
    with pytest.raises((ColumnsError, DataError), match="Hint"):
        ask(odd(table, column, value))


@pytest.mark.parametrize("window", [2**70, 2**63, 2**31, -1, 0, 10**7])
@pytest.mark.parametrize("ask", [
    lambda w: lw.summarize(tables()["orders"], window_days=w, **DAY),
    lambda w: lw.add_baskets(_people(), tables()["orders"], window_days=w, **DAY),
    lambda w: tastes.category_affinity(_people(), tables()["orders"], window_days=w, **DAY),
    lambda w: lw.overview(tables()["orders"], horizon_days=w, **DAY),
])  # fmt: skip
def test_windows_are_no_longer_than_the_calendar(ask: Callable[[int], object], window: int) -> None:
    """A window of more days than there are is no window."""
    with pytest.raises(SpecError, match=r"window_days|horizon_days"):
        ask(window)


@pytest.mark.parametrize("as_of", [dt.date(1, 1, 1), dt.date(1600, 1, 1), dt.date(9999, 12, 31)])
@pytest.mark.parametrize("name", [
    "membership.replay_points", "membership.membership_levels", "strategy.contact_rules",
    "privacy.consent", "privacy.retain", "privacy.run_record", "tastes.category_affinity",
    "portrait.customer_portraits", "identity.channel_exposures",
])  # fmt: skip
@pytest.mark.filterwarnings("ignore::layerwise.errors.LayerwiseWarning")
def test_days_at_the_ends_of_the_calendar(name: str, as_of: dt.date) -> None:
    """The first and the last day there are give an answer or a clear error."""
    room, _, function = name.partition(".")
    call = CALLS[name]
    if call.via is not None:
        pytest.skip("its day is fixed")
    try:
        call.run(getattr(getattr(lw, room), function), as_of=as_of)
    except LayerwiseError as error:
        assert "Hint" in str(error)  # noqa: PT017 - either is right


def test_distinct_values() -> None:
    """Missing is left out; lists, also those of Arrow, and half characters are refused."""
    assert odd_cells.distinct(pd.Series(["b", None, "a", "b"]), "x") == ["b", "a"]
    arrow = pd.Series([[1], [2]], dtype=pd.ArrowDtype(__import__("pyarrow").list_(_int64())))
    for series in (arrow, pd.Series([[1], [2]])):
        with pytest.raises(ColumnsError, match="x holds lists"):
            odd_cells.distinct(series, "x")
    with pytest.raises(DataError, match="1 different texts"):
        odd_cells.distinct(pd.Series(["\ud83d", "a", None], dtype=object), "x")


def _int64() -> Any:
    return __import__("pyarrow").int64()
