"""What a model says of every history of one age: how often, and how long ago."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layerwise.columns import AGE, FIRST_TO_LAST, REPEAT_ORDERS
from layerwise.errors import SpecError
from layerwise.models.model import FittedModel, Quantity
from layerwise.plots.canvas import SMALL, canvas, percent, whole
from layerwise.plots.words import Lang, word
from layerwise.tracking import require_model
from layerwise.vectors import Array, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROWS = 100
"""The matrix has about so many rows; each is a whole number of days high."""


def plot_frequency_recency(
    fitted: FittedModel,
    quantity: Quantity = "p_alive",
    *,
    age_days: int = 365,
    repeat_orders: int = 12,
    horizon_days: float | None = None,
    ax: "Axes | None" = None,
    lang: Lang = "en",
) -> "Axes":
    """Draw a quantity of the model over repeat orders and days from first to last order.

    All histories have the same age. Low down the last order is long ago, at the top it is of today.
    Histories that cannot be stay white: without repeat orders the last order is the first (the one
    cell at the left foot, with its value), and with repeat orders it is later.

    Args:
        fitted: A fitted model in days: BGNBD, MBGNBD, MBGCNBD, ParetoNBD.
        quantity: "p_alive", "p_no_purchase" or "expected_orders".
        age_days: Days since the first order.
        repeat_orders: The most repeat orders shown.
        horizon_days: Days ahead; None takes the model's.
        ax: Where to draw; None makes a new figure. The colour bar takes room beside it.
        lang: "en" or "zh", the language of the texts.

    Raises:
        SpecError: The model does not count in days, or a choice is impossible.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> from layerwise import BGNBD
        >>> from matplotlib.figure import Figure
        >>> model = BGNBD().with_parameters(r=0.243, alpha=30.9, a=0.793, b=2.426)
        >>> ax = plot_frequency_recency(model, "p_no_purchase", ax=Figure().subplots())
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('repeat orders (orders after the first)', 'days from first to last order')
    """
    _check(fitted, quantity, age_days, repeat_orders)
    h = fitted.spec.horizon_days if horizon_days is None else horizon_days
    days = np.arange(0, age_days + 1, max(1, round(age_days / _ROWS)))
    values = _matrix(fitted, quantity, np.arange(repeat_orders + 1), days, age_days, h)
    ax = canvas(ax, (6.4, 4.4))
    mesh = ax.pcolormesh(
        np.arange(repeat_orders + 1),
        days,
        values,
        cmap="cividis",
        shading="nearest",
        vmin=0,
        rasterized=True,
    )
    bar: Any = ax.figure.colorbar(mesh, ax=ax, label=word(quantity, lang, age=age_days, h=h))
    bar.outline.set_visible(False)
    if quantity != "expected_orders":
        mesh.set_clim(0, 1)
        percent(bar.ax.yaxis)
    once = f"{values[0, 0]:.2g}" if quantity == "expected_orders" else f"{values[0, 0]:.0%}"
    above: Any = {"textcoords": "offset points", "ha": "center", "rotation": 90, "size": SMALL}
    ax.annotate(once, (0, 0), (0, 5), **above)
    ax.set(xlabel=word("repeat orders", lang), ylabel=word("first to last", lang))
    whole(ax.xaxis)
    return ax


def _matrix(
    fitted: FittedModel, quantity: Quantity, orders: Array, days: Array, age: int, h: float
) -> Floats:
    """Return the quantity by day (rows) and repeat orders (columns), NaN where none can be."""
    t_x, x = (part.ravel() for part in np.meshgrid(days, orders, indexing="ij"))
    possible = (x == 0) == (t_x == 0)
    table = pd.DataFrame({REPEAT_ORDERS: x, FIRST_TO_LAST: t_x, AGE: age})[possible]
    choices = () if quantity == "p_alive" else (h,)
    values = np.full(len(x), np.nan)
    values[possible] = getattr(fitted, quantity)(table, *choices)
    return values.reshape(len(days), len(orders))


def _check(fitted: object, quantity: str, age_days: int, repeat_orders: int) -> None:
    require_model(fitted)
    if quantity not in ("p_alive", "p_no_purchase", "expected_orders"):
        raise SpecError(
            f"quantity must be p_alive, p_no_purchase or expected_orders, got {quantity!r:.40}.",
            hint="quantity='p_alive' is the usual picture.",
        )
    if age_days < 1 or repeat_orders < 1:
        raise SpecError(
            "age_days and repeat_orders must be 1 or more.",
            hint="leave them out to cover the customers that were fitted.",
        )
