"""What every engine must do, and where it may say that it cannot.

Each feature is one body that runs on every engine and compares with what pandas gave. The table in
docs/reference/engines.md is made from this list, and the suite holds each of its cells to be true:
an engine in `refused` raises an EngineError, any other agrees.
"""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any
from unittest.mock import patch

import attrs
import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise import frames
from layerwise.errors import DataError
from layerwise.evaluate import check_frozen, measure_migration
from layerwise.labeller import Labeller
from layerwise.models import MBGNBD, ParetoNBD, fit_by
from layerwise.portrait import segment_profile
from layerwise.privacy import publish
from layerwise.strategy import plan_summary
from tests.engines.backends import BACKENDS, Backend
from tests.engines.golden import AS_OF, END, SPLIT, customers, golden

LAZY = frozenset(name for name, backend in BACKENDS.items() if backend.lazy)


@attrs.frozen
class Feature:
    """One thing to do: its name, how the docs call it, the check, and who may refuse."""

    name: str
    title: str
    check: Callable[[Backend], None]
    refused: frozenset[str] = frozenset()


FEATURES: dict[str, Feature] = {}


def feature(title: str, *, refused: frozenset[str] = frozenset()) -> Callable[[Any], Any]:
    """Enter a function in the list under its own name."""

    def enter(check: Callable[[Backend], None]) -> Callable[[Backend], None]:
        FEATURES[check.__name__] = Feature(check.__name__, title, check, refused)
        return check

    return enter


