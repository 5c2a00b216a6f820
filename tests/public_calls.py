"""One working call of every public function, with the tables it reads named, for tests of them all.

A name of a room's `__all__` without an entry here fails tests/test_canary.py.
"""

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import attrs
import numpy as np
import pandas as pd

import layerwise as lw
from layerwise import churn, evaluate, models, privacy, strategy

PHONE, CARD, MAIL = "13800138000", "11010519491231002X", "canary.bird@example.com"
DAY: dict[str, Any] = {"as_of": "2024-06-30"}
KEY: dict[str, Any] = {"key": bytes(range(7, 39)), "key_id": "k1", "purpose": "churn"}
HALVES = {"control": 0.5, "offer": 0.5}
BEFORE: dict[str, Any] = {"exposure_end": "2024-05-31", "outcome_start": "2024-06-01"}
N = 48
IDS = (PHONE, CARD, MAIL, *(f"139{i:08d}" for i in range(N - 3)))


@attrs.frozen
class Table:
    """A table of `TABLES`, or some of its columns."""

    name: str
    columns: tuple[str, ...] = ()

    def make(self) -> pd.DataFrame:
        """Return it anew."""
        whole = tables()[self.name]
        return whole[list(self.columns)].copy() if self.columns else whole.copy()


def t(name: str, columns: str = "") -> Table:
    """Return a table by its name, with columns named in one text."""
    return Table(name, tuple(columns.split()))


@attrs.frozen
class Made:
    """Something fitted or made of the whole tables, by its name in `made`."""

    name: str

    def make(self) -> Any:
        """Return it."""
        return made(self.name)


m = Made


@attrs.frozen
class Call:
    """What to call with which arguments; `via` takes the public object and these arguments."""

    given: Mapping[str, Any]
    via: Callable[..., Any] | None = None

    def tables(self) -> dict[str, Table]:
        """Return the arguments that are tables."""
        return {name: value for name, value in self.given.items() if isinstance(value, Table)}

    def run(self, public: Callable[..., Any], **other: Any) -> Any:
        """Call with some arguments replaced."""
        given = {
            k: v.make() if isinstance(v, Table | Made) else v for k, v in self.given.items()
        } | other
        return public(**given) if self.via is None else self.via(public, **given)


def call(via: Callable[..., Any] | None = None, **given: Any) -> Call:
    """Return a call."""
    return Call(given, via)


def _orders() -> pd.DataFrame:
    rng, n = np.random.default_rng(2), 6 * N
    who = np.array(IDS, dtype=object)[np.arange(n) % N]
    return pd.DataFrame({
        "customer_id": who, "ordered_at": pd.Timestamp("2024-01-01")
        + pd.to_timedelta(rng.integers(0, 170, n), "D"),
        "amount": rng.integers(1, 90, n).astype(float), "sku": rng.choice(["tea", "rice"], n),
        "channel": rng.choice(["app", "shop"], n), "category": rng.choice(["food", "drink"], n),
        "promoted": rng.random(n) < 0.4, "order_id": [f"o{i}" for i in range(n)],
    })  # fmt: skip


def _people(orders: pd.DataFrame) -> pd.DataFrame:
    summed = lw.summarize(orders, **DAY, window_days=(180, 365))
    rng, i = np.random.default_rng(3), np.arange(N)
    return summed.assign(
        value=np.where(i % 3 == 0, "high", "low"), tier=np.where(i % 2 == 0, "high_value", "new"),
        churn=np.where(i % 4 == 0, "churned", "active"), frequency="mid",
        loyalty="loyal", city=np.where(i % 2 == 0, "A", "B"),
        mail=True, p0=0.1, worth=50.0, spend_mean=20.0, left=(i % 4 == 0), late=(i % 5 < 2),
        arm=np.where(rng.random(N) < 0.5, "control", "offer"), bought=rng.random(N) < 0.3,
        before=rng.random(N), p=np.clip(rng.random(N), 0.05, 0.95), holdout_orders=i % 3,
        coupon_value=np.where(i % 2, 5.0, 8.0), coupon_threshold=5.0, prefers=0.5,
    )  # fmt: skip


