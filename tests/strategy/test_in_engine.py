"""A plan of a lazy label table is that of pandas, row by row, or is refused."""

import warnings

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, EngineError, LayerwiseError
from layerwise.strategy import StrategyTable, in_engine
from layerwise.strategy.labels import closed_labels
from tests.conftest import ENGINES
from tests.strategy.test_plan import CUSTOMERS, FIVE

DEFAULT = StrategyTable.default()
LAZY = [name for name, engine in ENGINES.items() if engine.lazy]


@pytest.fixture(params=LAZY)
def lazy(request):
    """Each lazy engine that is always there."""
    return ENGINES[request.param]


def told(function, *args, **kwargs):
    """Return the result, or the error's text, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*args, **kwargs)
        except LayerwiseError as error:
            result = f"{type(error).__name__}: {error}"
    return result, [str(w.message) for w in caught]


def same(engine, table, labels, **choices):
    """Check that the lazy plan has the rows and the warnings of pandas; return the former."""
    expected, words = told(table.plan, labels, holdout=0, **choices)
    found, same_words = told(table.plan, engine.make(labels), holdout=0, **choices)
    if isinstance(expected, str):
        assert found == expected
        return expected
    keys = ["customer_id", "rank"]
    mine, theirs = (
        engine.pandas(f, sort="none").astype(object).sort_values(keys, ignore_index=True)
        for f in (found, expected)
    )
    pd.testing.assert_frame_equal(mine, theirs)
    assert same_words == words
    counts = {k: v for k, v in choices.items() if k != "lang"}
    assert table.plan_counts(engine.make(labels), **counts) == table.plan_counts(labels, **counts)
    return expected


def many(n=400, seed=3):
    """Return labels of all closed axes, some missing, flags, consent and lists of causes."""
    rng = np.random.default_rng(seed)
    axes = ("tier", "value", "frequency", "loyalty", "churn_type")
    labels = pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)]})
    for axis in axes:
        names = np.array([*closed_labels()[axis], "not_evaluable", None], dtype=object)
        labels[axis] = names[rng.integers(0, len(names), n)]
    causes = np.array(["delivery_late", "site_slow;delivery_late", "delivery_late;site_slow", None])
    return labels.assign(
        cause=causes[rng.integers(0, 4, n)],
        is_loyal=rng.random(n) < 0.3,
        is_churned=rng.random(n) < 0.1,
        email_ok=rng.random(n) < 0.7,
        sms_ok=rng.random(n) < 0.5,
    )


def test_five_customers(lazy):
    """The table that test_plan works out by hand."""
    plan = same(lazy, FIVE, CUSTOMERS)
    assert len(plan) == 12


CHOICES = [
    {},
    {"cap": 1, "one_price_incentive": False, "lang": "zh"},
    {"axes": ["value", "cause"], "consent": "email_ok"},
    {"axes": {"value": "frequency"}, "allow_gaps": True},
    {"consent": {"email": "email_ok", "sms": "sms_ok"}, "quiet": ["sms"]},
    {"axes": {"churn_type": "tier"}},  # no such labels on that axis: refused, with counts
]


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_labels_flags_and_consent(lazy, choices):
    """Whatever depends on labels and truth columns alone is the same, warnings and counts too."""
    same(lazy, DEFAULT, many(), **choices)


def test_programmes_and_those_never_assigned(lazy):
    """Programmes asked for, strategies nobody gets: counted in the engine, equal."""
    labels = many()
    expected = DEFAULT.programmes_for(labels)
    pd.testing.assert_frame_equal(DEFAULT.programmes_for(lazy.make(labels)), expected)
    plan, _ = told(DEFAULT.plan, labels, holdout=0)
    found, _ = told(DEFAULT.plan, lazy.make(labels), holdout=0)
    assert DEFAULT.never_assigned(found) == DEFAULT.never_assigned(plan)


def test_whole_numbers_as_labels(lazy):
    """Scores are labels as text is; missing ones match nothing."""
    scores = pd.array([1, 2, None, 2, 1], dtype="Int64")
    table = FIVE.extend(type(FIVE)(rows=[_row("two", "score", "2"), _row("one", "score", "1")]))
    plan = same(lazy, table, CUSTOMERS.assign(score=scores))
    assert {"one", "two"} <= set(plan["strategy_id"])


def _row(strategy, axis, segment):
    return type(FIVE.rows[0])(
        id=strategy, axis=axis, segment=segment, priority=1, action=f"Do {strategy}", owner="crm"
    )


def test_nobody_gets_anything(lazy):
    """An empty plan has the columns of a plan."""
    labels = pd.DataFrame({"customer_id": [1, 2], "tier": ["not_evaluable", None]})
    assert len(same(lazy, DEFAULT, labels)) == 0


@pytest.mark.parametrize(
    "ids", [[11, 12, 13, 14, None], [*"abcca"], [*"abcd", " "], [*"abcd", None]]
)
def test_ids_are_refused_with_the_words_of_pandas(lazy, ids):
    """Missing, blank and repeated ids, counted."""
    kind = "Int64" if isinstance(ids[0], int) else object
    assert "5 rows" in same(lazy, FIVE, CUSTOMERS.assign(customer_id=pd.array(ids, dtype=kind)))


@pytest.mark.parametrize(
    ("columns", "choices", "error", "words"),
    [
        ({}, {"holdout": 0.1}, EngineError, r"holdout=0\.1: .*hash of each id"),
        ({}, {"holdout": 0, "control": 0.2}, EngineError, r"control=0\.2"),
        ({"tier": 1.5}, {"holdout": 0}, ColumnsError, "'tier' is Float64"),
        ({"ok": "yes"}, {"holdout": 0, "consent": "ok"}, ColumnsError, "must be true or false"),
        ({"customer_id": 1.5}, {"holdout": 0}, DataError, "ids are text or whole numbers"),
    ],
)
def test_refusals_say_why(lazy, columns, choices, error, words):
    """What an engine cannot do, or a column cannot be, is an error, never another plan."""
    with pytest.raises(error, match=words):
        FIVE.plan(lazy.make(CUSTOMERS.assign(**columns)), **choices)


def test_too_many_combinations_are_refused(lazy, monkeypatch):
    """The message says how many there are and what to do."""
    monkeypatch.setattr(in_engine, "MOST", 4)
    with pytest.raises(EngineError, match=r"(?s)5 combinations, more than 4.*fewer columns"):
        FIVE.plan(lazy.make(CUSTOMERS), holdout=0)
