"""Arms are drawn once, for good, with their shares, each experiment for itself."""

import hashlib
import hmac
from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, EngineError, SpecError
from layerwise.evaluate import assign

HALVES = {"control": 0.5, "offer": 0.5}
THREE = {"control": 0.1, "letter": 0.3, "call": 0.6}


def people(n: int) -> pd.DataFrame:
    tier = np.array(["high", "mid", "low"])[np.arange(n) % 7 % 3]
    return pd.DataFrame({"customer_id": range(n), "tier": tier})


def draw(table: Any, **choices: Any) -> Any:
    return assign(table, **({"experiment": "e", "arms": HALVES, "salt": "s"} | choices))


def test_the_draw_is_the_formula() -> None:
    """The draw is what the standard library's HMAC gives, and arms follow by cumulative share."""
    found = draw(people(500), arms=THREE)["arm"]
    for i, arm in enumerate(found):
        digest = hmac.new(b"s", b"e|%d" % i, hashlib.sha256).digest()
        u = (int.from_bytes(digest[:8], "big") >> 12) / 2**52
        assert arm == ("control" if u < 0.1 else "letter" if u < 0.4 else "call")


def test_others_and_order_do_not_matter() -> None:
    """Fewer customers, shuffled, as text: the same arms."""
    table = people(400)
    some = table.sample(150, random_state=1)
    text = some.assign(customer_id=some["customer_id"].astype(str))
    expected = draw(table)["arm"].loc[some.index].tolist()
    assert draw(some)["arm"].tolist() == draw(text)["arm"].tolist() == expected


def test_experiments_are_independent() -> None:
    """A chi-square of two experiments' arms over 20,000 customers is not large."""
    table = people(20_000)
    both = pd.crosstab(draw(table)["arm"], draw(table, experiment="f")["arm"]).to_numpy()
    expected = both.sum(axis=1)[:, None] * both.sum(axis=0) / both.sum()
    assert ((both - expected) ** 2 / expected).sum() < 10.8  # p = 0.001 at one degree of freedom
    assert abs(both.sum(axis=1) - 10_000).max() < 3.3 * np.sqrt(5000)


def test_strata_are_balanced() -> None:
    """In every stratum each arm has its share to less than a customer."""
    table = people(1003)
    found = draw(table, arms=THREE, strata="tier")
    counts = pd.crosstab(found["tier"], found["arm"])[list(THREE)]
    wanted = np.outer(counts.sum(axis=1), list(THREE.values()))
    assert np.abs(counts - wanted).to_numpy().max() < 1


def test_every_customer_has_the_shares_as_chances() -> None:
    """Also one alone in a stratum: over 2,000 experiments 10 %, 30 % and 60 %."""
    table = pd.DataFrame({"customer_id": [1, 2, 3], "tier": ["a", "b", "b"]})
    arms = [draw(table, arms=THREE, strata="tier", experiment=f"e{i}")["arm"] for i in range(2000)]
    for place in range(3):
        shares = pd.Series([a.iloc[place] for a in arms]).value_counts(normalize=True)
        assert np.abs(shares[list(THREE)] - list(THREE.values())).max() < 0.035


def test_previous_arms_stay() -> None:
    """New customers and other tiers leave the arms of the first draw alone."""
    first = draw(people(300), strata="tier")
    more = people(500).assign(tier="mid")
    later = draw(more, strata="tier", previous=first)
    assert later["arm"].iloc[:300].tolist() == first["arm"].tolist()
    assert abs((later["arm"].iloc[300:] == "offer").sum() - 100) <= 1
    assert draw(more, strata="tier")["arm"].iloc[:300].tolist() != first["arm"].tolist()


def test_same_on_every_engine(engine: Any) -> None:
    """The same kind of frame comes back, with the same arms."""
    table = people(60)
    expected = draw(table, strata="tier")["arm"].tolist()
    given = engine.make(table)
    if engine.lazy:
        with pytest.raises(EngineError):
            draw(given)
        return
    found = draw(given, strata="tier")
    assert type(found) is type(given)
    assert list(map(str, found["arm"].to_numpy())) == expected


def test_empty_and_one() -> None:
    """No customers give no arms, one customer one."""
    assert draw(people(0), strata="tier")["arm"].tolist() == []
    assert draw(people(1), strata="tier")["arm"].iloc[0] in HALVES


@pytest.mark.parametrize(
    "choices",
    [
        {"arms": {"control": 1.0}},
        {"arms": {"control": 0.5, "offer": 0.4}},
        {"arms": {"control": 0.5, "offer": 0.5, "x": 0.0}},
        {"arms": {"control": float("nan"), "offer": 0.5}},
        {"arms": ["control", "offer"]},
        {"experiment": "a|b"},
        {"experiment": ""},
        {"salt": ""},
        {"column": "customer_id"},
    ],
)
def test_choices_are_checked(choices: dict[str, Any]) -> None:
    """Arms without shares, names that could run together and empty salts are refused."""
    with pytest.raises(SpecError):
        draw(people(3), **choices)


def test_bad_tables_are_refused() -> None:
    """Ids twice or missing, strata missing or with decimals, earlier arms of another experiment."""
    table = people(4)
    with pytest.raises(DataError):
        draw(table.assign(customer_id=[1, 1, 2, 3]))
    with pytest.raises(DataError):
        draw(table.assign(customer_id=[1, None, 2, 3]))
    with pytest.raises(ColumnsError):
        draw(table, strata="level")
    with pytest.raises(ColumnsError):
        draw(table.assign(tier=0.5), strata="tier")
    with pytest.raises(DataError):
        draw(table, previous=draw(table, arms=THREE), strata="tier")
