"""Draws by chance: stable by id, uniform, independent over strategies."""

import hmac
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from layerwise.errors import DataError, SpecError
from layerwise.strategy.holdout import bases, canonical_ids, draws

IDS = range(40_000)


def test_base_is_hmac_sha256():
    """The faster code gives what Python's hmac gives, for short, long and empty-looking salts."""
    for salt in ("layerwise", "x" * 63, "x" * 64, "x" * 65, "x" * 200, "春"):
        tag = b"layerwise.holdout.v1\x1f"
        want = hmac.new(salt.encode(), tag + b"C7", "sha256").digest()[:8]
        assert bases([b"C7"], salt)[0] == int.from_bytes(want, "big")


def test_published_draws_never_change():
    """These draws are part of the format: a change would swap people between plan and holdout."""
    got = draws([1, "A-17", "客户"], "tier_high_offer")
    np.testing.assert_allclose(
        got, [0.1056022576279243, 0.22589931714194722, 0.004758553719556913], rtol=0, atol=1e-15
    )


@given(st.lists(st.integers(-(10**20), 10**20) | st.text(max_size=9), max_size=20), st.randoms())
def test_draw_depends_on_the_id_alone(ids, random):
    """Other customers and the order of rows do not change anyone's draw."""
    alone = [float(draws([i], "s")[0]) for i in ids]
    order = list(range(len(ids)))
    random.shuffle(order)
    together = draws([ids[k] for k in order], "s")
    assert [alone[k] for k in order] == together.tolist()


def test_integer_and_its_text_draw_alike():
    """7 and "7" are one customer; "07", "7.0" and " 7" are others."""
    same = draws([7, np.int8(7), "7"], "s")
    assert len(set(same)) == 1
    assert len({*draws(["7", "07", "7.0", " 7"], "s")}) == 4


@pytest.mark.parametrize("bad", [None, 7.0, float("nan"), True, b"7", np.float64(7)])
def test_ids_that_could_be_two_things_are_refused(bad):
    """Missing ids, fractions, booleans and bytes are refused with their count, never shown."""
    with pytest.raises(DataError, match="1 of 3 customer ids") as error:
        canonical_ids(["secret-1", bad, "secret-2"])
    assert "secret" not in str(error.value)


def test_uuid_is_its_text():
    """A UUID draws as its text does."""
    uuid = UUID(int=5)
    assert draws([uuid], "s") == draws([str(uuid)], "s")


def test_numpy_ids_are_integers():
    """An integer array is hashed as its decimal texts."""
    assert canonical_ids(np.array([1, -20])) == [b"1", b"-20"]


@pytest.mark.parametrize("salt", ["", None, 5, b"x"])
def test_bad_salt(salt):
    """A salt is a text that is not empty."""
    with pytest.raises(SpecError, match="salt"):
        draws([1], "s", salt=salt)


@pytest.mark.parametrize("strategy", ["tier_high_offer", "a", "b"])
def test_uniform(strategy):
    """Draws of 40,000 ids in a row fill 100 bins evenly."""
    u = draws(IDS, strategy)
    counts = np.histogram(u, bins=100, range=(0, 1))[0]
    assert 0.001 < stats.chisquare(counts).pvalue < 0.999
    assert u.min() >= 0
    assert u.max() < 1


@pytest.mark.parametrize("other", [("b", "layerwise"), ("aa", "layerwise"), ("a", "spring")])
def test_independent(other):
    """Another strategy or another salt draws independently: a 10 by 10 table shows no tie."""
    one, two = draws(IDS, "a"), draws(IDS, other[0], salt=other[1])
    table = np.histogram2d(one, two, bins=10, range=[(0, 1), (0, 1)])[0]
    assert 0.001 < stats.chi2_contingency(table).pvalue < 0.999


def test_neighbouring_ids_are_independent():
    """Ids that follow each other do not draw alike."""
    u = draws(IDS, "a")
    table = np.histogram2d(u[:-1], u[1:], bins=10, range=[(0, 1), (0, 1)])[0]
    assert 0.001 < stats.chi2_contingency(table).pvalue < 0.999


def test_held_out_by_two_strategies():
    """Of those held out by one strategy a tenth, not more, is held out by another."""
    one, two = draws(IDS, "a") < 0.1, draws(IDS, "b") < 0.1
    assert stats.binomtest(int(two[one].sum()), int(one.sum()), 0.1).pvalue > 0.001
