"""The arms of an experiment and their planned shares, checked."""

from collections.abc import Mapping

import numpy as np

from layerwise.errors import SpecError, problems
from layerwise.saved import fits

CONTROL = "control"
_EXACT = 1e-9


def read_arms(arms: object, *, control: str | None = None) -> dict[str, float]:
    """Return the planned share of each arm.

    Args:
        arms: Name of the arm -> share; the shares add up to 1.
        control: The arm that must be among them.

    Raises:
        SpecError: There are fewer than two arms, a share is not above 0, they do not add up to 1,
            or the control is not among them; all are told at once.

    >>> read_arms({"control": 0.5, "offer": 0.5})
    {'control': 0.5, 'offer': 0.5}
    """
    hint = 'arms={"control": 0.5, "offer": 0.5}.'
    if not isinstance(arms, Mapping) or not all(isinstance(a, str) and a for a in arms):
        raise SpecError("arms must map names of arms to their shares.", hint=hint)
    wrong = [
        f"the share of arm {name!r:.40} must be a number above 0"
        for name, share in arms.items()
        if not fits(share, float) or not share > 0
    ]
    if len(arms) < 2:
        wrong.append(f"two arms or more are needed, got {len(arms)}")
    if control is not None and control not in arms:
        wrong.append(f"the control arm {control!r:.40} is not among them")
        hint = f'say which arm got nothing: control="{next(iter(arms), CONTROL):.40}".'
    if not wrong and abs(sum(arms.values()) - 1) > _EXACT:
        wrong.append(f"the shares add up to {sum(arms.values()):.10g}, not to 1")
    if wrong:
        raise SpecError(problems("The arms cannot be used:", wrong), hint=hint)
    return {name: float(share) for name, share in arms.items()}


def cuts(arms: Mapping[str, float]) -> np.ndarray:
    """Return where in [0, 1) one arm ends and the next begins."""
    return np.cumsum(list(arms.values()))[:-1]
