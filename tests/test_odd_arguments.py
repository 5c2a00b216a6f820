"""Privacy, identity, membership and strategy refuse arguments that are no choices by name."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise import identity, membership, privacy, strategy
from layerwise.errors import ColumnsError, DataError, LayerwiseError, SpecError

ORDERS = pd.DataFrame({
    "customer_id": [1, 2], "ordered_at": ["2024-01-01", "2024-01-02"], "amount": [1.0, 2.0],
    "sku": ["tea", "pot"], "channel": ["shop", "app"],
})  # fmt: skip
PEOPLE = pd.DataFrame({
    "customer_id": [1, 2], "spend_mean": [9.0, 20.0], "mail": True, "churn": "churned",
    "p0": 0.1, "value": 50.0, "spend_365d": [9.0, 700.0], "orders_365d": [3, 14],
    "coupon_value": 5.0, "coupon_threshold": 5.0, "tier": "a",
})  # fmt: skip
PRICES = pd.DataFrame(
    {"sku": ["tea"], "channel": ["shop"], "valid_from": ["2024-01-01"], "valid_to": [None]}
).assign(price=9.0)
LEDGER = pd.DataFrame({
    "event_id": ["a"], "customer_id": ["x"], "ts": ["2024-01-10"], "kind": ["earn"],
    "points": [100],
})  # fmt: skip
DAY: dict[str, Any] = {"as_of": "2024-06-30"}
KEY: dict[str, Any] = {"key": bytes(range(32)), "key_id": "k1", "purpose": "churn"}
WIN: dict[str, Any] = {
    "value": "value", "p_return": "p0", "uplift": (0.02, 0.05), "margin": 0.3, "consent": "mail",
} | DAY  # fmt: skip
TERMS: dict[str, Any] = {"face_value": 5, "margin": 0.3}


def _coupons(**choices: Any) -> object:
    return strategy.allocate_coupons(PEOPLE, **(TERMS | choices))


def _winback(**choices: Any) -> object:
    return strategy.winback_list(PEOPLE, **(WIN | choices))


NO_NAMES: list[Callable[[Any], object]] = [
    lambda v: privacy.retain(ORDERS, retention_days=9, time=v, **DAY),
    lambda v: privacy.erase(ORDERS, [1], customer=v),
    lambda v: privacy.publish(ORDERS, ["sku"], customer=v),
    lambda v: identity.channel_exposures(PEOPLE, ORDERS, prices=PRICES, sku=v, **DAY),
    lambda v: membership.membership_levels(PEOPLE, spend=v, **DAY),
    lambda v: membership.replay_points(LEDGER, lot=v, **DAY),
    lambda v: _coupons(basket=v),
    lambda v: _winback(value=v),
    lambda v: _winback(consent=v),
    lambda v: strategy.add_basket_median(PEOPLE, ORDERS, amount=v, **DAY),
    lambda v: strategy.check_price_fairness(PEOPLE, groups=["tier"], basket=v),
]


@pytest.mark.parametrize("value", [None, 3, ["a"], {}, b"x", pd.NA, np.array([1, 2])], ids=repr)
@pytest.mark.parametrize("ask", NO_NAMES)
def test_columns_are_named_by_text(ask: Callable[[Any], object], value: Any) -> None:
    """What cannot be the name of a column is told with its role, not tried."""
    with pytest.raises(SpecError, match=r"is a .*, not the name of a column"):
        ask(value)


MAPS: list[Callable[[Any], object]] = [
    lambda v: privacy.csv_text(PEOPLE, raw_ids=True, allow=v),
    lambda v: privacy.csv_text(PEOPLE, raw_ids=True, allow={"tier": v}),
    lambda v: privacy.pseudonymise_columns(PEOPLE, kinds=v, **KEY),
    lambda v: privacy.pseudonymise_columns(PEOPLE, kinds={"tier": v}, **KEY),
    lambda v: privacy.run_record(v, purpose="churn", **DAY),
    lambda v: privacy.run_record({"o": ORDERS}, purpose="churn", times={"o": v}, **DAY),
    lambda v: privacy.run_record({"o": ORDERS}, purpose="churn", counts={"o": v}, **DAY),
    lambda v: privacy.publish(ORDERS, v),
    lambda v: privacy.publish(ORDERS, [v]),
    lambda v: privacy.publish(ORDERS, ["sku"], margins=v),
    lambda v: privacy.csv_text(PEOPLE, raw_ids=True, formulas=v),
    lambda v: privacy.normalise(["a"], kind=v),
    lambda v: privacy.retain(ORDERS, retention_days=9, time="ordered_at", tz=v, **DAY),
    lambda v: membership.membership_levels(PEOPLE, lang=v, **DAY),
]


@pytest.mark.parametrize("value", [3, [3], (0.1, "a"), b"x", pd.NA, np.array([1, 2])], ids=repr)
@pytest.mark.parametrize("ask", MAPS)
def test_choices_of_another_kind_are_refused(ask: Callable[[Any], object], value: Any) -> None:
    """Numbers, lists, arrays and missing values are no mappings, flags, kinds or zones."""
    with pytest.raises(LayerwiseError, match="Hint"):
        ask(value)


CHOICES: list[Callable[[], object]] = [
    lambda: _winback(max_attempts=2**70),
    lambda: membership.PointRules(value_per_point=2**70),
    lambda: privacy.pseudonymise([1], **(KEY | {"key": "\ud800" * 20})),
    lambda: strategy.coupon_gain("x", 0.1, margin=1, face_value=1, use_share=1),
    lambda: strategy.coupon_gain(0.1, 0.1, margin=np.inf, face_value=1, use_share=1),
    lambda: strategy.coupon_gain([1, 2], [1, 2, 3], margin=1, face_value=1, use_share=1),
]


@pytest.mark.parametrize("ask", CHOICES)
def test_impossible_choices_are_refused(ask: Callable[[], object]) -> None:
    """Numbers beyond all use and texts for numbers are no choices."""
    with pytest.raises(SpecError):
        ask()


@pytest.mark.parametrize("path", ["", "\ud800"])
def test_a_path_that_no_file_can_have_is_refused(path: str) -> None:
    """An export needs the name of a file."""
    with pytest.raises(LayerwiseError, match="path"):
        privacy.write_csv(PEOPLE, path, raw_ids=True)


ODD_IDS = [pd.Timestamp("2024-01-01").date(), b"x", pd.Period("2024-01"), (1, 2), Decimal("inf")]


@pytest.mark.parametrize("value", ODD_IDS, ids=lambda v: type(v).__name__)
def test_ids_of_odd_types_are_refused(value: Any) -> None:
    """Dates, bytes and tuples are no ids, and neither is infinity."""
    ids = pd.Series([value, value], dtype=object)
    with pytest.raises((ColumnsError, DataError)):
        privacy.pseudonymise(ids, **KEY)
    with pytest.raises((ColumnsError, DataError)):
        identity.price_gaps(PRICES.assign(sku=ids))


@pytest.mark.parametrize("ids", [{1}, PEOPLE, np.ones((2, 2)), frozenset()], ids=repr)
def test_what_is_no_column_of_ids_is_refused(ids: Any) -> None:
    """Sets have no order and tables more than one column."""
    with pytest.raises(ColumnsError, match="column or a list"):
        privacy.erase(ORDERS, ids)


@pytest.mark.parametrize("cells", [[[True], [True]], [{}, {}]])
def test_consent_of_lists_is_refused(cells: list[Any]) -> None:
    """A cell that holds a list says neither yes nor no."""
    people = PEOPLE.assign(mail=pd.Series(cells, dtype=object))
    with pytest.raises(ColumnsError, match="true and false"):
        strategy.winback_list(people, **WIN)


@pytest.mark.parametrize("kind", ["category", object, "boolean", float])
def test_verified_in_every_type(kind: Any) -> None:
    """A flag is read from categories, objects and numbers alike."""
    rows = pd.DataFrame({"record_id": [1, 2], "id_type": "member", "id_value": "m9"})
    found = identity.unify(rows.assign(verified=pd.Series([True, True]).astype(kind)))
    assert found.customers["unified_id"].tolist() == [1, 1]


def test_verified_of_dates_is_refused_or_missing() -> None:
    """Dates are no flags; where all are missing, nothing is verified."""
    rows = pd.DataFrame({"record_id": [1, 2], "id_type": "member", "id_value": "m9"})
    with pytest.raises(ColumnsError, match="true and false"):
        identity.unify(rows.assign(verified=pd.Timestamp("2024-01-01")))
    with pytest.warns(match="2 rows not verified"):
        identity.unify(rows.assign(verified=pd.NaT))


def test_a_level_table_with_missing_cells_is_refused() -> None:
    """Pandas' own missing value counts as an empty cell."""
    table = membership.level_table().astype(object)
    table.loc[1, "name"] = pd.NA
    with pytest.raises(LayerwiseError, match="name"):
        membership.membership_levels(PEOPLE, table=table, **DAY)


