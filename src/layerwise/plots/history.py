"""One customer's orders, and what a model thought meanwhile."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Unpack

from layerwise import columns as c
from layerwise.models.model import FittedModel
from layerwise.orders.request import OrderColumns
from layerwise.plots.canvas import ACTUAL, EXPECTED, MARK, canvas, dates, end_labels
from layerwise.plots.words import Lang, word
from layerwise.tracking import history

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FLOOR = -0.12
"""Where the ticks of the orders stand, below the probabilities of 0 to 1."""


def plot_history(
    fitted: FittedModel,
    orders: object,
    *,
    customer_id: Hashable,
    as_of: Any,
    horizon_days: float | None = None,
    ax: "Axes | None" = None,
    lang: Lang = "en",
    **columns: Unpack[OrderColumns],
) -> "Axes":
    """Draw a customer's orders as ticks below P(alive) and P(no purchase) of each day.

    The numbers are those of `layerwise.tracking.history`. The picture shows no id.

    Args:
        fitted: A fitted model in days: BGNBD, MBGNBD, MBGCNBD, ParetoNBD.
        orders: The order log, a frame in memory.
        customer_id: Whose history; 7 and "7" are different ids.
        as_of: The last day.
        horizon_days: Days ahead of P(no purchase); None takes the model's.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts.
        columns: Which column is what, and the other choices, as in `layerwise.summarize`.

    Raises:
        LayerwiseError: As `history` does.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import layerwise as lw
        >>> from matplotlib.figure import Figure
        >>> model = lw.BGNBD(horizon_days=90).fit(lw.datasets.load_cdnow_summary())
        >>> ax = plot_history(
        ...     model, lw.datasets.load_cdnow(), customer_id=1, as_of="1998-06-30", amount=None,
        ...     ax=Figure().subplots(),
        ... )
        >>> print(*[text.get_text() for text in ax.texts], sep="; ")
        P(alive) 58%; P(no purchase
        in 90 days) 78%
    """
    table = history(
        fitted,
        orders,
        customer_id=customer_id,
        as_of=as_of,
        horizon_days=horizon_days,
        **columns,
    ).set_index(c.DATE)
    h = fitted.spec.horizon_days if horizon_days is None else horizon_days
    ax = canvas(ax)
    ends = []
    for name, column, color, style in [
        (word("alive now", lang), "p_alive", EXPECTED, "-"),
        (word("silent ahead", lang, h=h), c.p_no_purchase(h), MARK, "--"),
    ]:
        ax.plot(table.index, table[column], style, color=color, label=name)
        last = float(table[column].iloc[-1])
        ends.append((table.index[-1], last, f"{name} {last:.0%}", color))
    end_labels(ax, ends)
    days = table.index[table[c.ORDERS] > 0]
    ax.plot(days, [_FLOOR] * len(days), "|", color=ACTUAL, markersize=10, label="orders")
    ticks = {_FLOOR: word("orders", lang)} | {p / 4: f"{p / 4:.0%}" for p in range(5)}
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.set(ylim=(_FLOOR - 0.06, 1.03), ylabel=word("probability", lang))
    dates(ax)
    return ax
