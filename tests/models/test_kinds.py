"""Models of several kinds, with covariates and by group: they do what every fitted model does."""

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pytest

import layerwise as lw
from layerwise.errors import ColumnsError, DataError, EngineError, FitError, SpecError
from layerwise.models import (
    BGBB,
    BGNBD,
    MBGCNBD,
    MBGNBD,
    GammaGamma,
    ParetoNBD,
    WithCovariates,
    calibration,
    compare,
    fit_by,
    residual_value,
)
from layerwise.tracking import history, tracking

from .conftest import simulated


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    """Two shops, of which one sells twice as fast, and a tiny third one."""
    slow = simulated(1500, seed=1).assign(web=0, shop="a")
    fast = simulated(1500, seed=2, alpha=30.0).assign(web=1, shop="b")
    fast.loc[:19, "shop"] = "tiny"
    table = pd.concat([slow, fast], ignore_index=True)
    return table.assign(customer_id=range(3000), spend_repeat_mean=20.0).sample(
        frac=1, random_state=1
    )


def by_covariate(table, model=None, **choices):
    return WithCovariates(model=model or BGNBD(), rate=["web"], **choices).fit(table)


def by_group(table, model=None):
    return fit_by(model or BGNBD(), table, by="shop", smallest=50)


@pytest.fixture(params=[by_covariate, by_group])
def fit(request):
    return request.param


def model_of(fitted, row):
    """The plain model of one customer."""
    if hasattr(fitted, "at"):
        return fitted.at(web=row["web"])
    return fitted.groups.get(row["shop"], fitted.pooled)