PLAN = strategy.StrategyTable.default().plan(
    pd.DataFrame({"customer_id": [1, 2], "tier": "high_value"}), holdout=0
)


def _ask(plan: pd.DataFrame, name: str) -> object:
    if name == "channel":
        return strategy.contact_rules(plan, **DAY)
    return strategy.spend_budget(plan, budget=5, cost=1, gain=2)


ODD_CELLS: list[Any] = [3.5, b"x", (1, 2), [1], {}, pd.Timedelta("1D"), Decimal(1)]


@pytest.mark.parametrize("value", ODD_CELLS, ids=repr)
@pytest.mark.parametrize("name", ["theme", "channel", "strategy_id"])
def test_plans_without_texts_are_refused(name: str, value: Any) -> None:
    """What stands in a plan's columns of text is text."""
    plan = PLAN.assign(**{name: pd.Series([value] * len(PLAN), dtype=object)})
    with pytest.raises(ColumnsError, match=name):
        _ask(plan, name)


@pytest.mark.parametrize(
    "odd", [{"customer_id": [[1]] * 6}, {"customer_id": [{}] * 6}, {"rank": 1e300}]
)
def test_plans_without_ids_or_ranks_are_refused(odd: dict[str, Any]) -> None:
    """Lists are no ids, and numbers beyond all use no ranks."""
    plan = PLAN.iloc[:6].assign(**odd)
    with pytest.raises(ColumnsError):
        strategy.contact_rules(plan, **DAY)


