"""Labels change when a change lasts or is clear, and else they stay."""

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.errors import EngineError, SpecError
from layerwise.evaluate import measure_migration, steady_labels

MONTHS = [f"2024-{month:02}-28" for month in range(1, 13)]


def history(*labels: str, **columns: object) -> pd.DataFrame:
    days = MONTHS[: len(labels)]
    return pd.DataFrame({"customer_id": 1, "as_of": days, "value": labels, **columns})


def steady(*labels: str, **choices: object) -> str:
    return " ".join(steady_labels(history(*labels), label="value", **choices)["value_steady"])


def test_a_change_counts_when_two_refreshes_agree() -> None:
    """One other label is wavering, the second in a row is a change; two different ones are not."""
    assert steady("mid", "high", "mid", "mid") == "mid mid mid mid"
    assert steady("mid", "high", "high", "low") == "mid mid high high"
    assert steady("mid", "high", "low", "low") == "mid mid mid low"
    assert steady("mid", "high", "low", agree=1) == "mid high low"
    assert steady("mid", "high", "high", "high", agree=3) == "mid mid mid high"


def by_spend(*spend: float, margin: float = 0.05) -> str:
    fitted = lw.Value(method="absolute", cuts=(100, 200)).fit(
        pd.DataFrame({"spend_365d": [50.0, 150.0, 300.0]})
    )
    rows = history(*("x" for _ in spend), spend_365d=spend)
    labelled = fitted.transform(rows)
    return " ".join(
        steady_labels(labelled, label="value", fitted=fitted, margin=margin)["value_steady"]
    )


def test_a_change_counts_when_past_the_cut() -> None:
    """Above 105 or at most 95 at a cut of 100; between them it takes two refreshes."""
    assert by_spend(90, 104, 90) == "low low low"
    assert by_spend(90, 105, 90) == "low low low"
    assert by_spend(90, 105.01, 105.01) == "low mid mid"
    assert by_spend(104, 95.01, 104) == "mid mid mid"
    assert by_spend(104, 95, 104) == "mid low low"
    assert by_spend(90, 104, 103) == "low low mid"
    assert by_spend(90, 202, 150) == "low mid mid"
    assert by_spend(90, 101, margin=0.0) == "low mid"


def test_who_is_absent_keeps_the_label() -> None:
    """A month without the customer interrupts the agreement; a new customer begins at once."""
    rows = history("mid", "high", "high", "high").drop(index=2)
    other = history("low", "low", "low", "low").assign(customer_id=2)
    late = history("low", "low", "low", "high").drop(index=[0, 1]).assign(customer_id=3)
    found = steady_labels(pd.concat([rows, other, late]), label="value")
    assert found["value_steady"].tolist() == ["mid", "mid", "mid", *["low"] * 6]


@given(st.lists(st.sampled_from(["low", "mid", "high"]), min_size=2, max_size=12))
def test_laws(labels: list[str]) -> None:
    """Steady labels change no more often, are labels seen before, and steadying twice is once."""
    found = steady(*labels).split()
    changes = sum(a != b for a, b in pairwise(found))
    assert changes <= sum(a != b for a, b in pairwise(labels))
    assert all(name in labels[: i + 1] for i, name in enumerate(found))
    assert steady(*labels, agree=1).split() == labels


def there_and_back(table: pd.DataFrame, name: str) -> int:
    """Count labels that change and are what they were at the next date."""
    wide = table.astype({name: str}).pivot_table(
        index="customer_id", columns="as_of", values=name, aggfunc="first"
    )
    first, second, third = (wide.iloc[:, i : wide.shape[1] - 2 + i].to_numpy() for i in range(3))
    return int(((first == third) & (first != second)).sum())


def test_real_data_flickers_less() -> None:
    """On CDNOW labels go there and back at the next month less often when they are steady."""
    orders = lw.datasets.load_cdnow()
    months = pd.date_range("1997-06-30", "1998-06-30", freq="ME")
    stack = lw.snapshots(orders[orders["amount"] > 0], as_of=months, window_days=90)
    fitted = lw.Value(window_days=90).fit(stack[stack["as_of"] == months[0]])
    calm = steady_labels(fitted.transform(stack), label="value")
    assert there_and_back(calm, "value_steady") < there_and_back(calm, "value") / 2
    clear = steady_labels(fitted.transform(stack), label="value", fitted=fitted)
    assert there_and_back(clear, "value_steady") <= there_and_back(clear, "value")


def test_noise_about_a_cut_is_calmed() -> None:
    """A number within 4 % of a cut flips its raw label every other month, its steady one rarely."""
    rng, n = np.random.default_rng(5), 400
    stack = pd.DataFrame(
        {
            "customer_id": np.tile(np.arange(n), 12),
            "as_of": np.repeat(MONTHS, n),
            "spend_365d": 100 * rng.uniform(0.96, 1.04, 12 * n),
        }
    )
    fitted = lw.Value(method="absolute", cuts=(100, 200)).fit(stack)
    alone = steady_labels(fitted.transform(stack), label="value", fitted=fitted, agree=12)
    raw, calm = (
        measure_migration(alone, label=name).stability for name in ("value", "value_steady")
    )
    assert raw["stability"].mean() == pytest.approx(0.5, abs=0.05)
    assert calm["stability"].min() == 1


def test_polars_gives_polars() -> None:
    """The same labels, as text."""
    rows = pl.from_pandas(history("mid", "high", "high"))
    found = steady_labels(rows, label="value")
    assert isinstance(found, pl.DataFrame)
    assert found["value_steady"].to_list() == ["mid", "mid", "high"]


def test_what_is_refused() -> None:
    """Lazy frames, impossible choices, labels that no cut made."""
    with pytest.raises(EngineError):
        steady_labels(pl.from_pandas(history("mid", "high")).lazy(), label="value")
    for choices in ({"agree": 0}, {"agree": 1.5}, {"margin": 1.0}, {"margin": "5 %"}):
        with pytest.raises(SpecError, match="margin"):
            steady_labels(history("mid", "high"), label="value", **choices)
    orders = lw.datasets.load_cdnow()
    stack = lw.snapshots(orders, as_of=["1997-09-30", "1998-03-31"], amount=None)
    fitted = lw.ChurnStatus().fit(stack)
    with pytest.raises(SpecError, match="no cut"):
        steady_labels(fitted.transform(stack), label="churn", fitted=fitted)
