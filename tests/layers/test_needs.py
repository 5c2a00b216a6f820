"""Needs by tags: the decision table by hand, on every engine, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from layerwise import loading as saved_form
from layerwise.errors import ColumnsError, FewerLayersWarning, SpecError
from layerwise.layers import Layers, Needs
from tests.conftest import Engine

#   few orders, custom, distinct, distinct but few, share, kind twice, once, basic..., missing
TABLE = pd.DataFrame(
    {
        "customer_id": range(1, 13),
        "basket_orders": [1, 9, 9, 4, 9, 9, 9, 9, 9, 9, 9, 9],
        "custom_orders": [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        "special_orders": [5, 5, 5, 0, 1, 2, 1, 0, 0, 0, 0, 0],
        "special_share": [0.9, 0.9, 0.9, 0.0, 0.3, 0.1, 0.29, 0.0, 0.0, 0.0, 0.0, np.nan],
        "basket_distance": [0.9, 0.1, 0.8, 0.9, 0.2, 0.2, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1],
    }
)
WANTED = [
    "not_evaluable", "personalised", "personalised", "basic", "special", "special", "basic",
    "basic", "basic", "basic", "basic", "not_evaluable",
]  # fmt: skip


def test_by_hand() -> None:
    """The first row of the table that holds gives the label."""
    assert Needs().fit(TABLE).transform(TABLE)["needs"].tolist() == WANTED


def test_every_engine(engine: Engine) -> None:
    """All engines give the labels of pandas, fitted there or here."""
    table = engine.make(TABLE)
    found = engine.pandas(Needs().fit(table).transform(table))
    assert found["needs"].tolist() == WANTED


def test_edge_is_learned_once() -> None:
    """The edge of distinct baskets is frozen: nobody is distinct for being alone."""
    fitted = Needs().fit(TABLE)
    assert fitted.facts["distinct_edge"] == 0.55  # between .3 and .8: the top tenth of ten
    alone = TABLE.iloc[[7]]
    assert fitted.transform(alone)["needs"].tolist() == ["basic"]


def test_on_the_edge_is_not_distinct() -> None:
    """Where all distances are equal, nobody is distinct."""
    table = TABLE.assign(basket_distance=0.5, custom_orders=0)
    assert "personalised" not in set(Needs().fit(table).transform(table)["needs"])


def test_distinct_can_be_left_out() -> None:
    """distinct=1 judges by tags alone, without a warning where all buy rarely."""
    few = TABLE.assign(basket_orders=3)
    spec = Needs(distinct=1)
    assert spec.fit(TABLE).transform(TABLE)["needs"].tolist()[2] == "special"
    assert spec.fit(few).facts["distinct_edge"] is None
    with pytest.warns(FewerLayersWarning, match="No customer has 5 occasions"):
        assert Needs().fit(few).facts["distinct_edge"] is None


def test_saved_and_explained() -> None:
    """It reads back equal, and its reasons name the condition and the numbers."""
    fitted = Layers(needs=Needs()).fit(TABLE)
    assert saved_form.loads(fitted.to_json()) == fitted
    reasons = fitted.explain(TABLE)["reason"]
    assert reasons[1] == "custom_orders >= 1  (custom_orders = 1)"
    assert reasons[4] == "special_share >= 0.3  (special_share = 0.3)"


def test_without_basket_columns() -> None:
    """The error names all missing columns and add_baskets."""
    with pytest.raises(ColumnsError) as caught:
        Needs().fit(TABLE[["customer_id", "basket_orders"]])
    text = str(caught.value)
    assert all(name in text for name in ("special_share", "basket_distance", "add_baskets("))


@pytest.mark.parametrize(
    "choices",
    [
        {"special_share": 0.0},
        {"special_share": float("nan")},
        {"distinct": 1.1},
        {"special_orders": 0},
        {"least_orders": -1},
        {"least_orders": "2"},
        {"special_share": None},
        {"distinct_orders": 4.5},
    ],
)
def test_refused(choices: dict[str, float]) -> None:
    """Numbers that make no sense are an error when the spec is built."""
    with pytest.raises(SpecError, match=next(iter(choices))):
        Needs(**choices)  # type: ignore[arg-type]