ASKED = {
    "p_alive": (),
    "p_no_purchase": (30,),
    "expected_orders": (30,),
    "p_at_least": (2, 30),
    "order_probabilities": (3, 30),
    "orders_interval": (30,),
    "discounted_orders": (30,),
    "p_alive_after": (30,),
    "days_until_p_alive_below": (0.5,),
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("model", [BGNBD(unit="week"), ParetoNBD()], ids=lambda m: m.default_name)
def test_every_answer_is_that_of_the_customers_kind(customers, fit, model, name):
    """Row by row the plain model's own answer, in the order of the table."""
    few = customers.head(40)
    fitted = fit(customers, model)
    found = getattr(fitted, name)(few, *ASKED[name])
    for i, (_, row) in enumerate(few.iterrows()):
        one = getattr(model_of(fitted, row), name)(few.iloc[[i]], *ASKED[name])
        assert found[i] == pytest.approx(one[0], rel=1e-12, nan_ok=True)
    assert found.dtype == one.dtype


@pytest.mark.parametrize("model", [BGNBD(), MBGNBD(), ParetoNBD()], ids=lambda m: m.default_name)
def test_covariates_may_differ_for_every_customer(customers, model):
    """Block by block with a parameter a row: each answer is that of the customer's own model."""
    spec = WithCovariates(model=model, rate=["z", "web"], dropout=["z"])
    customers = customers.assign(z=np.arange(3000) % 7 / 7)
    fitted = attrs.evolve(spec.fit(customers), rate=(0.8, 0.3), dropout=(1.5,))
    z = np.random.default_rng(5).normal(size=4200) * 2
    table = pd.concat([customers] * 2, ignore_index=True)[:4200].assign(z=z)
    found = {name: getattr(fitted, name)(table, *asked) for name, asked in ASKED.items()}
    for i in (0, 1, 2099, 2100, 4199):
        one = fitted.at(z=table["z"][i], web=table["web"][i])
        for name, asked in ASKED.items():
            right = getattr(one, name)(table.iloc[[i]], *asked)[0]
            assert found[name][i] == pytest.approx(right, rel=1e-9, nan_ok=True), name


def test_many_customers_of_few_kinds_are_asked_by_kind(customers):
    """Both ways to answer give the same."""
    fitted = by_covariate(customers, dropout=["web"])
    few = customers.head(40)
    whole = fitted.transform(pd.concat([few] * 60))
    for name in fitted.outputs:
        assert whole[name][:40].to_numpy() == pytest.approx(fitted.transform(few)[name].to_numpy())


@pytest.mark.parametrize("model", [BGNBD(horizon_days=30), MBGNBD(), ParetoNBD()])
def test_every_engine_gives_the_same_columns(customers, fit, engine, model):
    """Lazy engines look histories and kinds up; no other column comes or goes."""
    few = customers.head(200)[[*few_columns(customers)]]
    fitted = fit(customers, model)
    right = fitted.transform(few).sort_values("customer_id")
    assert list(right.columns) == [*few.columns, *fitted.spec.gives("x")]
    found = engine.pandas(fitted.transform(engine.make(few)))
    assert list(found.columns) == list(right.columns)
    for name in fitted.outputs:
        assert found[name].astype(float).to_numpy() == pytest.approx(right[name].to_numpy())


def few_columns(table):
    return [name for name in table if name != "spend_repeat_mean"]


def test_what_is_not_known(customers, fit, engine):
    """No history or no covariate, no number; no group or an unknown one, the pooled model."""
    fitted = fit(customers)
    odd = customers.head(4).assign(customer_id=range(4)).astype({"web": float, "age_days": float})
    odd.loc[odd.index[0], "age_days"] = np.nan
    odd.loc[odd.index[1], ["web", "shop"]] = np.nan, None
    odd.loc[odd.index[2], "shop"] = "new"
    odd = odd[few_columns(odd)]
    found = engine.pandas(fitted.transform(engine.make(odd)))
    grouped = hasattr(fitted, "groups")
    for name in fitted.outputs:
        values = found[name].astype(float).to_numpy()
        assert np.isnan(values).tolist() == [True, not grouped, False, False]
    if grouped:
        right = fitted.pooled.transform(odd)
        assert found["p_no_purchase_90d"][1:3].astype(float).tolist() == pytest.approx(
            right["p_no_purchase_90d"][1:3].tolist()
        )


def test_saved_form_is_read_back_to_equality(customers, fit, tmp_path):
    """By text and by file; predictions are equal to the last bit."""
    fitted = fit(customers, MBGNBD())
    fitted.save(tmp_path / "model.json")
    for again in (lw.loads(fitted.to_json()), lw.load(tmp_path / "model.json")):
        assert again == fitted
        assert hash(again) == hash(fitted)
        pd.testing.assert_frame_equal(
            again.transform(customers), fitted.transform(customers), check_exact=True
        )


def test_a_model_with_covariates_stands_in_layers(customers):
    """Before the layers that read its columns, saved and loaded with them."""
    spec = WithCovariates(model=BGNBD(), rate=["web"])
    layers = lw.Layers(churn=spec).fit(customers)
    assert lw.loads(layers.to_json()) == layers
    alone = spec.fit(customers)
    pd.testing.assert_frame_equal(layers.transform(customers), alone.transform(customers))
    assert alone.explain(customers.head(1))["reason"].str.contains("web = ").all()


def test_a_text_or_numbers_name_the_same_groups(customers, engine):
    """Whole numbers, fractions, truth values and categories; large numbers stay apart."""
    numbers = customers.head(600).assign(shop=lambda t: 12_345_678 + (t["shop"] == "b"))
    numbers = numbers[few_columns(numbers)]
    for kind in ("int64", "float64", "str", "category"):
        table = numbers.astype({"shop": kind})
        fitted = fit_by(BGNBD(), table, by="shop", smallest=20)
        assert len(fitted.groups) == 2
        found = engine.pandas(fitted.transform(engine.make(table)))
        right = fitted.transform(table).sort_values("customer_id")
        assert found["p_no_purchase_90d"].astype(float).to_numpy() == pytest.approx(
            right["p_no_purchase_90d"].to_numpy()
        )
    truth = numbers.assign(shop=numbers["shop"] == 12_345_678)
    fitted = fit_by(BGNBD(), truth, by="shop", smallest=20)
    assert list(fitted.groups) == ["0", "1"]
    found = engine.pandas(fitted.transform(engine.make(truth)))["p_alive"].astype(float)
    right = fitted.transform(truth).sort_values("customer_id")["p_alive"]
    assert found.to_numpy() == pytest.approx(right.to_numpy())


def test_uncertain_parameters_give_an_interval(customers, fit):
    """It holds the expectation of nearly all customers, and the same seed gives the same."""
    few, fitted = customers.head(30), fit(customers)
    ends = fitted.expected_orders_interval(few, 90, draws=60)
    expected = fitted.expected_orders(few, 90)
    assert ((ends[:, 0] <= expected) & (expected <= ends[:, 1])).mean() > 0.9
    assert (ends == fitted.expected_orders_interval(few, 90, draws=60)).all()


def test_covariates_widen_the_interval(customers):
    """With the effect drawn too, who has it is less certain than with the effect known."""
    fitted = by_covariate(customers)
    one = customers[customers["web"] == 1].head(1)
    known = attrs.evolve(
        fitted,
        covariance=tuple(
            tuple(v if i < 4 and j < 4 else (1e-12 if i == j else 0.0) for j, v in enumerate(row))
            for i, row in enumerate(fitted.covariance)
        ),
    )
    wide = np.diff(fitted.expected_orders_interval(one, 90))
    assert wide[0, 0] != pytest.approx(np.diff(known.expected_orders_interval(one, 90))[0, 0])
    with pytest.raises(FitError, match="no covariance"):
        attrs.evolve(fitted, covariance=None).expected_orders_interval(one)


def test_value_and_sums(customers, fit):
    """Residual value is discounted orders × spend; orders of all together are the kinds' sums."""
    fitted, customers = fit(customers), customers.head(200)
    spend = GammaGamma().with_parameters(p=6.25, q=3.74, v=15.44)
    value = residual_value(fitted, spend, customers, horizon_days=365)
    orders = fitted.discounted_orders(customers, 365)
    assert value == pytest.approx(orders * spend.expected_spend(customers))
    names = customers["web"] if hasattr(fitted, "at") else customers["shop"]
    sums = [fitted.cumulative_orders(part, 50) for _, part in customers.groupby(names)]
    assert fitted.cumulative_orders(customers, 50) == pytest.approx(sum(sums))


def judged(customers):
    rng = np.random.default_rng(3)
    return customers.assign(holdout_orders=rng.poisson(0.5, len(customers)), holdout_days=90)


def test_compare_and_calibration_take_them(customers, fit):
    """A spec with covariates, fitted models of both kinds, beside the plain one."""
    table = judged(customers)
    fitted = fit(table)
    found = compare({"plain": BGNBD(), "kinds": fitted}, table)
    assert found.loc["kinds", "total"] == pytest.approx(fitted.expected_orders(table, 90).sum())
    assert calibration(fitted, table)["customers"].sum() == len(table)
    card = lw.score_churn(
        fitted.transform(table).assign(days_since_last=table["age_days"]),
        probability="p_no_purchase_90d",
    )
    assert card.brier == pytest.approx(found.loc["kinds", "brier"])
    spec = WithCovariates(model=BGNBD(), rate=["web"])
    assert compare({"spec": spec}, table).loc["spec", "aic"] == by_covariate(table).aic
    if hasattr(fitted, "at"):
        with pytest.raises(DataError, match="covariates missing"):
            compare({"x": fitted}, table.assign(web=np.nan))


def test_likelihood_of_groups_is_the_sum(customers):
    """Where all have a model of their own; with the pooled model in use there is none."""
    assert by_group(customers).log_likelihood is None
    two = customers[customers["shop"] != "tiny"]
    fitted = by_group(two)
    parts = [BGNBD().fit(two[two["shop"] == name]) for name in ("a", "b")]
    assert fitted.log_likelihood == pytest.approx(sum(p.log_likelihood for p in parts))
    assert fitted.aic == pytest.approx(sum(p.aic for p in parts))
    assert fitted.parameters["b.alpha"] == pytest.approx(parts[1].alpha, rel=1e-6)
    assert fitted.aic < BGNBD().fit(two).aic


def log() -> pd.DataFrame:
    days = ["01-01", "01-09", "01-03", "01-03", "01-14", "01-10", "01-21"]
    frame = {"customer_id": list("aabbbcc"), "ordered_at": [f"2024-{day}" for day in days]}
    return pd.DataFrame(frame).assign(amount=5.0)


KINDS = pd.DataFrame(
    {"customer_id": ["c", "x", "b", "a"], "web": [1, 0, 0, 1], "shop": list("bxab")}
)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.from_pandas], ids=["pandas", "polars"])
def test_tracking_adds_up_the_kinds(customers, fit, make):
    """Each customer is expected what the model of the own kind says of a new one."""
    fitted = fit(customers)
    table = tracking(fitted, make(log()), end="2024-01-21", customers=make(KINDS))
    web, shop = model_of(fitted, KINDS.iloc[0]), model_of(fitted, KINDS.iloc[2])
    new = web.expected_orders_new(21) + shop.expected_orders_new(19) + web.expected_orders_new(12)
    assert table["cumulative_expected"].iloc[-1] == pytest.approx(new, rel=1e-12)
    plain = tracking(web, log(), end="2024-01-21")
    assert table["cumulative_actual"].tolist() == plain["cumulative_actual"].tolist()
    split = tracking(fitted, make(log()), end="2024-01-21", split="2024-01-02", customers=KINDS[3:])
    assert split["cumulative_expected"].iloc[-1] == pytest.approx(web.expected_orders_new(21))


