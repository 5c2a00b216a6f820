"""Expressions give the same on arrays and on every engine, missing values included."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import frames, vectors
from layerwise.errors import ColumnsError, SpecError
from layerwise.expressions import holds, in_numpy
from layerwise.fitted import Fitted
from layerwise.layers import Value
from layerwise.rules import FirstMatch, Formula, Holds, Rule
from tests.conftest import ENGINES, Engine

NAN = np.nan
TABLE = pd.DataFrame(
    {
        "customer_id": range(8),
        "x": [1.0, 2.0, NAN, 0.0, -1.0, 700.0, 3.0, NAN],
        "y": [2.0, 2.0, 1.0, 0.0, 0.0, NAN, -3.0, NAN],
        "n": [0, 1, 2, 3, 4, 5, 6, 7],
        "value": ["high", "low", None, "mid", "high", "low", None, "x'y"],
        "flag": pd.array([True, False, None, True, False, True, None, True], dtype="boolean"),
    }
)
COLUMNS = vectors.read(frames.wrap(TABLE), ["x", "y", "n", "value", "flag"])
T, F = True, False


def numbers(text: str) -> list[float]:
    return [round(float(v), 6) for v in Formula(output="o", text=text).evaluate(COLUMNS)]


def truths(text: str) -> list[bool]:
    return list(Holds(output="o", when=text).evaluate(COLUMNS).tolist())


def on_engine(rule: Rule, engine: Engine) -> list[Any]:
    fitted = Fitted(spec=Value(), name=rule.output, rules=(rule,))
    found = engine.pandas(fitted.transform(engine.make(TABLE)))[rule.output]
    return [NAN if v is None or v is pd.NA else v for v in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("n * 0 + 1 + 2 * 3", [7.0] * 8),
        ("(n * 0 + 1 + 2) * 3", [9.0] * 8),
        ("8 - 2 - 1 - 0 * n", [5.0] * 8),
        ("8 / 2 / 2 + n - n", [2.0] * 8),
        ("-n * -1", [0.0, 1, 2, 3, 4, 5, 6, 7]),
        ("2 - -1 + 0 / (n + 1)", [3.0] * 8),
    ],
)
def test_precedence(text: str, wanted: list[float], engine: Engine) -> None:
    """Arithmetic binds as everywhere, from left to right."""
    assert numbers(text) == wanted
    assert on_engine(Formula(output="o", text=text), engine) == wanted


def test_and_binds_before_or() -> None:
    """`a or b and c` is `a or (b and c)`."""
    assert truths("n == 0 or n > 2 and n < 5") == [T, F, F, T, T, F, F, F]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x + y", [3, 4, NAN, 0, -1, NAN, 0, NAN]),
        ("x / y", [0.5, 1, NAN, NAN, NAN, NAN, -1, NAN]),
        ("1 / x", [1, 0.5, NAN, NAN, -1, 0.001429, 0.333333, NAN]),
        ("x / 0", [NAN] * 8),
        ("log(x)", [0, 0.693147, NAN, NAN, NAN, 6.55108, 1.098612, NAN]),
        ("minimum(x, y)", [1, 2, NAN, 0, -1, NAN, -3, NAN]),
        ("maximum(x, y)", [2, 2, NAN, 0, 0, NAN, 3, NAN]),
        ("minimum(1, x)", [1, 1, NAN, 0, -1, 1, 1, NAN]),
        ("where(x > y, x, y)", [2, 2, 1, 0, 0, NAN, 3, NAN]),
        ("where(missing(x), -1, x)", [1, 2, -1, 0, -1, 700, 3, -1]),
        ("where(value == 'high', 1, 0)", [1, 0, 0, 0, 1, 0, 0, 0]),
        ("exp(x + x)", [7.389056, 54.59815, NAN, 1, 0.135335, NAN, 403.428793, NAN]),
    ],
)
def test_missing_in_arithmetic(text: str, wanted: list[float], engine: Engine) -> None:
    """What meets a missing value is missing, and so is what is not a finite number."""
    assert numbers(text) == pytest.approx([float(v) for v in wanted], nan_ok=True)
    found = [round(float(v), 6) for v in on_engine(Formula(output="o", text=text), engine)]
    assert found == pytest.approx([float(v) for v in wanted], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x < y", [T, F, F, F, T, F, F, F]),
        ("x <= y", [T, T, F, T, T, F, F, F]),
        ("y > x", [T, F, F, F, T, F, F, F]),
        ("x != y", [T, F, F, F, T, F, T, F]),
        ("x == y", [F, T, F, T, F, F, F, F]),
        ("2 <= x", [F, T, F, F, F, T, T, F]),
        ("2 == x", [F, T, F, F, F, F, F, F]),
        ("x / y > -10", [T, T, F, F, F, F, T, F]),
        ("log(x) < 100", [T, T, F, F, F, T, T, F]),
        ("missing(x)", [F, F, T, F, F, F, F, T]),
        ("missing(x / y)", [F, F, T, T, T, T, F, T]),
        ("missing(value)", [F, F, T, F, F, F, T, F]),
        ("value == 'high'", [T, F, F, F, T, F, F, F]),
        ("'high' == value", [T, F, F, F, T, F, F, F]),
        ("value != 'high'", [F, T, F, T, F, T, F, T]),
        ("value == 'nobody'", [F] * 8),
        ("value != 'nobody'", [T, T, F, T, T, T, F, T]),
        ("value in ('low', 'mid')", [F, T, F, T, F, T, F, F]),
        ('value == "x\'y"', [F, F, F, F, F, F, F, T]),
        ("x in (1, 2.0)", [T, T, F, F, F, F, F, F]),
        ("x > 0 or y > 0", [T, T, T, F, F, T, T, F]),
        ("x > 0 and y > 0", [T, T, F, F, F, F, F, F]),
    ],
)
def test_missing_in_conditions(text: str, wanted: list[bool], engine: Engine) -> None:
    """A comparison with missing is false, on arrays and on every engine, also inside and, or."""
    assert truths(text) == wanted
    assert on_engine(Holds(output="o", when=text), engine) == wanted


def test_columns_of_truth(engine: Engine) -> None:
    """A column of true and false stands as a condition; missing is false."""
    rule = FirstMatch(output="o", cases=[("flag and n > 2", "a"), ("flag", "b")], otherwise="c")
    fitted = Fitted(spec=Value(), name="o", rules=(rule,))
    found = engine.pandas(fitted.transform(engine.make(TABLE)))["o"].tolist()
    assert found == ["b", "c", "c", "a", "c", "a", "c", "a"]


def test_scores_are_numbers() -> None:
    """A label column of whole numbers is compared and added as numbers."""
    scores = vectors.Labels(np.array([0, 1, -1]), (3, 5))
    columns = {"s": scores, "value": COLUMNS["value"]}
    assert in_numpy("s + 1", columns, {})[:2].tolist() == [4.0, 6.0]
    assert holds("s != 3", columns, {}).tolist() == [F, T, F]
    assert holds("missing(s)", columns, {}).tolist() == [F, F, T]


def test_small_whole_numbers_do_not_overflow(engine: Engine) -> None:
    """Whole numbers of one byte, or beyond 2**62, are multiplied as floats."""
    table = pd.DataFrame({"customer_id": [1, 2], "a": [100, -100], "b": [2**62, 1]})
    table = table.astype({"a": "int8"})
    rules = (Formula(output="o", text="a * a"), Formula(output="p", text="b + b"))
    fitted = Fitted(spec=Value(), name="o", rules=rules)
    found = engine.pandas(fitted.transform(engine.make(table)))
    assert [float(v) for v in found["o"]] == [10_000.0, 10_000.0]
    assert [float(v) for v in found["p"]] == [2.0**63, 2.0]


def test_a_rule_must_read_a_column() -> None:
    """A rule of constants alone is refused when it is built."""
    with pytest.raises(SpecError, match="reads no column"):
        Formula(output="o", text="1 + k", constants={"k": 1})
    with pytest.raises(SpecError, match="reads no column"):
        FirstMatch(output="o", cases=[("1 < 2", "a")], otherwise="b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("value > 3", "Column value holds text"),
        ("value + 1 > 3", "Column value holds text"),
        ("value == n", "Column value holds text"),
        ("exp(value) > 1", "Column value holds text"),
        ("value and n > 1", "Column value holds text"),
        ("x == 'high'", "holds numbers"),
        ("n in ('high', 'low')", "holds numbers"),
    ],
)
def test_wrong_types(text: str, words: str) -> None:
    """A text used as a number, or a number as a text, is an error, never an answer."""
    with pytest.raises(ColumnsError, match=words):
        truths(text)
    fitted = Fitted(spec=Value(), name="o", rules=(Holds(output="o", when=text),))
    lazy = ENGINES["polars_lazy"].make(TABLE)
    with pytest.raises(ColumnsError, match="needed"):
        fitted.transform(lazy)


def test_all_missing_labels_have_no_type() -> None:
    """A column of nothing but missing is neither text nor number, and equals nothing."""
    columns = {"value": np.full(3, NAN)}
    assert holds("value == 'high'", columns, {}).tolist() == [F, F, F]
    assert holds("missing(value)", columns, {}).tolist() == [T, T, T]


ATOMS = st.sampled_from(["x", "y", "n", "1", "0", "2.5", "k"])
ARITHMETIC = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda a: f"-{a}" if a[0] != "-" else a),
        st.tuples(inner, inner).map(lambda t: f"minimum({t[0]}, {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"maximum({t[0]}, {t[1]})"),
    ),
    max_leaves=5,
)
CONDITIONS = st.recursive(
    st.tuples(ARITHMETIC, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), ARITHMETIC).map(
        " ".join
    )
    | ARITHMETIC.map(lambda a: f"missing({a})")
    | st.just("flag")
    | st.sampled_from(["value == 'high'", "value != 'low'", "value in ('mid', 'low')"]),
    lambda inner: st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(
        lambda t: f"({t[0]}{t[1]}{t[2]})"
    ),
    max_leaves=4,
)


@given(CONDITIONS)
def test_any_condition_is_the_same_on_engines(text: str) -> None:
    """Whatever condition is written, Polars and DuckDB agree with arrays about each row."""
    rule = Holds(output="o", when=f"n >= 0 and {text}", constants={"k": 2.0})
    wanted = rule.evaluate(COLUMNS).tolist()
    for name in ("polars_lazy", "duckdb"):
        assert on_engine(rule, ENGINES[name]) == wanted, text
