"""Likely causes by customer: ranked, complete, the same kind of frame."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from layerwise.churn import Causes, joint_causes, likely_causes, rank_causes
from layerwise.errors import ColumnsError, DataError, SpecError
from tests.churn.shop import WINDOW, shop

NAMES = ["delivery_late", "loyalty_weak", "service_slow"]


def customers() -> pd.DataFrame:
    """Return the shop with a second harmful exposure, three times the risk."""
    table, rng = shop(), np.random.default_rng(8)
    slow = rng.random(len(table)) < 0.2
    left = table["left"] | (slow & (rng.random(len(table)) < 0.4))
    return table.assign(service_slow=slow, left=left)


@pytest.fixture(scope="module")
def causes() -> Causes:
    return rank_causes(customers(), outcome="left", exposures=NAMES, strata="tier", **WINDOW)


def asked() -> pd.DataFrame:
    """Return four customers: both causes, none, the weaker, unknown."""
    return pd.DataFrame(
        {
            "customer_id": ["b", "a", "d", "c"],
            "delivery_late": [1, 0, 1, np.nan],
            "service_slow": [1.0, 0, 0, 0],
            "loyalty_weak": [1, 1, 1, 1],
            "left": [True, True, False, True],
        }
    )


def test_the_stronger_cause_comes_first(causes: Causes) -> None:
    """Customers keep their order; what protects is no cause; who has none is unknown."""
    table = likely_causes(asked(), causes)
    assert list(zip(table["customer_id"], table["rank"], table["cause_id"], strict=True)) == [
        ("b", 1, ""),
        ("b", 2, "delivery_late"),
        ("a", 1, "unknown"),
        ("d", 1, "delivery_late"),
        ("c", 1, "unknown"),
    ]
    assert table["exposure"].astype(object)[0] == "service_slow"
    assert table["remedies"].tolist()[1:3] == ["ux_delivery;par_supply", ""]


def test_share_is_that_of_the_exposed(causes: Causes) -> None:
    """(RR - 1) / RR of the adjusted relative risk; missing for unknown."""
    rr = causes.table.set_index("exposure")["relative_risk"]
    share = likely_causes(asked(), causes)["attributable_share"]
    assert share[1] == pytest.approx(1 - 1 / rr["delivery_late"])
    assert np.isnan(share[2])


def test_some_customers_and_some_causes(causes: Causes) -> None:
    """`who` and `top` choose."""
    table = likely_causes(asked(), causes, who="left", top=1)
    assert table["customer_id"].tolist() == ["b", "a", "c"]


def test_polars_gives_polars(causes: Causes) -> None:
    """The same rows, missing exposure as null."""
    ours = likely_causes(pl.from_pandas(asked(), nan_to_null=True), causes)
    assert isinstance(ours, pl.DataFrame)
    expected = likely_causes(asked(), causes)
    assert ours["cause"].to_list() == expected["cause"].tolist()
    assert ours["exposure"].to_list()[:3] == ["service_slow", "delivery_late", None]


def test_a_joint_ranking_serves_as_well() -> None:
    """Both rankings have the columns."""
    both = joint_causes(customers(), outcome="left", exposures=NAMES, strata="tier", **WINDOW)
    assert likely_causes(asked(), both)["rank"].tolist() == [1, 2, 1, 1, 1]


def test_no_customers_no_rows(causes: Causes) -> None:
    """An empty table stays empty, with its columns."""
    table = likely_causes(asked().iloc[:0], causes)
    assert (len(table), list(table)[:2]) == (0, ["customer_id", "rank"])


@pytest.mark.parametrize(
    ("change", "choices", "error", "match"),
    [
        ({"customer_id": "a"}, {}, DataError, "3 of 4"),
        ({"delivery_late": 7}, {}, DataError, "delivery_late"),
        ({}, {"who": "gone"}, ColumnsError, "gone"),
        ({}, {"top": 0}, SpecError, "top"),
        ({}, {"causes": 3}, SpecError, "no ranking"),
    ],
)
def test_refused(
    causes: Causes, change: Any, choices: Any, error: type[Exception], match: str
) -> None:
    """What cannot be answered is an error that names it."""
    with pytest.raises(error, match=match):
        likely_causes(asked().assign(**change), **({"causes": causes} | choices))
