"""A part of the report that cannot be read is refused by name; nullable numbers are numbers."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, LayerwiseError, SpecError
from layerwise.report import report

DAY: dict[str, Any] = {"as_of": "2024-06-30"}
IMPACT = pd.DataFrame(
    {"line": ["a"], "impact": "x", "amount": 2.0, "unit": "currency", "kind": "k"}
).assign(computable=True, missing="")
EFFECTS = pd.DataFrame({"strategy_id": ["s"], "metric": "left", "effect": 0.1, "low": 0.0}).assign(
    high=0.2, treated_n=90, holdout_n=80, decision="keep", evidence="strong"
)
KPIS = pd.DataFrame({"kpi": ["churn_rate"], "period_end": pd.Timestamp("2024-05-31")}).assign(
    segment="all", value=0.2, numerator=20, denominator=100, low=0.1, high=0.3
)
DRIFT = pd.DataFrame({"column": ["a"], "psi": 0.3, "limit": 0.1, "verdict": "drift"})


@pytest.mark.parametrize("as_of", ["", 0, -1, 0.5, float("nan"), pd.NaT, [], "soon"], ids=repr)
def test_days_that_are_none(as_of: Any) -> None:
    """Numbers would be nanoseconds since 1970, and an empty text no time at all."""
    with pytest.raises(SpecError, match="as_of must be a date"):
        report(drift=DRIFT, as_of=as_of)


@pytest.mark.parametrize(
    ("part", "table"),
    [
        ("impact", IMPACT.assign(line=None)),
        ("impact", IMPACT.assign(kind=[["a"]])),
        ("impact", IMPACT.assign(unit=[np.array([1, 2])])),
        ("impact", IMPACT.assign(computable=pd.NA)),
        ("effects", EFFECTS.drop(columns="metric")),
        ("effects", EFFECTS.drop(columns="strategy_id")),
        ("effects", EFFECTS.assign(treated_n=1j)),
        ("effects", EFFECTS.assign(decision=[{}])),
        ("kpis", KPIS.assign(kpi=[["a"]])),
        ("kpis", KPIS.assign(value=1j)),
        ("kpis", KPIS.assign(period_end=[["a"]])),
        ("kpis", pd.concat([KPIS, KPIS.assign(period_end="2024-06-30")])),
        ("drift", DRIFT.assign(column=[{}])),
        ("drift", DRIFT.assign(psi=1j)),
    ],
)
def test_tables_that_are_no_parts(part: str, table: pd.DataFrame) -> None:
    """Missing columns, and cells that are no text or no number, are told with the part's name."""
    with pytest.raises(ColumnsError, match=f"table {part}="):
        report(**DAY, **{part: table})


def test_infinite_figures() -> None:
    """An infinite figure cannot be shown."""
    with pytest.raises(DataError, match="1 infinite"):
        report(**DAY, kpis=KPIS.assign(value=np.inf))
    with pytest.raises(DataError, match="too large"):
        report(**DAY, kpis=KPIS.assign(value=1e308))


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_nullable_tables_make_the_same_report(backend: Any) -> None:
    """Tables of pandas' other types, with missing numbers, read as those of numpy."""
    later = EFFECTS.assign(low=np.nan, high=np.nan)
    parts = {"effects": pd.concat([EFFECTS, later]), "drift": DRIFT}
    parts["kpis"] = pd.concat([KPIS, KPIS.assign(kpi="b", low=np.nan, high=np.nan)])
    other = {name: table.convert_dtypes(dtype_backend=backend) for name, table in parts.items()}
    assert report(**DAY, **other).to_html() == report(**DAY, **parts).to_html()


def test_languages_are_texts() -> None:
    """An array is no language."""
    with pytest.raises(LayerwiseError, match="lang must be"):
        report(**DAY, drift=DRIFT, lang=np.array([1, 2]))  # type: ignore[arg-type]