def quietly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, list[str]]:
    """Return the result and the notices of layerwise."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = function(*args, **kwargs)
    notices = [str(w.message) for w in caught if issubclass(w.category, lw.LayerwiseWarning)]
    return result, notices


def equal(backend: Backend, found: Any, expected: pd.DataFrame) -> None:
    """Compare to the last bit, dates as dates, missing as missing; rows in the order of the ids."""
    mine = backend.engine.pandas(found)
    theirs = BACKENDS["pandas"].engine.pandas(expected)
    assert list(mine) == list(theirs)
    assert len(mine) == len(theirs)
    days = [name for name in mine if name in ("as_of", "first_order", "last_order")]
    mine, theirs = (t.assign(**{n: pd.to_datetime(t[n]) for n in days}) for t in (mine, theirs))
    keys = [name for name in ("as_of", "customer_id", "rank") if name in mine]
    mine, theirs = (t.sort_values(keys, ignore_index=True) for t in (mine, theirs))
    for name in mine:
        a, b = mine[name], theirs[name]
        missing = pd.isna(b)
        assert (pd.isna(a) == missing).all(), name
        assert (a[~missing] == b[~missing]).all(), name


def summarised(backend: Backend, function: Callable[..., Any], text_ids: bool, **kw: Any) -> None:
    """Check one function of order logs: the table and the notices."""
    log = golden(text_ids=text_ids)
    expected, notices = quietly(function, log, **kw)
    found, same = quietly(function, backend.make(log), **kw)
    equal(backend, found, expected)
    assert same == notices
    assert notices


@feature("`summarize`, whole-number ids, by day")
def summarize(backend: Backend) -> None:
    summarised(backend, lw.summarize, False, as_of=AS_OF)


@feature("`summarize`, text ids with blank ones, `order=`, by week")
def summarize_orders(backend: Backend) -> None:
    choices = {"order": "order_id", "grain": "week", "window_days": [30, 365]}
    summarised(backend, lw.summarize, True, as_of=AS_OF, **choices)


@feature("`summarize`, a log where every row is used: the same cents")
def summarize_clean(backend: Backend) -> None:
    log = golden().dropna().query("amount > 0 and ordered_at <= @AS_OF").reset_index(drop=True)
    expected, notices = quietly(lw.summarize, log, as_of=AS_OF)
    found, same = quietly(lw.summarize, backend.make(log), as_of=AS_OF)
    equal(backend, found, expected)
    assert same == notices == []


@feature("`calibration_holdout`")
def holdout(backend: Backend) -> None:
    summarised(backend, lw.calibration_holdout, False, split=SPLIT, end=END)


@feature("`check_orders`")
def check(backend: Backend) -> None:
    log, choices = golden(text_ids=True), {"as_of": AS_OF, "order": "order_id"}
    expected = lw.check_orders(log, **choices)
    found, _ = quietly(lw.check_orders, backend.make(log), **choices)
    assert found == expected


LAYERS = lw.Layers(
    rfm=lw.RFM(),
    value=lw.Value(),
    frequency=lw.Frequency(),
    churn=lw.ChurnStatus(),
    loyalty=lw.Loyalty(churn="churn"),
    needs=lw.Needs(),
    clusters=lw.NeedsClusters(columns=("share_fresh", "share_other"), clusters=2),
    tier=lw.Tier(),
)


@cache
def saved(kind: str) -> str:
    """Return the JSON of what was fitted on the pandas table."""
    orders = lw.BGNBD(horizon_days=90)
    spend = lw.GammaGamma(horizon_days=90)
    specs: dict[str, Any] = {
        "layers": LAYERS,
        "bgnbd": orders,
        "mbgnbd": MBGNBD(horizon_days=90),
        "pareto": ParetoNBD(horizon_days=90),
        "spend": lw.Layers(orders_model=orders, spend_model=spend),
        "whole": lw.Layers(
            orders_model=orders,
            spend_model=spend,
            value=lw.Value(),
            frequency=lw.Frequency(),
            churn=lw.ChurnStatus(),
            loyalty=lw.Loyalty(churn="churn"),
            tier=lw.Tier(expected_spend="expected_spend_90d"),
        ),
    }
    if kind == "groups":
        return str(quietly(fit_by, orders, customers(), by="region", smallest=30)[0].to_json())
    return str(quietly(specs[kind].fit, customers())[0].to_json())


def labelled(backend: Backend, kind: str) -> None:
    """Check that the JSON fitted on pandas labels a table of this engine the same."""
    fitted: Labeller = lw.loads(saved(kind))
    table = customers()
    given = backend.make(table)
    found, _ = quietly(fitted.transform, given)
    assert type(found).__name__.split("[")[0] == type(given).__name__.split("[")[0]
    compare(backend, found, fitted.transform(table), fitted.outputs)


def compare(backend: Backend, found: Any, expected: Any, outputs: tuple[str, ...]) -> None:
    """Compare given columns and labels exactly, computed numbers to 1e-12."""
    mine = backend.engine.pandas(found)
    theirs = BACKENDS["pandas"].engine.pandas(expected)
    assert list(mine) == list(theirs)
    for name in mine:
        a, b = mine[name], theirs[name]
        missing = pd.isna(b)
        assert (pd.isna(a) == missing).all(), name
        a, b = a[~missing], b[~missing]
        computed = name in outputs and len(b) and isinstance(b.iloc[0], float)
        if computed:
            np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=1e-12, err_msg=name)
        else:
            assert (a == b).all(), name


@feature("all layers: RFM, value, frequency, churn status, loyalty, needs, clusters, tier")
def layers(backend: Backend) -> None:
    labelled(backend, "layers")


@feature("`BGNBD`: probabilities as expressions, expected orders by a lookup")
def bgnbd(backend: Backend) -> None:
    labelled(backend, "bgnbd")


@feature("`MBGNBD`, the same")
def mbgnbd(backend: Backend) -> None:
    labelled(backend, "mbgnbd")


@feature("`ParetoNBD`: everything by a lookup")
def pareto_nbd(backend: Backend) -> None:
    labelled(backend, "pareto")


@feature("`GammaGamma`: expected spend")
def gamma_gamma(backend: Backend) -> None:
    labelled(backend, "spend")


@feature("a model for each group (`fit_by`): its probabilities and expected orders")
def groups(backend: Backend) -> None:
    labelled(backend, "groups")


@feature("orders to tiers without leaving the engine")
def orders_to_tiers(backend: Backend) -> None:
    fitted = lw.loads(saved("whole"))
    log, choices = golden(), {"as_of": AS_OF, "order": "order_id"}
    expected = fitted.transform(quietly(lw.summarize, log, **choices)[0])
    table, _ = quietly(lw.summarize, backend.make(log), **choices)
    found, _ = quietly(fitted.transform, table)
    keep = [name for name in expected if name not in ("first_order", "last_order")]
    mine = backend.engine.pandas(found)[keep]
    compare(BACKENDS["pandas"], mine, expected[keep], fitted.outputs)


@feature("`fit` of the layers, from counts of equal rows: the same JSON")
def fit_layers(backend: Backend) -> None:
    found, _ = quietly(LAYERS.fit, backend.make(customers()))
    assert found.to_json() == saved("layers")


@feature("`fit` of layers, layer by layer, where different rows are too many: the same JSON")
def fit_apart(backend: Backend) -> None:
    table = customers()
    layers = lw.Layers(value=lw.Value(), rfm=lw.RFM(), tier=lw.Frequency())
    columns = ["days_since_last", "orders_365d", "spend_365d"]
    limit = int(table[columns].nunique(dropna=False).max())
    assert len(table[columns].drop_duplicates()) > limit
    expected, _ = quietly(layers.fit, table)
    with patch.object(frames, "LARGEST_COLLECT", limit):
        found, _ = quietly(layers.fit, backend.make(table))
    assert found.to_json() == expected.to_json()


@feature("`fit` of `GammaGamma`, from counts: the same JSON")
def fit_spend(backend: Backend) -> None:
    spec = lw.GammaGamma()
    found, _ = quietly(spec.fit, backend.make(customers()))
    expected, _ = quietly(spec.fit, customers())
    assert found.to_json() == expected.to_json()


@feature("`fit` of the models, from counts of histories: the same JSON")
def fit_models(backend: Backend) -> None:
    given = backend.make(customers())
    for kind, spec in {
        "bgnbd": lw.BGNBD(horizon_days=90),
        "mbgnbd": MBGNBD(horizon_days=90),
    }.items():
        assert quietly(spec.fit, given)[0].to_json() == saved(kind)


@feature("`fit_by`, from counts by group: the same JSON")
def fit_groups(backend: Backend) -> None:
    given = backend.make(customers())
    found, _ = quietly(fit_by, lw.BGNBD(horizon_days=90), given, by="region", smallest=30)
    assert found.to_json() == saved("groups")


@feature("gaps between orders (`gaps=True`)", refused=LAZY)
def gaps(backend: Backend) -> None:
    summarised(backend, lw.summarize, False, as_of=AS_OF, gaps=True)


DATES = ["2024-06-30", "2024-12-31", "2025-03-31"]


@feature("`snapshots`")
def snapshots(backend: Backend) -> None:
    summarised(backend, lw.snapshots, True, as_of=DATES)


@cache
def labelled_snapshots() -> tuple[pd.DataFrame, Labeller]:
    """Return three dates of labels, some customers left out at each, and the fit that made them."""
    table, _ = quietly(lw.snapshots, golden(), as_of=DATES)
    fitted = lw.Layers(value=lw.Value(), rfm=lw.RFM()).fit(table[table["as_of"] == DATES[0]])
    erased = table["customer_id"] % 7 == (table["as_of"] == DATES[1]) * 3
    kept = table[~erased]
    return fitted.transform(kept).astype({"value": str, "rfm": str}), fitted


@feature("migration: `measure_migration`, counted inside the engine")
def migration(backend: Backend) -> None:
    table, fitted = labelled_snapshots()
    given = backend.make(table)
    for label in ("value", "rfm_r"):
        expected = measure_migration(table, label=label, fitted=fitted)
        found = measure_migration(given, label=label, fitted=fitted)
        assert (found.names, found.dates, found.frozen) == (
            expected.names,
            expected.dates,
            True,
        )
        for name in ("moves", "net", "stability"):
            pd.testing.assert_frame_equal(getattr(found, name), getattr(expected, name))
    assert {"entered", "left"} <= {*expected.moves["before"], *expected.moves["after"]}


@feature("labels of another fit: `check_frozen`")
def frozen(backend: Backend) -> None:
    table, _ = labelled_snapshots()
    other = lw.Value().fit(table[table["as_of"] == DATES[2]])
    expected = check_frozen(table, other, label="value")
    assert expected["other"].any()
    found = check_frozen(backend.make(table), other, label="value")
    pd.testing.assert_frame_equal(found, expected)
    with pytest.raises(DataError) as mine:
        measure_migration(backend.make(table), label="value", fitted=other)
    with pytest.raises(DataError) as theirs:
        measure_migration(table, label="value", fitted=other)
    assert str(mine.value) == str(theirs.value)


@feature("profiles: `segment_profile`, values counted by segment inside the engine")
def profile(backend: Backend) -> None:
    table = lw.loads(saved("layers")).transform(customers()).astype({"value": str})
    chosen = ["orders", "spend_total", "spend_365d", "region", "is_loyal"]
    expected = segment_profile(table, segment="value", features=chosen)
    found = segment_profile(backend.make(table), segment="value", features=chosen)
    pd.testing.assert_frame_equal(found.segments, expected.segments)
    pd.testing.assert_frame_equal(found.features, expected.features)
    assert expected.features["difference"].notna().any()


@feature("k-anonymous tables: `publish`, customers counted inside the engine")
def publication(backend: Backend) -> None:
    table = lw.loads(saved("layers")).transform(customers())
    rows = table[["customer_id", "region", "value", "rfm_r"]].astype({"value": str})
    for log in (rows, pd.concat([rows, rows.assign(region="east")[::3]], ignore_index=True)):
        tables = [["region", "value"], ["value", "rfm_r"]]
        expected = publish(log, tables, k=8)
        found = publish(backend.make(log), tables, k=8)
        assert (found.total, found.small, found.beside) == (
            expected.total,
            expected.small,
            expected.beside,
        )
        for key, cells in expected.tables.items():
            pd.testing.assert_frame_equal(found.tables[key], cells)
    assert expected.small > 0


@feature("`explain`", refused=LAZY)
def explain(backend: Backend) -> None:
    fitted = lw.loads(saved("layers"))
    expected = fitted.explain(customers())
    found = backend.engine.pandas(fitted.explain(backend.make(customers())), sort="none")
    assert found["reason"].tolist() == expected["reason"].tolist()


def labels() -> pd.DataFrame:
    """Return the golden customers with their labels as text, some missing, and consent."""
    table = lw.loads(saved("layers")).transform(customers())
    table = table.astype({n: str for n in LAYERS if n != "rfm"} | {"rfm": str})
    table.loc[::11, "tier"] = None
    return table.assign(email_ok=table["customer_id"] % 3 > 0)


AXES = {"value": "value", "loyalty": "loyalty", "tier": "tier"}


@feature("strategy plan: combinations counted there, the plan joined there (`holdout=0`)")
def plan(backend: Backend) -> None:
    table, choices = lw.StrategyTable.default(), {"axes": AXES, "consent": {"email": "email_ok"}}
    expected, notices = quietly(table.plan, labels(), holdout=0, **choices)
    found, same = quietly(table.plan, backend.make(labels()), holdout=0, **choices)
    equal(backend, found, expected)
    assert same == notices
    given = backend.make(labels())
    assert table.plan_counts(given, **choices) == table.plan_counts(labels(), **choices)
    asked = table.programmes_for(labels(), axes=AXES)
    pd.testing.assert_frame_equal(table.programmes_for(given, axes=AXES), asked)


@feature("`plan_summary`: customers of each strategy")
def summary_of_plan(backend: Backend) -> None:
    plan, _ = quietly(lw.StrategyTable.default().plan, labels(), axes=AXES, holdout=0)
    counts = backend.engine.pandas(plan_summary(backend.make(plan)), sort="strategy_id")
    theirs = BACKENDS["pandas"].engine.pandas(plan_summary(plan), sort="strategy_id")
    assert counts.to_numpy().tolist() == theirs.to_numpy().tolist()


@feature("strategy plan with a holdout, drawn from the hash of each id", refused=LAZY)
def held_out_plan(backend: Backend) -> None:
    table = lw.StrategyTable.default()
    expected, _ = quietly(table.plan, labels(), axes=AXES, holdout=0.2)
    found, _ = quietly(table.plan, backend.make(labels()), axes=AXES, holdout=0.2)
    equal(backend, found, expected)
