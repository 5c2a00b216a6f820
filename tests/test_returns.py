"""The return curve: Kaplan-Meier of gaps, open gaps censored."""

import numpy as np
import pytest
from scipy import stats

from layerwise.errors import DataError, FitError, SpecError
from layerwise.loading import loads
from layerwise.returns import ReturnCurve, fit_returns
from layerwise.saved import dumps


def curve(seed: int = 0) -> tuple[ReturnCurve, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    closed = rng.integers(1, 100, 300)
    open_ = rng.integers(1, 200, 100)
    return fit_returns(closed, open_), closed, open_


def test_equal_to_scipy() -> None:
    """Survival is scipy's ecdf of right-censored data."""
    ours, closed, open_ = curve()
    data = stats.CensoredData.right_censored(
        np.concatenate([closed, open_]), np.repeat([False, True], [len(closed), len(open_)])
    )
    theirs = stats.ecdf(data).sf
    assert np.allclose(ours._at(np.arange(200.0)), theirs.evaluate(np.arange(200.0)), atol=1e-12)


def test_by_hand() -> None:
    """Gaps 10, 20, 30 and an open one of 25: S = 3/4, 1/2, 0."""
    found = fit_returns(np.array([10, 20, 30]), np.array([25]))
    assert found.survival == pytest.approx((0.75, 0.5, 0.0))
    assert found.p_return(0, horizon_days=20) == pytest.approx(0.5)
    assert found.p_return(20, horizon_days=10) == pytest.approx(1.0)


def test_unknown_beyond_the_longest_silence() -> None:
    """Where nobody was watched long enough the answer is missing, not a guess."""
    found = fit_returns(np.array([10, 20]), np.array([40]))
    assert np.isnan(found.p_return(30, horizon_days=20))
    assert found.p_return(15, horizon_days=20) == pytest.approx(1 / 2)


def test_window_is_the_least_silence() -> None:
    """One day less and a return is more likely than allowed."""
    found, *_ = curve()
    window = found.window(horizon_days=20, at_most=0.10)
    assert window > 0
    assert found.p_return(window, horizon_days=20) <= 0.10
    assert found.p_return(window - 1, horizon_days=20) > 0.10


def test_window_may_not_exist() -> None:
    """Where every silence ends soon there is no window, and the error says so."""
    with pytest.raises(FitError, match="return within"):
        fit_returns(np.array([5, 6, 7]), np.array([1])).window(horizon_days=5, at_most=0.01)


def test_no_gap_at_all() -> None:
    """Without a second order there is no curve."""
    with pytest.raises(FitError, match="second occasion"):
        fit_returns(np.array([]), np.array([3.0]))


def test_round_trip() -> None:
    """A curve is saved and read back equal."""
    found, *_ = curve()
    assert loads(dumps(found, version="0")) == found


def test_missing_silence_is_missing() -> None:
    """Nobody can say when a customer of unknown silence returns."""
    found = curve()[0].p_return([np.nan, 10], horizon_days=20)
    assert np.isnan(found).tolist() == [True, False]


@pytest.mark.parametrize("silence", [[3, -1], "long", ["a"]])
def test_silence_that_cannot_be(silence: object) -> None:
    """Negative days and words are refused."""
    with pytest.raises(DataError, match=r"silence (.|\n)*Hint: "):
        curve()[0].p_return(silence, horizon_days=20)


@pytest.mark.parametrize("days", [-1, np.nan, np.inf, "60", None, True])
def test_horizon_that_cannot_be(days: float) -> None:
    """A horizon is a finite number of days from 0 up, for both questions."""
    for ask in (lambda h: curve()[0].p_return([1], horizon_days=h), _window):
        with pytest.raises(SpecError, match=r"horizon_days must(.|\n)*Hint: "):
            ask(days)


def _window(days: float) -> int:
    return curve()[0].window(horizon_days=days)


@pytest.mark.parametrize("share", [0, 1, np.nan, "0.1", None])
def test_share_that_cannot_be(share: float) -> None:
    """The share of returns asked for lies between 0 and 1."""
    with pytest.raises(SpecError, match=r"at_most between(.|\n)*Hint: "):
        curve()[0].window(at_most=share)
