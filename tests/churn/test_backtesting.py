"""Looking back: lists by hand, nothing after the date read, and real orders."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import layerwise as lw
from layerwise.churn import Backtest, backtest, early_warning
from layerwise.errors import SpecError

DATES = ["1997-09-30", "1997-12-31"]
CDNOW = lw.datasets.load_cdnow()
CDNOW = CDNOW[CDNOW["amount"] > 0]


def look_back(orders: pd.DataFrame = CDNOW, **given: object) -> Backtest:
    """Return the backtest of CDNOW."""
    choices = {"as_of": DATES, "capacity": 60, "false_discovery": None} | given
    return backtest(orders, **choices)  # type: ignore[arg-type]


DONE = look_back(value="spend_365d")


def test_the_numbers_of_a_list() -> None:
    """Days of silence, counted again with pandas."""
    both = lw.calibration_holdout(CDNOW, split=DATES[0], end="1997-12-29")
    status = lw.ChurnStatus().fit(both).transform(both)["churn"]
    open_ = both[status != "churned"]
    gone = open_["holdout_orders"] == 0
    calls = open_.sort_values(["days_since_last", "customer_id"], ascending=[False, True]).index[
        :60
    ]
    row = DONE.lists[DONE.lists["as_of"] == DATES[0]].set_index("ranking").loc["days_since_last"]
    assert (row["judged"], row["churned"]) == (len(open_), gone[calls].sum())
    assert row["base_rate"] == pytest.approx(gone.mean())
    assert row["recall"] == pytest.approx(gone[calls].sum() / gone.sum())
    worth = open_["spend_365d"]
    assert row["value_caught"] == pytest.approx(worth[calls][gone[calls]].sum() / worth[gone].sum())


def test_all_dates_together_add_up() -> None:
    """Counts are sums, and lift over silence is the ratio of precisions."""
    single, total = DONE.lists[DONE.lists["as_of"].notna()], DONE.lists[DONE.lists["as_of"].isna()]
    for name in ("judged", "listed", "churned"):
        sums = single.groupby("ranking")[name].sum()
        assert total.set_index("ranking")[name].to_dict() == sums.to_dict()
    by = total.set_index("ranking")["precision"]
    plain = by["priority"] / by["days_since_last"]
    assert total.set_index("ranking")["lift_over_silence"]["priority"] == pytest.approx(plain)


def test_what_silence_wins_is_said() -> None:
    """On CDNOW plain silence finds more leavers than value first, which finds more value."""
    total = DONE.lists[DONE.lists["as_of"].isna()].set_index("ranking")
    assert total["precision"]["days_since_last"] > total["precision"]["priority"]
    assert total["value_caught"]["priority"] > 2 * total["value_caught"]["days_since_last"]
    assert "days_since_last" in str(DONE)


def test_lead_time_counted_again() -> None:
    """For leavers warned of: days from the date to the silence that counts as churn."""
    both = lw.calibration_holdout(CDNOW, split=DATES[0], end="1997-12-29")
    status = lw.ChurnStatus().fit(both).transform(both)
    risk = early_warning(both, as_of=DATES[0], false_discovery=None).customers["risk_level"]
    found = (risk == "high") & (status["churn"] != "churned") & (both["holdout_orders"] == 0)
    lead = (status["churn_limit_days"] - status["days_since_last"])[found]
    done = look_back(as_of=DATES[:1])
    assert sorted(done.lead_days) == pytest.approx(sorted(lead))
    assert len(lead) > 3
    assert done.median_lead_days == pytest.approx(lead.median())


def test_the_outcome_alone_looks_ahead() -> None:
    """Orders after the outcome change nothing; dates do not influence each other."""
    short = look_back(CDNOW[CDNOW["ordered_at"] <= "1997-12-29"], as_of=DATES[:1])
    first = look_back(as_of=DATES[:1])
    pd.testing.assert_frame_equal(short.lists, first.lists)
    both = look_back().lists
    pd.testing.assert_frame_equal(
        both[both["as_of"] == DATES[0]], first.lists[first.lists["as_of"].notna()]
    )


def test_row_order_does_not_matter() -> None:
    """Shuffled orders, the same lists."""
    mixed = look_back(CDNOW.sample(frac=1, random_state=4), value="spend_365d")
    pd.testing.assert_frame_equal(mixed.lists, DONE.lists)


def test_no_date_is_refused() -> None:
    """And so is a horizon of nothing."""
    with pytest.raises(SpecError, match="one or more dates"):
        look_back(as_of=[])
    with pytest.raises(SpecError, match="horizon"):
        look_back(horizon_days=0)
    with pytest.raises(SpecError, match="capacity"):
        look_back(capacity=0)
    with pytest.raises(SpecError, match="twice"):
        look_back(as_of=[DATES[0], DATES[0]])


def test_polars_orders() -> None:
    """The same numbers from a Polars log."""
    theirs = look_back(pl.from_pandas(CDNOW), as_of=DATES[:1])
    pd.testing.assert_frame_equal(theirs.lists, look_back(as_of=DATES[:1]).lists)


def leaving_shop(n: int = 1500) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return orders and views of a shop where a tenth stop ordering 30 days after viewing less."""
    rng = np.random.default_rng(3)
    leaves = rng.uniform(size=n) < 0.1
    views, orders = rng.gamma(4, 0.25, n), rng.gamma(4, 0.0125, n)
    parts = []
    for kind, rate, quiet in (("view", views, 150), ("order", orders, 180)):
        who = np.repeat(np.arange(n), rng.poisson(rate * 270))
        day = rng.uniform(0, 270, len(who))
        gone = leaves[who] & (day >= quiet) & (rng.uniform(size=len(who)) < 0.9)
        parts.append(pd.DataFrame({"customer_id": who, "day": day, "event_type": kind})[~gone])
    log = pd.concat(parts)
    log["ts"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(log.pop("day"), "D")
    sold = log[log["event_type"] == "order"].rename(columns={"ts": "ordered_at"})
    return sold.assign(amount=10.0), log[log["event_type"] == "view"]


def test_signs_that_come_first_beat_silence() -> None:
    """Where views fall a month before the orders stop, the list by level finds far more."""
    orders, events = leaving_shop()
    given = {"capacity": 100, "horizon_days": 80, "model": lw.BGNBD(penalty=0.001)}
    done = backtest(orders, as_of=["2024-06-28"], events=events, **given)
    together = done.lists[done.lists["as_of"].isna()].set_index("ranking")
    assert together.loc["level", "lift_over_silence"] > 1.5
    assert done.signals.set_index("signal").loc["browse_drop", "lift"] > 4
    assert done.median_lead_days > 20
