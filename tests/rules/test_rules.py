"""Every rule kind gives the same on arrays, as an expression, and after JSON."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise import frames, saved, vectors
from layerwise.errors import SpecError
from layerwise.fitted import Fitted
from layerwise.labeller import evaluate
from layerwise.layers import Value
from layerwise.loading import load
from layerwise.rules import Case, Cut, FirstMatch, Formula, Holds, Largest, Nearest, Rule, Weighted
from tests.conftest import Engine

TABLE = pd.DataFrame(
    {
        "customer_id": range(1, 9),
        "x": [0.0, 10.0, 10.000001, 20.0, 25.5, np.nan, -3.0, 1e9],
        "n": [1, 2, 3, 4, 5, 6, 7, 8],
        "a": [0.1, 0.5, 0.3, 0.3, np.nan, 0.0, 0.9, 0.25],
        "b": [0.2, 0.5, 0.3, 0.1, 0.4, 0.0, 0.05, 0.5],
        "value": ["low", "mid", "high", "high", None, "low", "mid", "high"],
    }
)
SCORE = Cut(
    output="score", column="n", edges=(2, 5), labels=(3, 2, 1), missing=None, descending=True
)
RULES: list[Rule] = [
    Cut(output="band", column="x", edges=(10, 20), labels=("low", "mid", "high")),
    Cut(output="band", column="x", edges=(10, 10), labels=("low", "mid", "high"), descending=True),
    SCORE,
    FirstMatch(
        output="tier",
        cases=[
            ("missing(value)", "unknown"),
            ("value == 'high' and x >= 20", "top"),
            ("value != 'low' or x < k * a", "some"),
        ],
        otherwise="rest",
        constants={"k": 2.0},
    ),
    FirstMatch(output="tier", cases=[("value in ('high', 'mid')", "up")], otherwise="rest"),
    FirstMatch(output="tier", cases=[Case(when="20 <= x", label="up")], otherwise="rest"),
    Formula(output="rate", text="(n + r) / (x + 4) - -1", constants={"r": 0.5}),
    Formula(output="capped", text="minimum(maximum(x, 5), 20) * exp(log(n))"),
    Formula(output="chosen", text="where(missing(x), -1, where(x > 10, 1, n))"),
    Holds(output="is_big", when="x > 10 and value == 'high'"),
    Weighted(output="sum", terms={"n": 2, "x": 0.5}),
    Largest(output="main", columns=("a", "b"), labels=("A", "B"), at_least=0.2, otherwise="none"),
    Nearest(output="group", columns=("a", "b"), centers=[(0, 0), (0.5, 0.5)], labels=("1", "2")),
    Nearest(
        output="group",
        columns=("a", "b"),
        centers=[(0, 1), (1, 0), (0.5, 0.5)],
        labels=("1", "2", "3"),
        root=True,
    ),
    Nearest(output="group", columns=("x",), centers=[(1,), (9,)], labels=("1", "2"), root=True),
]


def fitted(*rules: Rule) -> Fitted:
    return Fitted(spec=Value(), name=rules[-1].output, rules=rules)


def plain(column: Any) -> list[Any]:
    values = column.objects() if isinstance(column, vectors.Labels) else column
    return [None if v is None or v != v else v for v in list(values)]


def on_arrays(rule: Rule) -> list[Any]:
    columns = vectors.read(frames.wrap(TABLE), rule.inputs)
    return plain(rule.evaluate(columns))


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{type(r).__name__}-{r.output}")
def test_same_on_every_engine(rule: Rule, engine: Engine) -> None:
    """A rule labels every engine's frame as it labels arrays."""
    labelled = engine.pandas(fitted(rule).transform(engine.make(TABLE)))
    found, wanted = plain(labelled[rule.output]), on_arrays(rule)
    if isinstance(rule, Formula | Weighted):
        assert np.allclose(np.array(found, float), np.array(wanted, float), 1e-12, equal_nan=True)
    else:
        assert found == wanted


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{type(r).__name__}-{r.output}")
def test_expression_equals_arrays_on_pandas(rule: Rule) -> None:
    """The expression of a rule and its array form agree on pandas too."""
    frame = frames.wrap(TABLE)
    found = rule.add_to(frame).to_native()[rule.output].tolist()
    found = [None if v is None or v is pd.NA or v != v else v for v in found]
    wanted = on_arrays(rule)
    close = isinstance(rule, Formula | Weighted)
    assert found == (pytest.approx(wanted) if close else wanted)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{type(r).__name__}-{r.output}")
def test_json_round_trip_is_equality(rule: Rule, tmp_path: Any) -> None:
    """A saved rule reads back equal, from text and from a file."""
    before = fitted(rule)
    assert saved.loads(before.to_json()) == before
    before.save(tmp_path / "rule.json")
    assert load(tmp_path / "rule.json") == before


