"""The way to and from lifetimes, whose import changes pandas options and warning filters."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd

from layerwise.errors import DataError

_OPTION = "mode.chained_assignment"
_PREDICT = "conditional_expected_number_of_purchases_up_to_time"


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restore the warning filters, and the pandas option that importing lifetimes sets."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            before = pd.get_option(_OPTION)
        except KeyError:  # a pandas without this option
            yield
            return
        try:
            yield
        finally:
            pd.set_option(_OPTION, before)


def to_fitter(kind: str, parameters: Mapping[str, float]) -> Any:
    """Return a fitter of lifetimes that predicts with these parameters."""
    with undisturbed():
        import lifetimes

        fitter = getattr(lifetimes, kind)()
        fitter.params_ = pd.Series(dict(parameters))
    if hasattr(fitter, _PREDICT):
        fitter.predict = getattr(fitter, _PREDICT)
    return fitter


def from_fitter(fitter: object, names: tuple[str, ...]) -> dict[str, float]:
    """Return the parameters of a fitter of lifetimes.

    Raises:
        DataError: It is not fitted, or is a fitter of another model.
    """
    found = getattr(fitter, "params_", None)
    if found is None or set(found.keys()) != set(names):
        raise DataError(
            f"A {type(fitter).__name__} does not hold the parameters {', '.join(names)}.",
            hint="give the fitter of the same model of lifetimes, after fit.",
        )
    return {name: float(found[name]) for name in names}
