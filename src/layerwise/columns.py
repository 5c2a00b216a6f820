"""Every column name of the customer table, with its unit and meaning.

Units stand in the names. The bare word "recency" is never used: in RFM it means days since the last
order (`days_since_last`, small is good), in BG/NBD days from first to last order
(`first_to_last_days`, large is good).
"""

CUSTOMER = "customer_id"
FIRST_ORDER = "first_order"
LAST_ORDER = "last_order"
ORDERS = "orders"
REPEAT_ORDERS = "repeat_orders"
FIRST_TO_LAST = "first_to_last_days"
AGE = "age_days"
SILENCE = "days_since_last"
SPEND_TOTAL = "spend_total"
SPEND_MEAN = "spend_mean"
SPEND_REPEAT_MEAN = "spend_repeat_mean"
GAP_CV = "gap_cv"
GAP_LOG_MEAN = "gap_log_mean"
BASKET_ORDERS = "basket_orders"
BASKET_DISTANCE = "basket_distance"
SPECIAL_SHARE = "special_share"
SPECIAL_KIND = "special_kind"
SPECIAL_ORDERS = "special_orders"
CUSTOM_ORDERS = "custom_orders"
SHARE_PREFIX = "share_"

CENTURY = 36_525
"""Days: no window, silence or horizon that anybody judges is longer."""

STRATEGY = "strategy_id"
RANK = "rank"
REASON = "reason"
CHANNEL = "channel"
INCENTIVE = "incentive"
OWNER = "owner"
KPI = "kpi"
SOURCE = "source"
OBJECTIVE = "objective"
ACTION = "action"
HOLDOUT = "holdout"
CONTROL = "control"
CUSTOMERS = "customers"
THEME = "theme"
STATUS = "status"
COST = "cost"

PLAN = (
    STRATEGY,
    RANK,
    REASON,
    CHANNEL,
    INCENTIVE,
    OWNER,
    KPI,
    SOURCE,
    OBJECTIVE,
    ACTION,
    HOLDOUT,
    CONTROL,
    THEME,
)
"""Columns of a strategy plan, after the customer's id."""

HOLDOUT_ORDERS = "holdout_orders"
HOLDOUT_SPEND = "holdout_spend"
HOLDOUT_DAYS = "holdout_days"
AS_OF = "as_of"
EXPECTED_ORDER_SPEND = "expected_spend_per_order"
OPPORTUNITIES = "opportunities"
LAST_OPPORTUNITY = "last_opportunity"

P_ALIVE = "p_alive"
USUAL_GAP = "usual_gap_days"
SURPRISE = "silence_surprise"
CONTACT = "contact"
EXPECTED_GAIN = "expected_gain"

LEVEL = "level"
LEVEL_ID = "level_id"
LEVEL_SINCE = "level_since"
LEVEL_REVIEW = "level_review"
LEVEL_CHANGE = "level_change"
LEVEL_VERSION = "level_version"
GAP_SPEND = "gap_spend"
GAP_DAYS = "gap_days"
BENEFITS = "benefits"

DATE = "date"
PERIOD_END = "period_end"
ACTUAL = "actual"
EXPECTED = "expected"
CUMULATIVE_ACTUAL = "cumulative_actual"
CUMULATIVE_EXPECTED = "cumulative_expected"

MEANING = {
    CUSTOMER: "the customer's id, as in the orders",
    FIRST_ORDER: "date of the first purchase occasion",
    LAST_ORDER: "date of the last purchase occasion up to as_of",
    ORDERS: "purchase occasions (orders of one day are one occasion)",
    REPEAT_ORDERS: "orders - 1; x of BG/NBD, `frequency` of lifetimes",
    FIRST_TO_LAST: "days from first to last occasion; t_x, `recency` of lifetimes",
    AGE: "days from first occasion to as_of; T",
    SILENCE: "days from last occasion to as_of; T - t_x, R of RFM",
    SPEND_TOTAL: "net spend over all occasions; M of RFM, in the currency of the orders",
    SPEND_MEAN: "mean net spend per occasion",
    SPEND_REPEAT_MEAN: "mean net spend per repeat occasion (the first left out, as Gamma-Gamma "
    "wants), missing with one occasion; `monetary_value` of lifetimes",
    GAP_CV: "coefficient of variation of the gaps between occasions, missing below 3 occasions",
    OPPORTUNITIES: "chances to order after the first order (BG/BB); n",
    LAST_OPPORTUNITY: "number of the opportunity of the last order, 0 without repeat orders; t_x",
    GAP_LOG_MEAN: "mean natural logarithm of the days between occasions, missing below 2 occasions",
    EXPECTED_ORDER_SPEND: "spend expected of the next occasion, in the currency of the orders",
}
"""Column of the customer table -> unit and meaning (windowed columns: see `orders_in`)."""

