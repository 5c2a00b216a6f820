"""Groups that lose many customers: right against statsmodels, quiet under chance, refused."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from layerwise.churn import ChurnGroups, high_churn_groups
from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError


def customers(n: int = 2_000, seed: int = 1, effect: float = 0.15) -> pd.DataFrame:
    """Return customers of whom the new ones of the north leave more often."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["north", "south", "east"], n, p=[0.2, 0.5, 0.3])
    new = rng.random(n) < 0.3
    risk = 0.2 + effect * (new & (region == "north"))
    return pd.DataFrame({"region": region, "new": new, "left": rng.random(n) < risk})


def find(table: Any, **choices: Any) -> ChurnGroups:
    return high_churn_groups(table, **({"by": ["region", "new"], "outcome": "left"} | choices))


def test_numbers_are_those_of_statsmodels() -> None:
    """Wilson, Newcombe, the log ratio, chi-squared and BH agree in the same run."""
    table = find(customers(), pairs=True).table
    n, m = 2_000, int(customers()["left"].sum())
    for row in table.to_dict("records"):
        a, n1 = row["leavers"], row["customers"]
        cells = (a, n1, m - a, n - n1)
        ratio = confint_proportions_2indep(*cells, compare="ratio", method="log")
        difference = confint_proportions_2indep(*cells, compare="diff", method="newcomb")
        wilson = proportion_confint(a, n1, method="wilson")
        ours = [row[c] for c in ("rr_low", "rr_high", "rd_low", "rd_high", "rate_low", "rate_high")]
        assert ours == pytest.approx([*ratio, *difference, *wilson], rel=1e-9)
    assert table["q"].to_list() == pytest.approx(multipletests(table["p"], method="fdr_bh")[1])


def test_p_is_that_of_statsmodels() -> None:
    """The pooled test of two proportions."""
    from statsmodels.stats.proportion import proportions_ztest

    table = find(customers()).table
    m = table.groupby("by")["leavers"].sum().iloc[0]
    for row in table.to_dict("records"):
        a, n1 = row["leavers"], row["customers"]
        assert row["p"] == pytest.approx(proportions_ztest([a, m - a], [n1, 2_000 - n1])[1])


def test_excess_comes_first_and_adds_up() -> None:
    """The planted group has the highest risk; excess leavers are customers times the difference."""
    table = find(customers(), pairs=True).table
    worst = table.loc[table["relative_risk"].idxmax()]
    assert (worst["segment"], worst["q"] < 0.01) == ("north & True", True)
    assert table["excess_leavers"].is_monotonic_decreasing
    assert np.allclose(table["excess_leavers"], table["customers"] * table["risk_difference"])


def test_chance_is_seldom_a_finding() -> None:
    """With permuted outcomes any q < .05 appears in about 5 % of 100 runs at most."""
    table, rng = customers(600, effect=0.0), np.random.default_rng(2)
    runs = [
        (find(table.assign(left=rng.permutation(table["left"])), pairs=True).table["q"] < 0.05)
        for _ in range(100)
    ]
    assert sum(bool(run.any()) for run in runs) <= 11  # P(more | 5 %) is below 1 %


def test_row_order_and_engine_change_nothing() -> None:
    """Shuffled rows and Polars give the same table."""
    table = customers()
    expected = find(table, pairs=True).table
    for other in (table.sample(frac=1, random_state=3), pl.from_pandas(table)):
        pd.testing.assert_frame_equal(find(other, pairs=True).table, expected)


def test_small_segments_are_counted() -> None:
    """Segments below min_n are not listed; their customers stay in the rest of the others."""
    table = pd.DataFrame({"t": ["a"] * 50 + ["b"] * 50 + ["c"] * 9 + ["d"], "left": [1, 0] * 55})
    found = find(table, by="t")
    assert found.table["segment"].to_list() == ["a", "b"]
    assert found.too_small.to_dict("records") == [{"by": "t", "segments": 2, "customers": 10}]
    assert found.tested == 2
    assert "2 too small" in str(found)


def test_missing_labels_are_a_segment() -> None:
    """Nobody disappears, even where a label is called like the missing ones."""
    table = pd.DataFrame({"t": ["a", None, "(missing)", None] * 40, "left": [1, 0, 0, 0, 1] * 32})
    found = find(table, by="t").table
    assert sorted(found["segment"]) == ["((missing))", "(missing)", "a"]
    assert found["customers"].sum() == 160


def test_everybody_is_no_group() -> None:
    """A segment of all customers has no rest."""
    table = pd.DataFrame({"t": "all", "left": [1, 0] * 40})
    row = find(table, by="t").table.iloc[0]
    assert (row["status"], np.isnan(row["q"])) == ("not_evaluable", True)
    assert "no rest" in row["reason"]


def test_equal_and_nested_segments_are_marked() -> None:
    """One finding under several names is told."""
    table = pd.DataFrame(
        {"a": list("xxyz") * 40, "b": list("ppqq") * 40, "left": [1, 0, 0] * 53 + [1]}
    )
    found = find(table, by=["a", "b"], pairs=True).table.set_index("segment")
    assert found.loc["x", "same_as"] == "b=p"
    assert found.loc["y", "within"] == "b=q"
    assert found.loc["x & p", "same_as"] == "a=x; b=p"
    assert found.loc["y & q", "same_as"] == "a=y"
    assert found.loc["q", "same_as"] == found.loc["q", "within"] == ""


def test_unknown_outcomes_are_left_out_aloud() -> None:
    """A customer without an outcome is in no number."""
    table = customers().assign(left=lambda t: t["left"].astype("boolean"))
    table.loc[:9, "left"] = pd.NA
    with pytest.warns(RowsLeftOutWarning, match="10 of 2,000 customers left out"):
        found = find(table)
    assert (found.customers, found.left_out) == (1_990, 10)


@pytest.mark.parametrize(
    ("change", "choices", "error", "match"),
    [
        ({"left": 1}, {}, DataError, "same outcome"),
        ({"customer_id": "a"}, {}, DataError, "one row a customer"),
        ({"left": np.nan}, {}, DataError, "No outcome"),
        ({"left": 2}, {}, DataError, "left: 2,000 of 2,000"),
        ({"left": "yes"}, {}, ColumnsError, "no numbers: left"),
        ({"region": np.linspace(0, 1, 2_000)}, {}, ColumnsError, "fractions"),
        ({"region": range(2_000)}, {}, DataError, "2,000 distinct"),
        ({}, {"by": ["nowhere", "nothing"]}, ColumnsError, "nothing"),
        ({}, {"by": []}, SpecError, "by must name"),
        ({}, {"by": ["left"]}, SpecError, "by must name"),
        ({}, {"min_n": 0}, SpecError, "min_n"),
        ({}, {"pairs": 2}, SpecError, "pairs"),
        ({}, {"level": 1}, SpecError, "level"),
    ],
)
def test_refused(change: Any, choices: Any, error: type[Exception], match: str) -> None:
    """What cannot be compared is an error that names it."""
    with pytest.raises(error, match=match):
        find(customers().assign(**change), **choices)


def test_no_customers_are_refused() -> None:
    """An empty table has no leavers."""
    with pytest.raises(DataError, match="No outcome"):
        find(customers().iloc[:0])
