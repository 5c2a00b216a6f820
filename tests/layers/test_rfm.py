"""RFM: a table by hand, the names of all cells, and the laws that every table keeps."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, FewerLayersWarning, FitError, SpecError
from layerwise.layers import RFM
from layerwise.layers.rfm import ORDER
from tests.conftest import Engine

FIVE = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 4, 5],
        "days_since_last": [3, 20, 60, 150, 300],
        "orders_365d": [12, 6, 4, 2, 1],
        "spend_365d": [900.0, 80.0, 250.0, 300.0, 20.0],
    }
)
SCORES = ["rfm_r", "rfm_f", "rfm_m"]
ALL = [*SCORES, "rfm_score", "rfm"]


def fit_transform(table: pd.DataFrame, **choices: Any) -> pd.DataFrame:
    return RFM(**choices).fit(table).transform(table)


def test_five_customers_by_hand() -> None:
    """Fifths of five customers are one each: recent, frequent and high score 5."""
    found = fit_transform(FIVE)
    assert found["rfm_r"].tolist() == [5, 4, 3, 2, 1]
    assert found["rfm_f"].tolist() == [5, 4, 3, 2, 1]
    assert found["rfm_m"].tolist() == [5, 2, 3, 4, 1]
    assert found["rfm_score"].tolist() == [15.0, 10.0, 9.0, 8.0, 3.0]
    segments = ["champions", "potential_loyalist", "need_attention", "at_risk", "lost"]
    assert found["rfm"].tolist() == segments


def every_triple() -> pd.DataFrame:
    """Return one customer for each of the 125 score triples, labelled with edges at 1 to 4."""
    cells = list(product(range(1, 6), repeat=3))
    table = pd.DataFrame(cells, columns=["r", "orders_365d", "spend_365d"])
    table["days_since_last"] = 6 - table["r"]
    edges = ((1, 2, 3, 4),) * 3
    return fit_transform(table, method="edges", edges=edges)


def test_every_triple_has_one_name() -> None:
    """All 125 triples of scores get a name, and all eleven names are given."""
    found = every_triple()
    assert found[SCORES].drop_duplicates().shape == (125, 3)
    assert found["rfm_r"].tolist() == found["r"].tolist()
    assert set(found["rfm"]) == set(ORDER)


def test_every_cell_has_one_name() -> None:
    """The name depends on R and the mean of F and M, rounded up: 25 cells, each named once."""
    found = every_triple()
    cell = -(-(found["rfm_f"].astype(int) + found["rfm_m"].astype(int)) // 2)
    names = found.astype({"rfm": str}).groupby([found["rfm_r"], cell])["rfm"].nunique()
    assert names.shape == (25,)
    assert (names == 1).all()


def test_nobody_better_ranks_below_in_any_cell() -> None:
    """Of any two triples, the one at least as good in all three has no lower segment or score."""
    found = every_triple()
    scores = found[SCORES].to_numpy(int)
    rank = found["rfm"].cat.codes.to_numpy(int)
    better = (scores[:, None] >= scores[None]).all(axis=2)
    assert (rank[:, None] >= rank[None])[better].all()
    total = found["rfm_score"].to_numpy()
    assert (total[:, None] >= total[None])[better].all()


CUSTOMERS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 6),
        st.integers(0, 20).map(float) | st.floats(0, 1e5),
    ),
    min_size=1,
    max_size=40,
).map(lambda rows: pd.DataFrame(rows, columns=["days_since_last", "orders_365d", "spend_365d"]))
quiet = pytest.mark.filterwarnings("ignore::layerwise.errors.FewerLayersWarning")


@quiet
@given(CUSTOMERS)
def test_dominance(table: pd.DataFrame) -> None:
    """Whoever is at least as recent, as frequent and as high in spend never ranks below."""
    found = fit_transform(table)
    good = np.column_stack([-table["days_since_last"], table["orders_365d"], table["spend_365d"]])
    better = (good[:, None] >= good[None]).all(axis=2)
    rank = found["rfm"].cat.codes.to_numpy(int)
    score = found["rfm_score"].to_numpy()
    assert (rank[:, None] >= rank[None])[better].all()
    assert (score[:, None] >= score[None])[better].all()


@quiet
@given(CUSTOMERS, st.randoms())
def test_row_order_never_matters(table: pd.DataFrame, random: Any) -> None:
    """Shuffled rows give every customer the same scores, segment and edges."""
    order = list(range(len(table)))
    random.shuffle(order)
    shuffled = table.iloc[order]
    assert RFM().fit(shuffled) == RFM().fit(table)
    pd.testing.assert_frame_equal(fit_transform(shuffled).sort_index(), fit_transform(table))


@quiet
@given(CUSTOMERS)
def test_equal_values_equal_scores(table: pd.DataFrame) -> None:
    """Customers with the same value share its score, and everybody has one of eleven segments."""
    found = fit_transform(table)
    pairs = zip(SCORES, ["days_since_last", "orders_365d", "spend_365d"], strict=True)
    for score, column in pairs:
        assert len(found[[column, score]].drop_duplicates()) == found[column].nunique()
        assert found[score].between(1, 5).all()
    assert found["rfm"].isin(ORDER).all()


@quiet
@given(CUSTOMERS, st.sampled_from([0.01, 7.0, 1e6]))
def test_units_of_money_never_matter(table: pd.DataFrame, factor: float) -> None:
    """Spend in another unit gives the same scores, where it orders customers the same."""
    other = table.assign(spend_365d=table["spend_365d"] * factor)
    if table["spend_365d"].nunique() == other["spend_365d"].nunique():
        found = fit_transform(other)["rfm_m"].tolist()
        assert found == fit_transform(table)["rfm_m"].tolist()


def test_all_equal_values_warn() -> None:
    """Where everybody is the same, each column is named in a warning, and all share a segment."""
    with pytest.warns(FewerLayersWarning) as caught:
        found = fit_transform(pd.concat([FIVE.iloc[:1]] * 4))
    said = " ".join(str(w.message) for w in caught)
    assert all(name in said for name in FIVE.columns[1:])
    assert len(found[ALL].drop_duplicates()) == 1


@quiet
def test_one_customer() -> None:
    """One customer has a segment."""
    assert fit_transform(FIVE.iloc[:1])["rfm"].isin(ORDER).all()


def test_fewer_values_than_bins() -> None:
    """Half of the customers bought once, as in CDNOW: scores are uneven, nothing breaks."""
    table = pd.concat([FIVE] * 20, ignore_index=True).assign(
        orders_365d=[1] * 60 + [2] * 30 + [9] * 10
    )
    found = fit_transform(table)
    by_value = dict(zip(found["orders_365d"], found["rfm_f"], strict=True))
    assert by_value[1] < by_value[2] < by_value[9]


def test_missing_values() -> None:
    """A missing value has no score, no total and the segment not_evaluable; others keep theirs."""
    table = FIVE.astype({"days_since_last": float})
    table.loc[0, "days_since_last"] = np.nan
    table.loc[1, "spend_365d"] = np.nan
    found = fit_transform(table)
    assert found["rfm"].tolist()[:2] == ["not_evaluable"] * 2
    assert found["rfm_r"].isna().tolist() == [True, False, False, False, False]
    assert found["rfm_score"].isna().tolist() == [True, True, False, False, False]
    assert found["rfm"].cat.codes.min() == 0
    with pytest.raises(FitError, match="spend_365d is missing for every"):
        RFM().fit(FIVE.assign(spend_365d=np.nan))


def test_edges_and_unseen_values_at_transform() -> None:
    """A value on an edge has the score of the lower band; values never seen before have scores."""
    fitted = RFM().fit(FIVE)
    new = pd.DataFrame(
        {
            "days_since_last": [3, 4, 0, 9999],
            "orders_365d": [1, 2, 100, 0],
            "spend_365d": [20.0, 20.01, 1e9, -50.0],
        }
    )
    found = fitted.transform(new)
    assert found["rfm_r"].tolist() == [5, 4, 5, 1]
    assert found["rfm_f"].tolist() == [1, 2, 5, 1]
    assert found["rfm_m"].tolist() == [1, 2, 5, 1]


def test_every_engine(engine: Engine) -> None:
    """Fit and transform on every engine give the scores and segments of pandas."""
    table = engine.make(FIVE)
    found = engine.pandas(RFM().fit(table).transform(table))
    wanted = fit_transform(FIVE)
    for name in ALL:
        assert [*found[name]] == [*wanted[name].astype(object)]


def test_own_columns_weights_and_segments() -> None:
    """Columns, weights, bins and names of one's own are used as given."""
    table = FIVE.rename(columns={"orders_365d": "lines"})
    rows = [("{r} == 3 and {f} == 3", "best"), ("{m} < 2", "poor")]
    found = fit_transform(
        table, bins=3, frequency="lines", segments=rows, otherwise="rest", weights=(2, 1, 0)
    )
    assert found["rfm"].tolist() == ["best", "poor", "rest", "rest", "poor"]
    assert found["rfm_score"].tolist() == [9.0, 8.0, 6.0, 5.0, 3.0]