def test_tracking_refuses_a_table_that_does_not_fit(customers, fit):
    """No table, customers that it lacks or has twice, covariates that it lacks."""
    fitted, choices = fit(customers), {"end": "2024-01-21"}
    with pytest.raises(SpecError, match="customers="):
        tracking(fitted, log(), **choices)
    with pytest.raises(DataError, match="lacks 1 of 3"):
        tracking(fitted, log(), customers=KINDS[1:], **choices)
    with pytest.raises(DataError, match="1 ids twice"):
        tracking(fitted, log(), customers=pd.concat([KINDS, KINDS[:1]]), **choices)
    with pytest.raises(ColumnsError, match=r"web|shop"):
        tracking(fitted, log(), customers=KINDS[["customer_id"]], **choices)
    with pytest.raises(ColumnsError, match="lacks the ids"):
        tracking(fitted, log(), customers=KINDS[["web", "shop"]], **choices)


def test_what_one_model_is_needed_for(customers, fit):
    """A history, lifetimes and SQL are those of one kind; the error says how to take it."""
    fitted = fit(customers)
    with pytest.raises(SpecError, match="take one kind"):
        history(fitted, log(), customer_id="a", as_of="2024-01-12")
    for refused in (fitted.to_lifetimes, lambda: fitted.process):
        with pytest.raises(SpecError, match=r"fitted\.at\(web=1\)"):
            refused()
    with pytest.raises(EngineError, match="one SELECT cannot hold"):
        fitted.to_sql()
    one = model_of(fitted, KINDS.iloc[0])
    assert len(history(one, log(), customer_id="a", as_of="2024-01-12")) == 12