@pytest.mark.parametrize("odd", [{"per_week": 2**70}, {"no_contact": [["a"]]}])
def test_impossible_contact_rules_are_refused(odd: dict[str, Any]) -> None:
    """Caps beyond all use and channels that are no text are no rules."""
    with pytest.raises(SpecError):
        strategy.contact_rules(PLAN, **(DAY | odd))


def test_a_plan_without_strategies_takes_the_budget_by_rank() -> None:
    """Missing strategy ids are one more name, not an error."""
    plan = PLAN.assign(strategy_id=pd.Series([None] * len(PLAN), dtype=object))
    found = strategy.spend_budget(plan, budget=2, cost=1, gain=2)
    assert (found.spent, found.strategies["send"].sum()) == (2, 2)


NUMBERS: list[Callable[[Any], object]] = [
    lambda v: _coupons(face_value=v),
    lambda v: _coupons(threshold_factor=v),
    lambda v: _coupons(round_to=v),
    lambda v: _coupons(budget=v),
    lambda v: _winback(contact_cost=v),
    lambda v: _winback(offer_cost=v),
    lambda v: strategy.coupon_gain(v, 0.1, margin=1, face_value=1, use_share=1),
    lambda v: strategy.spend_budget(PLAN, budget=5, cost=1, gain=v),
    lambda v: strategy.spend_budget(PLAN, budget=5, cost=v, gain=1),
]


@pytest.mark.parametrize("value", [1e308, -1e308, np.inf, 2**70, "5", b"5", 1j])
@pytest.mark.parametrize("ask", NUMBERS)
def test_no_money_is_beyond_a_million_million(ask: Callable[[Any], object], value: Any) -> None:
    """What would overflow is refused before it is multiplied."""
    with pytest.raises(LayerwiseError, match="Hint"):
        ask(value)


LISTS: list[Callable[[Any], object]] = [
    lambda v: strategy.contact_rules(PLAN, no_contact=v, **DAY),
    lambda v: privacy.minimise(ORDERS, v),
    lambda v: privacy.minimise(ORDERS, ["sku"], also=v),
    lambda v: strategy.StrategyTable.default().without(v),
    lambda v: strategy.StrategyTable(rows=v),
    lambda v: strategy.plan_by(PLAN, v),
]


@pytest.mark.parametrize("value", [3, np.array("a"), [3], {1: 2}, len, pd.NA], ids=repr)
@pytest.mark.parametrize("ask", LISTS)
def test_lists_of_names_are_lists_of_texts(ask: Callable[[Any], object], value: Any) -> None:
    """One number, an array without a length and functions list no names."""
    with pytest.raises(LayerwiseError, match="Hint"):
        ask(value)


@pytest.mark.parametrize("value", [pd.NA, np.array([1, 2]), pd.Series([1]), Decimal("sNaN")])
@pytest.mark.parametrize("name", ["id", "axis", "priority", "action", "note"])
def test_cells_of_a_strategy_are_text(name: str, value: Any) -> None:
    """A missing value or an array in a cell is told with its column."""
    row = {"id": "a", "axis": "value", "segment": "high", "action": "write", "priority": 1}
    with pytest.raises(LayerwiseError, match=name):
        strategy.Strategy(**(row | {name: value}))