BASKET_MEANING = {
    BASKET_ORDERS: "purchase occasions (days) in the window of the basket columns",
    BASKET_DISTANCE: "Jensen-Shannon distance of the customer's spend over categories to all "
    "customers', 0 (alike) to 1 (nothing in common)",
    SPECIAL_SHARE: "share of spend on items tagged special, 0 to 1",
    SPECIAL_KIND: "the kind of special item bought on most occasions, missing with none",
    SPECIAL_ORDERS: "occasions with an item of that kind",
    CUSTOM_ORDERS: "occasions with an item tagged custom",
}
"""Column that `add_baskets` adds -> unit and meaning (and `share_...`, see there)."""

HOLDOUT_MEANING = {
    HOLDOUT_ORDERS: "purchase occasions after the split, up to the end",
    HOLDOUT_SPEND: "net spend over these occasions, in the currency of the orders",
    HOLDOUT_DAYS: "days from the split to the end, the same for all customers",
}
"""Column that `calibration_holdout` adds -> unit and meaning."""

TRACKING_MEANING = {
    PERIOD_END: "last day of the period",
    ACTUAL: "repeat orders in the period, over all customers",
    EXPECTED: "the same as the model expects it",
    CUMULATIVE_ACTUAL: "repeat orders from the first day to the end of the period",
    CUMULATIVE_EXPECTED: "the same as the model expects it",
}
"""Column that `tracking` returns -> unit and meaning."""

RISK_MEANING = {
    P_ALIVE: "P(the customer still is one), of a purchase model",
    USUAL_GAP: "days within which every second next order comes, by the customer's own history",
    SURPRISE: "P(a gap is longer than the silence so far) of a customer who has not left; small is "
    "surprising",
    CONTACT: "whether to contact the customer",
    EXPECTED_GAIN: "gain expected of contacting the customer, in the currency of the orders",
}
"""Column that `churn.risk_table` and `churn.choose_contacts` add -> unit and meaning (and
`p_no_purchase`, `expected_orders`, `expected_spend`, `spend_if_buying`, `value_at_risk`)."""

LIFETIMES = {
    CUSTOMER: "customer_id",
    REPEAT_ORDERS: "frequency",
    FIRST_TO_LAST: "recency",
    AGE: "T",
    SPEND_REPEAT_MEAN: "monetary_value",
}
"""Our name -> the name that lifetimes uses."""


def orders_in(window_days: int) -> str:
    """Return the column that counts occasions in the last `window_days` days up to as_of.

    >>> orders_in(365)
    'orders_365d'
    """
    return f"orders_{window_days}d"


def spend_in(window_days: int) -> str:
    """Return the column that sums net spend over the last `window_days` days up to as_of.

    >>> spend_in(365)
    'spend_365d'
    """
    return f"spend_{window_days}d"


def p_no_purchase(horizon_days: float) -> str:
    """Return the column of P(no purchase in the next `horizon_days` days), the churn probability.

    >>> p_no_purchase(90)
    'p_no_purchase_90d'
    """
    return f"p_no_purchase_{horizon_days:g}d"


def expected_orders(horizon_days: float) -> str:
    """Return the column of orders expected in the next `horizon_days` days.

    >>> expected_orders(90)
    'expected_orders_90d'
    """
    return f"expected_orders_{horizon_days:g}d"


def expected_spend(horizon_days: float) -> str:
    """Return the column of spend expected in the next `horizon_days` days.

    >>> expected_spend(90)
    'expected_spend_90d'
    """
    return f"expected_spend_{horizon_days:g}d"


def spend_if_buying(horizon_days: float) -> str:
    """Return the column of spend expected in the next days of a customer who does buy in them.

    >>> spend_if_buying(90)
    'spend_if_buying_90d'
    """
    return f"spend_if_buying_{horizon_days:g}d"


def value_at_risk(horizon_days: float) -> str:
    """Return the column of P(no purchase) times the spend of the customer if buying.

    >>> value_at_risk(90)
    'value_at_risk_90d'
    """
    return f"value_at_risk_{horizon_days:g}d"


def lost_spend(horizon_days: float) -> str:
    """Return the column of spend that a churned customer takes away in the next days.

    >>> lost_spend(365)
    'lost_spend_365d'
    """
    return f"lost_spend_{horizon_days:g}d"


def p_no_purchase_at(opportunities: int) -> str:
    """Return the column of P(no purchase at the next `opportunities` opportunities).

    >>> p_no_purchase_at(5)
    'p_no_purchase_5_opportunities'
    """
    return f"p_no_purchase_{opportunities}_opportunities"


def expected_orders_at(opportunities: int) -> str:
    """Return the column of orders expected at the next `opportunities` opportunities.

    >>> expected_orders_at(5)
    'expected_orders_5_opportunities'
    """
    return f"expected_orders_{opportunities}_opportunities"