def test_edge_belongs_to_the_lower_band() -> None:
    """A value on an edge is in the lower band; missing has its own label."""
    assert on_arrays(RULES[0]) == [
        "low",
        "low",
        "mid",
        "mid",
        "high",
        "not_evaluable",
        "low",
        "high",
    ]


@pytest.mark.parametrize("edge", [-1e300, -3.5, 0.0, 2.5, 3.0, 2.0**53, 1e300])
def test_whole_numbers_are_cut_as_floats_are(edge: float) -> None:
    """An edge between or beyond whole numbers splits them as it splits the same floats."""
    rule = Cut(output="band", column="n", edges=(edge,), labels=("low", "high"))
    whole = np.array([-(2**40), -4, -3, 0, 2, 3, 2**52])
    codes = rule.evaluate({"n": whole}).codes
    assert codes.tolist() == rule.evaluate({"n": whole.astype(np.float64)}).codes.tolist()


def test_scores_need_not_begin_at_one() -> None:
    """Whole-number labels come out as they are, missing ones as missing."""
    labels = vectors.Labels(np.array([0, 2, -1], dtype=np.int8), (3, 4, 5))
    wrapped = frames.wrap(pd.DataFrame({"id": [1, 2, 3]}))
    assert vectors.attach(wrapped, {"score": labels})["score"].tolist() == [3, 5, pd.NA]


def test_descending_scores() -> None:
    """The smallest numbers get the best score, and the order goes from worst to best."""
    column = SCORE.evaluate({"n": TABLE["n"].to_numpy()})
    assert column.objects().tolist() == [3, 3, 2, 2, 2, 1, 1, 1]
    assert column.names == (1, 2, 3)


def test_first_match_takes_the_first() -> None:
    """Of several conditions that hold the first gives the label."""
    rule = FirstMatch(output="t", cases=[("n > 2", "a"), ("n > 1", "b")], otherwise="c")
    assert rule.evaluate({"n": np.array([1, 2, 3])}).objects().tolist() == ["c", "b", "a"]


def test_label_tables_equal_row_by_row() -> None:
    """The lookup over label cells gives what the conditions give row by row."""
    rule = FirstMatch(
        output="t",
        cases=[("missing(score)", "?"), ("score >= 2 and value == 'high'", "a")],
        otherwise="b",
    )
    columns = evaluate([SCORE], vectors.read(frames.wrap(TABLE), ["n", "value"]))
    slow = rule._codes(columns, len(TABLE))
    assert rule.evaluate(columns).codes.tolist() == slow.tolist()


def test_reasons_name_the_numbers() -> None:
    """A reason holds the values and the edges or the condition."""
    row = {"x": 15.0, "n": 4, "value": "high", "a": 0.3}
    assert RULES[0].reason(row) == "x = 15, above 10 and at most 20"
    assert RULES[3].reason(row).startswith("value != 'low' or x < 2 * a")
    assert RULES[4].reason(row | {"value": "low"}) == "no other condition holds  (value = low)"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cut(output="b", column="x", edges=(2, 1), labels=("a", "b", "c")),
        lambda: Cut(output="b", column="x", edges=(1,), labels=("a", "b", "c")),
        lambda: Cut(output="b", column="x", edges=(1,), labels=("a", "a")),
        lambda: Cut(output="b", column="x", edges=(float("nan"),), labels=("a", "b")),
        lambda: FirstMatch(output="t", cases=[("x >", "a")], otherwise="b"),
        lambda: FirstMatch(output="t", cases=[("x > 1", "a")], otherwise="b", order=("b",)),
        lambda: Formula(output="f", text="__import__('os')"),
        lambda: Formula(output="f", text="x.real"),
        lambda: Formula(output="f", text="x if n else 2"),
        lambda: Weighted(output="w", terms={}),
        lambda: Weighted(output="w", terms={"x": float("nan")}),
        lambda: Largest(output="m", columns=("a", "b"), labels=("A",), otherwise="-"),
        lambda: Largest(output="m", columns=(), labels=(), otherwise="-"),
        lambda: Nearest(output="g", columns=("a",), centers=[(0,), (1,)], labels=("1",)),
        lambda: Nearest(output="g", columns=("a", "b"), centers=[(0,)], labels=("1",)),
        lambda: Nearest(output="g", columns=("a",), centers=[(float("inf"),)], labels=("1",)),
        lambda: Nearest(output="g", columns=("a",), centers=[], labels=()),
    ],
)
def test_refused(make: Any) -> None:
    """A rule that cannot be is an error when it is built."""
    with pytest.raises(SpecError):
        make()
