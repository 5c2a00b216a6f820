"""What lazy engines are asked before they count, and how much is taken out of them."""

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise import frames
from layerwise.errors import DataError, EngineError
from tests.conftest import ENGINES
from tests.engines.golden import AS_OF, customers, golden

LAZY = [name for name, engine in ENGINES.items() if engine.lazy]


@pytest.mark.parametrize("name", LAZY)
def test_fit_takes_no_more_than_its_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit the error names the engine; equal histories count once."""
    given = ENGINES[name].make(customers())
    histories = customers()[["repeat_orders", "first_to_last_days", "age_days"]]
    distinct = len(histories.drop_duplicates())
    monkeypatch.setattr(frames, "LARGEST_COLLECT", distinct)
    assert lw.BGNBD().fit(given).n_customers == len(histories)
    monkeypatch.setattr(frames, "LARGEST_COLLECT", distinct - 1)
    title = "Polars" if name == "polars_lazy" else "DuckDB"
    with pytest.raises(EngineError, match=f"More than {distinct - 1} rows .* from {title}"):
        lw.BGNBD().fit(given)
    spends = customers()["spend_365d"].nunique(dropna=False)
    monkeypatch.setattr(frames, "LARGEST_COLLECT", spends)
    found = lw.Layers(value=lw.Value()).fit(given)
    assert found["value"].facts["customers"] == len(histories) > spends
    monkeypatch.setattr(frames, "LARGEST_COLLECT", spends - 1)
    with pytest.raises(EngineError, match="sample of the customers"):
        lw.Layers(value=lw.Value()).fit(given)


@pytest.mark.parametrize("name", LAZY)
def test_layers_are_counted_apart_where_equal_rows_are_few(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit layers learn one by one, RFM column by column: the same file as of pandas."""
    table = customers()
    table.loc[::13, "days_since_last"] = np.nan
    columns = ["days_since_last", "orders_365d", "spend_365d"]
    limit = int(table[columns].nunique(dropna=False).max())
    assert len(table[columns].drop_duplicates()) > limit
    layers = lw.Layers(orders_model=lw.BGNBD(), value=lw.Value(), rfm=lw.RFM())
    histories = table[["repeat_orders", "first_to_last_days", "age_days"]].drop_duplicates()
    expected, alone = layers.fit(table), lw.RFM().fit(table)
    given = ENGINES[name].make(table)
    monkeypatch.setattr(frames, "LARGEST_COLLECT", max(limit, len(histories)))
    assert layers.fit(given).to_json() == expected.to_json()
    monkeypatch.setattr(frames, "LARGEST_COLLECT", limit)
    assert lw.RFM().fit(given).to_json() == alone.to_json()
    assert "missing" in alone.facts["sizes"]["rfm_r"]


@pytest.mark.parametrize("name", LAZY)
def test_layers_that_read_others_learn_one_by_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels of earlier layers are counted where the engine has put them."""
    specs = {"value": lw.Value(), "frequency": lw.Frequency(), "churn": lw.ChurnStatus()}
    layers = lw.Layers(**specs, loyalty=lw.Loyalty(churn="churn"), tier=lw.Tier())
    table = customers().drop_duplicates(["days_since_last", "repeat_orders", "age_days"])
    table = pd.concat([table.assign(spend_365d=table["spend_365d"] + i) for i in range(3)])
    expected = layers.fit(table)
    limit = table["spend_365d"].nunique(dropna=False)
    assert limit < len(table.drop_duplicates())
    monkeypatch.setattr(frames, "LARGEST_COLLECT", limit)
    found = layers.fit(ENGINES[name].make(table))
    assert found.to_json() == expected.to_json()


@pytest.mark.parametrize("name", LAZY)
def test_impossible_histories_are_counted_where_they_are_looked_up(name: str) -> None:
    """The lookup groups the histories anyway, so it says how many customers have wrong ones."""
    table = customers()
    fitted = lw.BGNBD().fit(table)
    table.loc[:2, "age_days"] = -1
    words = rf"negative age_days: 3 of {len(table)} rows"
    with pytest.raises(DataError, match=words):
        fitted.transform(ENGINES[name].make(table))
    with pytest.raises(DataError, match=words):
        fitted.transform(table)


@pytest.mark.parametrize("name", [n for n in ENGINES if n != "pandas_arrow"])
@pytest.mark.parametrize(
    ("wrong", "words"), [(0.5, "3 of .* not whole"), (2.0**53, "3 of .* 2\\*\\*53")]
)
def test_float_order_ids_are_looked_at(name: str, wrong: float, words: str) -> None:
    """Order ids that are no whole numbers, or cannot be told apart, are refused with counts."""
    log = golden().dropna(subset=["ordered_at", "amount"])
    log["order_id"] = log["order_id"].astype(float)
    log.iloc[:3, log.columns.get_loc("order_id")] = wrong
    with pytest.raises(DataError, match=words):
        lw.summarize(ENGINES[name].make(log), as_of=AS_OF, order="order_id")


@pytest.mark.parametrize("name", LAZY)
def test_missing_float_order_ids_are_left_out(name: str) -> None:
    """Pandas makes floats of integers beside missing ones; lazy engines read them the same."""
    log = golden()
    log["order_id"] = log["order_id"].where(log.index % 50 > 0)
    assert pd.api.types.is_float_dtype(log["order_id"])
    expected = lw.check_orders(log, as_of=AS_OF, order="order_id")
    found = lw.check_orders(ENGINES[name].make(log), as_of=AS_OF, order="order_id")
    assert found == expected
    assert found.null_order > 0