def test_what_cannot_be_asked(customers, fit):
    """Missing columns, missing values where none may be, odd horizons and covariates."""
    fitted = fit(customers)
    with pytest.raises(ColumnsError, match="tell its kinds apart"):
        fitted.p_alive(customers.drop(columns=["web", "shop"]))
    with pytest.raises(ColumnsError, match=r"web|shop"):
        fitted.transform(customers.drop(columns=["web", "shop"]))
    with pytest.raises(DataError, match="missing age_days: 3,000 of 3,000"):
        fitted.orders_interval(customers.assign(age_days=np.nan))
    with pytest.raises(SpecError, match="horizon_days"):
        fitted.p_no_purchase(customers, -1)
    assert len(fitted.p_alive(customers.head(0))) == 0
    assert fitted.order_probabilities(customers.head(0), 3).shape == (0, 4)


def test_odd_covariates_of_a_prediction(customers):
    """Words are refused, missing ones where all are needed; far values keep to the possible."""
    fitted = by_covariate(customers)
    with pytest.raises(ColumnsError, match="not numeric"):
        fitted.p_alive(customers.assign(web="yes"))
    with pytest.raises(DataError, match="web missing: 3,000 of 3,000"):
        fitted.orders_interval(customers.assign(web=np.nan))
    for choices in ({}, {"web": "1"}, {"shop": 1}, {"web": 1, "shop": 1}):
        with pytest.raises(SpecError, match="covariates web"):
            fitted.at(**choices)
    for far in (1e9, -1e9):
        values = fitted.transform(customers.head(50).assign(web=far))["p_no_purchase_90d"]
        assert values.between(0.0, 1.0).all()


def test_groups_of_regular_buyers(customers):
    """MBG/CNBD-k by group learns from the gaps of the group."""
    table = customers.assign(gap_log_mean=2.0)
    fitted = fit_by(MBGCNBD(k=2), table, by="shop", smallest=50)
    alone = MBGCNBD(k=2).fit(table[table["shop"] == "b"])
    assert fitted.groups["b"].parameters == pytest.approx(alone.parameters, rel=1e-6)


def test_a_fit_does_not_depend_on_the_engine(customers, engine):
    """Lazy tables are collected; the estimates are the same."""
    table = customers[few_columns(customers)]
    spec = WithCovariates(model=BGNBD(), rate=["web"])
    found = spec.fit(engine.make(table)).parameters
    assert found == pytest.approx(spec.fit(table).parameters, rel=1e-8)


def test_the_test_wants_the_same_model(customers):
    """A plain model of another kind or unit is refused; its horizon does not matter."""
    fitted = by_covariate(customers)
    assert fitted.likelihood_ratio(BGNBD(horizon_days=7).fit(customers))[1] == 1
    for other in (MBGNBD(), BGNBD(unit="week"), BGNBD(penalty=0.1)):
        with pytest.raises(SpecError, match="same customers"):
            fitted.likelihood_ratio(other.fit(customers))


def test_what_cannot_be_grouped(customers):
    """Models of other kinds, and a group column that is not there."""
    with pytest.raises(SpecError, match="no BGBB"):
        fit_by(BGBB(), customers, by="shop")  # type: ignore[arg-type]
    with pytest.raises(ColumnsError, match="needed by fit_by"):
        fit_by(BGNBD(), customers, by="store")
    with pytest.raises(ColumnsError, match="gap_log_mean"):
        fit_by(MBGCNBD(k=2), customers, by="shop")