def _later(name: str, n: int = 60, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    days = pd.Timestamp("2024-04-01") + pd.to_timedelta(rng.integers(0, 80 * 24, n), "h")
    return pd.DataFrame(
        {"customer_id": np.array(IDS, object)[np.arange(n) % N], name: days}
    ).assign(**columns)


@cache
def tables() -> dict[str, pd.DataFrame]:
    """Return every table by its name; what holds ids holds the canaries."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _tables()


def _tables() -> dict[str, pd.DataFrame]:
    orders = _orders()
    people = _people(orders)
    labels = people[["customer_id", "value", "churn"]]
    plan = strategy.StrategyTable.default().plan(labels, holdout=0.3)
    hours = pd.to_timedelta(np.arange(60) % 30, "h")
    events = _later("ts", event_type=np.array(["view", "cart", "order"], object)[np.arange(60) % 3])
    tickets = _later("opened_at")
    tickets["first_response_at"] = tickets["opened_at"] + hours
    deliveries = _later("delivered_at")
    deliveries["promised_at"] = deliveries["delivered_at"] - pd.Timedelta("1D")
    snaps = lw.snapshots(orders, as_of=["2024-04-30", "2024-06-30"])
    i = np.arange(len(snaps))
    snaps = snaps.assign(value=np.where(i % 3 == 0, "high", "low"),
                         churn=np.where(i % 4 == 0, "churned", "active"))  # fmt: skip
    mix = people[["customer_id"]].assign(mix_tea=0.9, mix_milk=0.1)
    price = {"sku": "tea", "valid_from": "2024-01-01", "valid_to": None}
    prices = pd.DataFrame(
        [price | {"channel": c, "price": p} for c, p in (("app", 5.0), ("shop", 6.0))]
    )
    weeks = pd.date_range("2024-01-07", periods=24, freq="7D")
    rates = pd.DataFrame({
        "period_end": weeks, "numerator": [50, 54, 47, 52] * 5 + [51, 49, 53, 90],
        "denominator": 1000, "segment": "all", "kpi": "complaint_rate",
    })  # fmt: skip
    donors = people[["customer_id"]].assign(repeat_orders=np.arange(N) % 5, opportunities=6)
    donors["last_opportunity"] = np.where(donors["repeat_orders"] > 0, 5, 0)
    return {
        "orders": orders, "people": people, "plan": plan, "events": events, "tickets": tickets,
        "deliveries": deliveries, "snapshots": snaps, "mix": mix, "prices": prices,
        "messages": _later("sent_at", kind="mail"),
        "feedback": _later("ts", text="too expensive", code="price_high", hand="price_high"),
        "stated": _later("ts", cause_id="price_high"),
        "promotions": prices.drop(columns="price").assign(promo_id=["p", "q"]),
        "needs": lw.add_baskets(
            people[["customer_id"]], orders, **DAY, tags={"tea": "special:tea"}, item="sku"
        ).merge(lw.add_baskets(people[["customer_id"]], orders, **DAY).drop(
            columns=["basket_orders", "basket_distance"])),
        "numbered": pd.concat([people, people], ignore_index=True).assign(
            customer_id=np.arange(2 * N) + int(PHONE))[f"{HISTORY} {WINDOW}".split()],
        "regions": pd.concat([rates.assign(segment=name) for name in ("north", "south")]),
        "rates": rates, "donors": donors,
        "ledger": pd.DataFrame({
            "event_id": [f"e{i}" for i in range(N)], "customer_id": IDS, "ts": "2024-01-10",
            "kind": "earn", "points": 100, "lot": None}),
        "consents": pd.DataFrame({
            "customer_id": IDS, "purpose": "churn", "granted_at": "2024-01-01",
            "withdrawn_at": None}),
        "identifiers": pd.DataFrame({
            "record_id": [PHONE, "b", "c", CARD], "id_type": ["phone", "phone", "email", "id_card"],
            "id_value": [PHONE, f"+86{PHONE}", MAIL, CARD], "verified": True}),
        "both": lw.calibration_holdout(orders, split="2024-04-30", end="2024-06-30"),
        "risks": people[["customer_id", "days_since_last"]].assign(
            p_no_purchase_90d=0.5, spend_if_buying_90d=40.0),
        "effects": pd.DataFrame({
            "strategy_id": ["s"], "metric": "left", "effect": 0.1, "low": 0.0, "high": 0.2,
            "treated_n": 90, "holdout_n": 80, "decision": "keep", "evidence": "strong"}),
        "test": pd.DataFrame({
            "value": ["high", "low"], "treated": 500, "treated_buyers": [100, 60],
            "coupon_users": [60, 50], "control": 500, "control_buyers": [75, 60]}),
    }  # fmt: skip


@cache
def made(name: str) -> Any:
    """Return something fitted or made of the whole tables."""
    people, orders = tables()["people"], tables()["orders"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "model": lambda: models.BGNBD().with_parameters(r=0.24, alpha=31.0, a=0.8, b=2.4),
            "spend": lambda: models.GammaGamma().with_parameters(p=6.25, q=3.74, v=15.44),
            "causes": lambda: churn.rank_causes(
                people, outcome="left", exposures=["late"], draws=20, **BEFORE),
            "drift": lambda: evaluate.drift(people[["p"]], people[["p"]]),
            "curve": lambda: lw.return_curve(orders, **DAY),
            "migration": lambda: evaluate.measure_migration(tables()["snapshots"], label="value"),
            "retention": lambda: evaluate.retention_curve(orders, as_of="2024-06-30",
                                                          window_days=30),
            "cohorts": lambda: evaluate.cohort_table(orders, **DAY),
            "chart": lambda: evaluate.control_chart(tables()["rates"],
                                                    baseline_until="2024-05-19"),
            "contacts": lambda: strategy.contact_rules(tables()["plan"], **DAY),
            "suggested": lambda: lw.tastes.suggest_categories(people, orders, as_of="2024-05-31"),
            "impact": lambda: churn.assess_impact(people),
            "record": lambda: privacy.run_record({"o": orders}, purpose="churn", **DAY),
        }[name]()  # fmt: skip


def _fit(spec: Any, people: Any) -> Any:
    fitted = spec().fit(people)
    return fitted, fitted.transform(people)


def _log(orders: str = "") -> dict[str, Any]:
    return {"orders": t("orders", f"customer_id ordered_at amount {orders}")} | DAY


SHARES = ("share_food", "share_drink")
WINDOW = "orders_365d spend_365d"
HISTORY = "customer_id orders repeat_orders first_to_last_days age_days days_since_last"
_CUSTOMERS = t("people", "customer_id")

CALLS: dict[str, Call] = {
    "strategy.add_basket_median": call(customers=_CUSTOMERS, **_log()),
    "strategy.allocate_coupons": call(
        customers=t("people", "customer_id value spend_mean"), face_value=5, margin=0.3,
        layer="value", experiment=t("test"), budget=100),
    "strategy.check_price_fairness": call(
        plan=t("people", "tier spend_mean coupon_value coupon_threshold"), groups=["tier"],
        quantiles=(0.5,)),
    "strategy.contact_rules": call(plan=t("plan"), contacts=t("messages", "customer_id sent_at"),
                                   **DAY),
    "strategy.coupon_gain": call(p1=0.12, p0=0.1, margin=30, face_value=5, use_share=0.6),
    "strategy.plan_by": call(plan=t("plan"), by="owner"),
    "strategy.plan_summary": call(plan=t("plan")),
    "strategy.spend_budget": call(plan=t("plan"), budget=6, cost=1, gain=2),
    "strategy.strategy_links": call(),
    "strategy.winback_list": call(
        customers=t("people", "customer_id churn worth p0 mail last_order"), value="worth",
        p_return="p0",
        uplift=(0.02, 0.05), margin=0.3, contact_cost=0.1, consent="mail", holdout=0.1,
        messages=t("messages", "customer_id sent_at"), **DAY),
    "strategy.Strategy": call(id="a", axis="value", segment="high", action="write", priority=1),
    "strategy.StrategyTable": call(
        lambda f, customers: (f.default().plan(customers, consent="mail"),
                              f.default().plan_counts(customers, consent="mail")),
        customers=t("people", "customer_id value churn mail")),
    "membership.PointRules": call(expiry_days=100),
    "membership.incentive_table": call(),
    "membership.level_table": call(),
    "membership.level_table_from": call(customers=t("people", "spend_365d"), version="a"),
    "membership.membership_levels": call(
        customers=t("people", "customer_id spend_365d orders_365d"), **DAY),
    "membership.replay_points": call(ledger=t("ledger"), **DAY),
    "privacy.check_export": call(table=t("people", "city orders")),
    "privacy.compliance_table": call(),
    "privacy.consent": call(rows=t("orders", "customer_id amount"), consents=t("consents"),
                            purpose="churn", **DAY),
    "privacy.csv_text": call(table=t("people", "city orders")),
    "privacy.erase": call(table=t("orders", "customer_id amount"), ids=[CARD, PHONE]),
    "privacy.minimise": call(table=t("orders"), needs=["customer_id", "amount"]),
    "privacy.normalise": call(lambda f, ids: f(ids["customer_id"]), ids=_CUSTOMERS),
    "privacy.pseudonymise": call(lambda f, ids: f(ids["customer_id"], **KEY), ids=_CUSTOMERS),
    "privacy.pseudonymise_columns": call(
        table=t("people", "customer_id orders"), kinds={"customer_id": "id"}, **KEY),
    "privacy.publish": call(rows=t("people", "customer_id city"), tables=[["city"]], k=3),
    "privacy.retain": call(table=t("orders", "customer_id ordered_at"), retention_days=90,
                           time="ordered_at", **DAY),
    "privacy.run_record": call(
        lambda f, orders: f({"o": orders}, times={"o": "ordered_at"}, **KEY, **DAY).to_line(),
        orders=t("orders", "customer_id ordered_at amount")),
    "privacy.safe_table": call(
        table=t("orders", "customer_id amount channel"), consents=t("consents"), erased=[CARD],
        needs=["customer_id", "amount"], **KEY, **DAY),
    "privacy.scan": call(table=t("people", "customer_id city")),
    "privacy.write_csv": call(lambda f, table: f(table, "/nowhere/at/all.csv"),
                              table=t("people", "customer_id city")),
    "identity.channel_exposures": call(
        customers=_CUSTOMERS, orders=t("orders", "customer_id ordered_at sku channel"),
        prices=t("prices"), promotions=t("promotions"), **DAY),
    "identity.price_gaps": call(prices=t("prices")),
    "identity.promotion_overlap": call(promotions=t("promotions"), start="2024-01-10",
                                       end="2024-02-10"),
    "identity.unify": call(identifiers=t("identifiers"), country="86"),
    "report.report": call(
        plan=t("plan"), effects=t("effects"), causes=m("causes"), drift=m("drift"),
        migration=m("migration"), privacy=m("record"), **DAY),
    "tastes.category_affinity": call(customers=_CUSTOMERS, **_log("category")),
    "tastes.measure_motives": call(customers=_CUSTOMERS, promoted="promoted", item="sku",
                                   **_log("sku category promoted")),
    "tastes.motive_table": call(),
    "tastes.score_suggestions": call(
        suggestions=m("suggested"), orders=_log("category")["orders"], after="2024-05-31",
        until="2024-06-30"),
    "tastes.suggest_categories": call(customers=_CUSTOMERS, min_support=2, **_log("category")),
    "portrait.customer_portraits": call(
        customers=_CUSTOMERS, category="category", channel="channel", promoted="promoted",
        **_log("category channel promoted")),
    "portrait.segment_profile": call(customers=t("people", "customer_id tier orders city"),
                                     segment="tier", features=["orders", "city"]),
    "portrait.stale_portraits": call(old=t("mix"), new=t("mix"), old_as_of="2024-05-01",
                                     as_of="2024-05-20"),
    "baskets.add_baskets": call(customers=_CUSTOMERS, **_log("category")),
    "baskets.category_shares": call(**_log("category")),
    "baskets.share_columns": call(customers=t("mix")),
    "testing.check_segmenter": call(spec=lw.Frequency(), customers=t("numbered")),
    "testing.example_customers": call(n=50),
    "testing.segmenter_checks": call(lambda f, customers: list(f(lw.Frequency(),
                                                                 customers=customers)),
                                     customers=t("numbered")),
    "sklearn.Segmenter": call(lambda f, people: _fit(lambda: f(lw.Frequency()), people),
                              people=t("people", f"{HISTORY} orders_365d")),
    "evaluate.Goal": call(metric="bought"),
    "evaluate.Mean": call(column="before"),
    "evaluate.Ratio": call(numerator="orders", denominator="before"),
    "evaluate.Share": call(column="bought"),
    "evaluate.alpha_spending": call(looks=3),
    "evaluate.analyse": call(customers=t("people", "customer_id arm bought before city"),
                             metrics=["bought", evaluate.Mean("before")], arms=HALVES, by="city",
                             mismatch="flag", min_n=5),
    "evaluate.assign": call(customers=t("people", "customer_id city"), experiment="spring",
                            arms=HALVES, salt="a secret text", strata="city"),
    "evaluate.calibration_drift": call(customers=t("people", "customer_id p holdout_orders"),
                                       probability="p"),
    "evaluate.check_frozen": call(
        lambda f, snapshots: (lambda g: f(g.transform(snapshots), g, label="frequency"))(
            lw.Frequency().fit(snapshots)),
        snapshots=t("snapshots", f"{HISTORY} orders_365d as_of")),
    "evaluate.cohort_table": call(**_log()),
    "evaluate.control_chart": call(rates=t("rates"), baseline_until="2024-05-19",
                                   kpi="complaint_rate"),
    "evaluate.crises": call(charts=m("chart"), kpis=["complaint_rate"]),
    "evaluate.decompose_change": call(
        rates=t("regions"), before="2024-01-07", after="2024-01-14", kpi="complaint_rate"),
    "evaluate.drift": call(reference=t("people", "customer_id orders city"),
                           current=t("people", "customer_id orders city"),
                           columns=["orders", "city"]),
    "evaluate.drift_reference": call(customers=t("people", "customer_id orders city"),
                                     columns=["orders", "city"]),
    "evaluate.effects": call(plan=t("plan"), outcomes=t("people", "customer_id bought before"),
                             goals=[evaluate.Goal(metric="bought")], holdout=0.3, min_n=2),
    "evaluate.kaplan_meier": call(days=np.array([1, 2, 5]), churned=np.array([True, False, True])),
    "evaluate.kpi_table": call(),
    "evaluate.kpis": call(window_days=60, draws=20, tickets=t("tickets"), **_log()),
    "evaluate.log_rank": call(days=np.array([1, 2, 5]), churned=np.array([True, True, True]),
                              code=np.array([0, 1, 0]), names=("a", "b")),
    "evaluate.matched_difference": call(
        customers=t("people", "customer_id late bought before city"), treated="late",
        after="bought", before="before", match=["city"]),
    "evaluate.measure_funnel": call(events=t("events"), steps=("view", "cart"), window_hours=99,
                                    customers=t("people", "customer_id city"), segment="city",
                                    **DAY),
    "evaluate.measure_migration": call(snapshots=t("snapshots", "customer_id as_of value"),
                                       label="value"),
    "evaluate.monitor": call(rates=t("rates"), baseline_until="2024-05-19", kpi="complaint_rate"),
    "evaluate.plan_experiment": call(plan=t("plan"), outcomes=t("people", "customer_id bought")),
    "evaluate.psi": call(reference=np.array([50, 30]), current=np.array([20, 30])),
    "evaluate.refit_due": call(as_of="2024-12-31", fitted_as_of="2024-03-31",
                               drift=m("drift")),
    "evaluate.retention_curve": call(window_days=30, **_log()),
    "evaluate.sample_ratio_p": call(counts=[5100, 4900], shares=[0.5, 0.5]),
    "evaluate.sample_size": call(base=0.1, target=0.12),
    "evaluate.sample_size_mean": call(difference=2.0, sd=30.0),
    "evaluate.smallest_effect": call(base=0.1, n=3839),
    "evaluate.smallest_effect_mean": call(sd=30.0, n=3532),
    "evaluate.steady_labels": call(snapshots=t("snapshots", "customer_id as_of value"),
                                   label="value"),
    "churn.Classifier": call(lambda f: f),
    "churn.Costs": call(margin=0.3),
    "churn.Exposure": call(log=t("deliveries"), time="delivered_at"),
    "churn.EVIDENCE": call(lambda f: f),
    "churn.add_exposures": call(
        lambda f, customers, log: f(
            customers, {"late": churn.Exposure(log=log, time="delivered_at", after="promised_at")},
            start="2024-04-01", end="2024-05-31"),
        customers=_CUSTOMERS, log=t("deliveries")),
    "churn.assess_impact": call(
        customers=t("people", f"{HISTORY} churn spend_repeat_mean"), model=m("model"),
        spend=m("spend"), costs=churn.Costs(margin=0.3)),
    "churn.attributable_fraction": call(relative_risk=2.0, exposed_share=0.5),
    "churn.backtest": call(
        lambda f, orders: f(orders, as_of=["2024-04-30"], horizon_days=40, capacity=5),
        orders=t("orders", "customer_id ordered_at amount")),
    "churn.cause_table": call(),
    "churn.choose_contacts": call(risks=t("risks"), horizon_days=90, contact_cost=2, margin=0.3,
                                  save_rate=0.1),
    "churn.churn_types": call(customers=t("people", "customer_id days_since_last churn"),
                              events=t("events"), tickets=t("tickets"), feedback=t("feedback"),
                              **DAY),
    "churn.clv_sensitivity": call(margin_per_customer=100, retention=0.8, discount=0.1),
    "churn.code_feedback": call(feedback=t("feedback", "customer_id text")),
    "churn.coder_agreement": call(feedback=t("feedback", "customer_id text hand"), hand="hand"),
    "churn.customer_flow": call(snapshots=t("snapshots", "customer_id as_of churn")),
    "churn.e_value": call(relative_risk=[3.9]),
    "churn.early_warning": call(customers=_CUSTOMERS, events=t("events"),
                                orders=t("orders", "customer_id ordered_at amount"),
                                messages=t("messages"), tickets=t("tickets"), **DAY),
    "churn.feedback_terms": call(),
    "churn.fit_classifier": call(lambda f, both: f(both, classifier=_logistic()), both=t("both")),
    "churn.high_churn_groups": call(customers=t("people", "customer_id tier left"), by="tier",
                                    outcome="left", min_n=5),
    "churn.impact_table": call(),
    "churn.joint_causes": call(customers=t("people", "customer_id late left city"),
                               outcome="left", exposures=["late"], strata="city", **BEFORE),
    "churn.kappa": call(first=["a", "b"], second=["a", "b"]),
    "churn.likely_causes": call(customers=t("people", "customer_id late left"),
                                causes=m("causes")),
    "churn.limit_e_value": call(relative_risk=[3.9], low=[1.8], high=[8.7]),
    "churn.lost_spend": call(customers=t("people", f"{HISTORY} churn spend_repeat_mean"),
                             model=m("model"), spend=m("spend")),
    "churn.mantel_haenszel": call(exposed_leavers=[20, 10], exposed=[100, 20],
                                  unexposed_leavers=[10, 40], unexposed=[100, 160]),
    "churn.measured_and_stated": call(
        lambda f, stated: f(made("causes"), churn.stated_causes(stated)), stated=t("stated")),
    "churn.rank_causes": call(customers=t("people", "customer_id late left city"), draws=20,
                              outcome="left", exposures=["late"], strata="city", **BEFORE),
    "churn.risk_table": call(customers=t("people", f"{HISTORY} spend_repeat_mean"),
                             model=m("model"), spend=m("spend"), horizon_days=90),
    "churn.score_risk": call(both=t("both"), model=m("model")),
    "churn.service_times": call(tickets=t("tickets"), ends={"response": "first_response_at"},
                                **DAY),
    "churn.silence_surprise": call(customers=t("people", HISTORY), model=m("model")),
    "churn.stated_causes": call(coded=t("stated")),
    "churn.type_table": call(),
    "churn.usual_gap_days": call(customers=t("people", HISTORY), model=m("model")),
    "churn.warning_table": call(),
    "models.BGBB": call(
        lambda f, people: _both(f().with_parameters(alpha=1.2, beta=0.75, gamma=0.66, delta=2.8),
                                people), people=t("donors")),
    "models.BGNBD": call(_fit, people=t("people", HISTORY)),
    "models.MBGNBD": call(
        lambda f, people: _both(f().with_parameters(r=0.5, alpha=31.0, a=0.8, b=1.6), people),
        people=t("people", HISTORY)),
    "models.MBGCNBD": call(
        lambda f, people: _alive(f(k=2).with_parameters(r=0.5, alpha=31.0, a=0.8, b=1.6), people),
        people=t("people", HISTORY)),
    "models.ParetoNBD": call(
        lambda f, people: _both(f().with_parameters(r=0.5, alpha=31.0, s=0.6, beta=80.0), people),
        people=t("people", HISTORY)),
    "models.GammaGamma": call(_fit, people=t("people", f"{HISTORY} spend_repeat_mean")),
    "models.WithCovariates": call(
        lambda f, people: _fit(lambda: f(model=models.BGNBD(), rate=["late"]), people),
        people=t("people", f"{HISTORY} late")),
    "models.calibration": call(model=m("model"), customers=t("both")),
    "models.compare": call(lambda f, customers: f({"a": made("model")}, customers),
                           customers=t("both")),
    "models.fit_by": call(spec=models.BGNBD(), customers=t("people", f"{HISTORY} city"), by="city",
                          smallest=5),
    "models.residual_value": call(orders=m("model"), spend=m("spend"), horizon_days=90,
                                  customers=t("people", f"{HISTORY} spend_repeat_mean")),
    "layers.RFM": call(_fit, people=t("people", f"{HISTORY} {WINDOW}")),
    "layers.Value": call(_fit, people=t("people", f"customer_id {WINDOW}")),
    "layers.Frequency": call(_fit, people=t("people", f"customer_id {WINDOW}")),
    "layers.ChurnStatus": call(_fit, people=t("people", HISTORY)),
    "layers.Loyalty": call(lambda f, people: _fit(lambda: f(churn="churn"), people),
                           people=t("people", f"{HISTORY} {WINDOW} churn")),
    "layers.Tier": call(
        _fit, people=t("people", f"{HISTORY} {WINDOW} value frequency churn loyalty")),
    "layers.Needs": call(_fit, people=t("needs")),
    "layers.NeedsClusters": call(
        lambda f, people: _fit(lambda: f(columns=SHARES, clusters=2, stable=0), people),
        people=t("needs")),
    "layers.Layers": call(
        lambda f, people: _fit(lambda: f(rfm=lw.RFM(), value=lw.Value()), people),
        people=t("people", f"{HISTORY} {WINDOW}")),
    "layers.name_clusters": call(
        lambda f, people: f(
            lw.NeedsClusters(columns=SHARES, clusters=2, stable=0).fit(people),
            {"cluster_1": "cooks"}),
        people=t("needs")),
    "layerwise.check_orders": call(**_log()),
    "layerwise.summarize": call(**_log()),
    "layerwise.calibration_holdout": call(orders=_log()["orders"], split="2024-04-01",
                                          end="2024-06-30"),
    "layerwise.snapshots": call(orders=_log()["orders"], as_of=["2024-04-01", "2024-06-30"]),
    "layerwise.return_curve": call(**_log()),
    "layerwise.overview": call(**_log()),
    "layerwise.score_churn": call(
        customers=t("people", "customer_id p holdout_orders days_since_last"), probability="p"),
}  # fmt: skip


def _both(fitted: Any, people: Any) -> Any:
    return fitted, fitted.transform(people)


def _alive(fitted: Any, people: Any) -> Any:
    return fitted, fitted.p_alive(people)


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()