@pytest.mark.parametrize(
    "choices",
    [
        {"bins": 1},
        {"bins": 4},
        {"bins": 101, "segments": []},
        {"weights": (1, 1)},
        {"weights": (1, 1, -1)},
        {"weights": (0, 0, 0)},
        {"weights": (1, 1, np.nan)},
        {"weights": (1, 1, np.inf)},
        {"method": "edges"},
        {"method": "magic"},
        {"bins": "5"},
        {"bins": 4.5},
        {"recency": None},
        {"otherwise": 3},
        {"edges": ((1, 2, 3, 4),) * 3},
        {"method": "edges", "edges": ((1, 2, 3),) * 3},
        {"method": "edges", "edges": ((1, 2, 3, 4),) * 2},
        {"method": "edges", "edges": ((4, 3, 2, 1),) * 3},
        {"method": "edges", "edges": ((1, 2, 3, np.nan),) * 3},
        {"segments": [("{r} >", "best")]},
        {"segments": [("{x} > 1", "best")]},
        {"segments": [("{r}", "best", "more")]},
        {"segments": [("value == 'high'", "best")]},
    ],
)
def test_refused(choices: dict[str, Any]) -> None:
    """Choices that do not fit together are an error when the spec is built."""
    with pytest.raises(SpecError):
        RFM(**choices)


def test_missing_columns() -> None:
    """All missing columns stand in one message."""
    with pytest.raises(ColumnsError) as caught:
        RFM().fit(FIVE[["customer_id"]])
    assert str(caught.value).count("needed by rfm (RFM)") == 3
