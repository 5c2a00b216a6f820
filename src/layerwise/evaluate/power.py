"""How many customers an experiment needs, and what it can find with those there are."""

import math

from layerwise.errors import SpecError, problems
from layerwise.rates import z_value
from layerwise.saved import fits

_STEPS = 200
_TINY, _HUGE = 1e-100, 1e100


def sample_size(
    base: float, target: float, *, alpha: float = 0.05, power: float = 0.8, ratio: float = 1.0
) -> int:
    """Return how many customers the control arm needs to tell two shares apart.

    n = (z_{1-alpha/2} + z_power)^2 (p0 q0 + p1 q1 / ratio) / (p1 - p0)^2, rounded up. The other arm
    needs `ratio` times as many.

    Args:
        base: The share without the offer, between 0 and 1.
        target: The share that one wants to be able to tell from it.
        alpha: Chance of a false alarm, two-sided.
        power: Chance to find the difference if it is there.
        ratio: Size of the offer's arm to that of the control: 9 for a holdout of a tenth.

    Raises:
        SpecError: A share or chance is not between 0 and 1, or the shares are equal.

    Source: Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, ch. 4,
    without continuity correction and with the variance of the alternative.

    >>> sample_size(0.10, 0.12)
    3839
    """
    z = _reach(alpha, power, ratio, base=base, target=target)
    if base == target:
        raise SpecError("base and target are equal.", hint="how large an effect would be useful?")
    spread = base * (1 - base) + target * (1 - target) / ratio
    return _up(z**2 * spread / (target - base) ** 2)


def sample_size_mean(
    difference: float, sd: float, *, alpha: float = 0.05, power: float = 0.8, ratio: float = 1.0
) -> int:
    """Return how many customers the control arm needs to tell two means apart.

    n = (z_{1-alpha/2} + z_power)^2 sd^2 (1 + 1 / ratio) / difference^2, rounded up. With CUPED take
    sd * sqrt(1 - rho^2), rho the correlation with the covariate.

    Args:
        difference: The difference of means that one wants to find, not 0.
        sd: Standard deviation of the outcome over customers, above 0.
        alpha: As in `sample_size`.
        power: As in `sample_size`.
        ratio: As in `sample_size`.

    Raises:
        SpecError: A number is impossible.

    >>> sample_size_mean(2.0, 30.0)
    3532
    """
    z = _reach(alpha, power, ratio, sd=sd)
    if not fits(difference, float) or difference == 0:
        raise SpecError("difference must be a number other than 0.", hint="in the outcome's unit.")
    spread = float(sd) / abs(float(difference))  # squares alone may leave the range of a float
    if not _TINY < spread < _HUGE:
        raise SpecError(
            "sd and difference are too far apart to plan with.", hint="give both in one unit."
        )
    return _up(z**2 * spread**2 * (1 + 1 / ratio))


def smallest_effect(
    base: float,
    n: int,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    down: bool = False,
) -> float:
    """Return the smallest difference of shares that n customers in the control arm can find.

    It is what `sample_size` inverted gives. Missing (NaN) if not even a share of 1 (of 0 with
    `down`) could be told from the base.

    Args:
        base: The share without the offer, between 0 and 1.
        n: Customers in the control arm.
        alpha: As in `sample_size`.
        power: As in `sample_size`.
        ratio: As in `sample_size`.
        down: The effect lowers the share, as it should for churn; the result is negative.

    Raises:
        SpecError: A number is impossible.

    >>> round(smallest_effect(0.10, 3839), 4), round(smallest_effect(0.10, 3839, down=True), 4)
    (0.02, -0.0184)
    """
    z2 = _reach(alpha, power, ratio, base=base) ** 2
    _check_n(n)
    if not fits(down, bool):
        raise SpecError("down must be True or False.", hint="down=True for churn.")
    room = -base if down else 1 - base
    low, high = 0.0, 1.0  # shares of the room there is

    def found(part: float) -> bool:
        target = base + part * room
        spread = base * (1 - base) + target * (1 - target) / ratio
        return n * (target - base) ** 2 >= z2 * spread

    if not found(1.0):
        return math.nan
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high * room


def smallest_effect_mean(
    sd: float, n: int, *, alpha: float = 0.05, power: float = 0.8, ratio: float = 1.0
) -> float:
    """Return the smallest difference of means that n customers in the control arm can find.

    Args:
        sd: Standard deviation of the outcome over customers, above 0.
        n: Customers in the control arm.
        alpha: As in `sample_size`.
        power: As in `sample_size`.
        ratio: As in `sample_size`.

    Raises:
        SpecError: A number is impossible.

    >>> round(smallest_effect_mean(30.0, 3532), 3)
    2.0
    """
    z = _reach(alpha, power, ratio, sd=sd)
    _check_n(n)
    return z * sd * math.sqrt((1 + 1 / ratio) / n)


def _reach(alpha: float, power: float, ratio: float, **numbers: float) -> float:
    """Return z_{1-alpha/2} + z_power, with everything checked at once."""
    shares = {"alpha": alpha, "power": power} | {k: v for k, v in numbers.items() if k != "sd"}
    wrong = [
        f"{name} must be a number between 0 and 1"
        for name, value in shares.items()
        if not fits(value, float) or not 0 < value < 1
    ]
    wrong += [
        f"{name} must be a number above 0"
        for name, value in {"sd": numbers.get("sd", 1.0)}.items()
        if not fits(value, float) or not value > 0
    ]
    if not fits(ratio, float) or not 1 / _MOST_RATIO <= ratio <= _MOST_RATIO:
        wrong.append(f"ratio must be a number from {1 / _MOST_RATIO:g} to {_MOST_RATIO:g}")
    if wrong:
        raise SpecError(
            problems("The experiment cannot be planned:", wrong), hint="shares are 0.1, not 10."
        )
    if power <= alpha / 2:
        raise SpecError("power must be above alpha / 2.", hint="power=0.8 is usual.")
    tail = z_value(2 * power - 1) if power > 0.5 else -z_value(1 - 2 * power) if power < 0.5 else 0
    return z_value(1 - alpha) + tail


def _check_n(n: object) -> None:
    if not fits(n, int) or not n >= 1:  # type: ignore[operator]
        raise SpecError("n must be a whole number from 1.", hint="customers in the control arm.")


_MOST_RATIO = 1e6


def _up(n: float) -> int:
    return max(1, math.ceil(n - 1e-9))
