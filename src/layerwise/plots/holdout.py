"""Orders in the holdout by what customers had done before, actual and expected."""

from typing import TYPE_CHECKING

import numpy as np

from layerwise import arguments, frames, vectors
from layerwise import columns as c
from layerwise.errors import DataError, SpecError
from layerwise.models.model import FittedModel
from layerwise.plots.canvas import ACTUAL, EXPECTED, canvas, end_labels
from layerwise.plots.words import Lang, word
from layerwise.rules.base import numbers
from layerwise.tracking import require_model
from layerwise.vectors import Array, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_holdout(
    customers: object,
    expected: FittedModel | str,
    *,
    last_group: int = 7,
    ax: "Axes | None" = None,
    lang: Lang = "en",
) -> "Axes":
    """Draw the mean holdout orders of customers by repeat orders before, actual and expected.

    Under each group stands how many customers it has.

    Args:
        customers: What `calibration_holdout` returned, an eager frame.
        expected: A fitted model in days, which is asked for the orders in `holdout_days`; or the
            name of a column with expected orders.
        last_group: This many repeat orders and more are one group.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts.

    Raises:
        ColumnsError: Columns are missing.
        DataError: Values are missing, or there is no customer.
        SpecError: `last_group` is below 1, or the model does not count in days.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import layerwise as lw
        >>> from matplotlib.figure import Figure
        >>> orders = lw.datasets.load_cdnow()
        >>> both = lw.calibration_holdout(
        ...     orders, split="1997-09-30", end="1998-06-30", amount=None
        ... )
        >>> ax = plot_holdout(both, lw.BGNBD().fit(both), ax=Figure().subplots())
        >>> actual, expected = ax.lines
        >>> actual.get_ydata()[:4].round(2).tolist(), expected.get_ydata()[:4].round(2).tolist()
        ([0.24, 0.7, 1.39, 1.56], [0.23, 0.52, 1.04, 1.52])
    """
    if last_group < 1:
        raise SpecError(
            "last_group must be 1 or more.",
            hint="last_group=7 puts 7 and more repeat orders together.",
        )
    group, actual, foreseen, days = _read(customers, expected)
    group = np.minimum(group, last_group).astype(np.int64)
    counts = np.bincount(group, minlength=last_group + 1)
    filled = np.flatnonzero(counts)
    ax = canvas(ax)
    ends = []
    for name, values, style, color in [
        ("actual", actual, "o-", ACTUAL),
        ("expected", foreseen, "s--", EXPECTED),
    ]:
        means = np.bincount(group, weights=values)[filled] / counts[filled]
        ax.plot(filled, means, style, color=color, markersize=5, label=word(name, lang))
        ends.append((filled[-1], float(means[-1]), f"{word(name, lang)} {means[-1]:.2f}", color))
    end_labels(ax, ends)
    names = [f"{g}{'+' if g == last_group else ''}\n{counts[g]:,}" for g in filled]
    ax.set_xticks(filled, names)
    ax.set_xlabel(word("repeat orders before", lang))
    ax.set_ylabel(word("orders in holdout", lang, days=days))
    ax.set_ylim(bottom=0)
    return ax


def _read(customers: object, expected: FittedModel | str) -> tuple[Array, Array, Floats, float]:
    """Return repeat orders, actual and expected orders of the holdout, and its days."""
    frame = frames.eager(customers, doing="plot_holdout")
    names = [c.REPEAT_ORDERS, c.HOLDOUT_ORDERS, c.HOLDOUT_DAYS]
    names += [expected] if isinstance(expected, str) else []
    needed = dict.fromkeys(names, "plot_holdout")
    title = "The table lacks columns; calibration_holdout(orders, ...) makes it."
    arguments.require(frames.column_names(frame), needed, title=title)
    x, orders, days, *found = (numbers(column) for column in vectors.read(frame, names).values())
    values = _ask(expected, customers, days) if not isinstance(expected, str) else found[0]
    missing = sum(int(np.isnan(column).sum()) for column in (x, orders, values))
    if missing or not len(x):
        found_text = f"{missing:,} missing values" if missing else "no rows"
        raise DataError(
            f"Holdout orders cannot be drawn: {found_text}.",
            hint="draw the table of calibration_holdout(...).",
        )
    return x, orders, values, float(days[0])


def _ask(expected: FittedModel, customers: object, days: Array) -> Floats:
    require_model(expected)
    if len(np.unique(days)) > 1:
        raise DataError(
            "The rows have different holdout_days; one holdout is drawn at a time.",
            hint="draw the customers of each holdout apart.",
        )
    return expected.expected_orders(customers, float(days[0]) if len(days) else 0.0)
