"""Impossible customer tables are refused by every layer, with counts."""

import pandas as pd
import pytest

import layerwise as lw
from layerwise.errors import DataError

TABLE = pd.DataFrame(
    {
        "customer_id": [1, 2, 3],
        "repeat_orders": [2, 0, 5],
        "first_to_last_days": [30, 0, 90],
        "days_since_last": [10, 40, 5],
        "age_days": [40, 40, 95],
        "orders_365d": [3, 1, 6],
        "spend_365d": [30.0, 5.0, 90.0],
    }
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"days_since_last": [-1, 40, 5]}, "negative days_since_last: 1 of 3 rows"),
        ({"orders_365d": [3, -1, -6]}, "negative orders_365d: 2 of 3 rows"),
        ({"days_since_last": [41, 41, 5]}, "days_since_last above age_days: 2 of 3 rows"),
    ],
)
def test_impossible_histories(change: dict[str, list[int]], words: str) -> None:
    """Fit, transform and composition refuse them, and name every fault."""
    bad = TABLE.assign(**change)
    layers = lw.Layers(rfm=lw.RFM(), churn=lw.ChurnStatus())
    fitted = layers.fit(TABLE)
    for deed in (layers.fit, fitted.transform):
        with pytest.raises(DataError, match=words):
            deed(bad)
    spec = lw.RFM() if "age_days" not in words else lw.ChurnStatus()
    with pytest.raises(DataError, match=words):
        spec.fit(bad)


def test_missing_is_not_impossible() -> None:
    """A missing number is no fault here; the rules say what it gets."""
    table = TABLE.assign(days_since_last=[None, 40, 5])
    assert lw.RFM().fit(table).transform(table)["rfm"].tolist()[0] == "not_evaluable"
