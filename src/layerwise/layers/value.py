"""Value layers: how much a customer spends now."""

import warnings
from typing import ClassVar, Literal

import attrs
import numpy as np

from layerwise.columns import spend_in
from layerwise.errors import FewerLayersWarning, SpecError
from layerwise.fitted import Fitted, Spec
from layerwise.layers.edges import (
    check_cuts,
    check_window,
    filled_bands,
    present,
    quantile_edges,
    share_edges,
)
from layerwise.rules import Cut
from layerwise.rules.base import if_numbers, numbers
from layerwise.saved import saved
from layerwise.vectors import Array, Columns

LOW_TO_HIGH = ("low", "mid", "high")


@saved
@attrs.frozen(kw_only=True)
class Value(Spec):
    """Layers of present spend: low < mid < high.

    Spend is a floor for spending power; what a customer spends elsewhere is not seen.

    Args:
        window_days: Spend is summed over so many days up to as_of (column `spend_{window}d`).
        method: What `cuts` means:
            "quantile": shares of customers, (0.5, 0.8) puts the top fifth into high;
            "share": shares of spend, (0.8, 0.95) makes high the customers who bring 80 % of it;
            "absolute": amounts, in the currency of the orders.
        cuts: Two ascending numbers; None takes (0.5, 0.8) or (0.8, 0.95) by method.

    Equal spend always shares a layer, an amount on a cut is in the lower one, no spend in the
    window is low, missing spend is not_evaluable. Layers may hold other shares of customers than
    the cuts say where many spend the same; `facts["sizes"]` tells.

    Raises:
        SpecError: The cuts do not fit the method.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({"spend_365d": [10.0, 20.0, 30.0, 40.0, 500.0]})
        >>> fitted = Value().fit(customers)
        >>> fitted.transform(customers)["value"].tolist()
        ['low', 'low', 'low', 'mid', 'high']
    """

    default_name: ClassVar[str] = "value"

    window_days: int = 365
    method: Literal["quantile", "share", "absolute"] = "quantile"
    cuts: tuple[float, ...] | None = attrs.field(default=None, converter=if_numbers)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        check_method(self.method, self.cuts, "Value")
        check_window(self.window_days, "Value")

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 - the same for every name
        """Return the spend column of the window."""
        return (spend_in(self.window_days),)

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Learn the two amounts that part the layers."""
        column = spend_in(self.window_days)
        edges = learn_edges(numbers(columns[column]), self.method, self.cuts, column)
        rule = Cut(output=name, column=column, edges=edges, labels=LOW_TO_HIGH)
        return Fitted(spec=self, name=name, rules=(rule,), facts={"edges": edges})


_ABSOLUTE = {
    "Value": "cuts=(200, 1000) makes 200.01 to 1000 the mid layer.",
    "Frequency": "cuts=(1, 4) makes two to four orders the mid layer.",
}
_ENOUGH = 5


def check_method(method: str, cuts: tuple[float, ...] | None, what: str) -> None:
    """Check the choices that Value and Frequency share.

    Raises:
        SpecError: The method is unknown or the cuts do not fit it.
    """
    if method not in ("quantile", "share", "absolute"):
        raise SpecError(
            f"{what} has no method {method!r}.", hint="choose quantile, share or absolute."
        )
    if method == "absolute":
        if cuts is None or len(cuts) != 2 or not -np.inf < cuts[0] < cuts[1] < np.inf:
            raise SpecError(
                f"{what}(method='absolute') needs two ascending cuts, got {cuts}.",
                hint=_ABSOLUTE[what],
            )
    elif cuts is not None:
        check_cuts(cuts, 2, f"cuts of {what}")


def learn_edges(
    values: Array, method: str, cuts: tuple[float, ...] | None, column: str
) -> tuple[float, ...]:
    """Return two edges, and warn where they cannot make three layers."""
    if method == "absolute":
        return cuts or ()
    found = present(values, column)
    if method == "share":
        edges = share_edges(found, cuts or (0.8, 0.95))
    else:
        edges = quantile_edges(found, cuts or (0.5, 0.8))
    filled = filled_bands(found, edges)
    if filled < len(LOW_TO_HIGH):
        warnings.warn(
            f"{column} gives {filled} of 3 layers: {_why_fewer(found)}.\n"
            "Hint: method='absolute' cuts at numbers of your own.",
            FewerLayersWarning,
            stacklevel=2,
        )
    return edges


def _why_fewer(values: Array) -> str:
    if len(values) < _ENOUGH and len(np.unique(values)) == len(values):
        return f"fewer than {_ENOUGH} customers cannot fill three layers"
    return "too many customers share a value"
