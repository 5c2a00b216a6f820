"""One strategy: a row of the table, and what is wrong with a row."""

import unicodedata
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from layerwise.errors import TableError, problems
from layerwise.strategy.labels import is_price_incentive

LEVELS = ("customer", "brand")
"""Who a strategy is for: one customer at a time, or the brand as a whole (a programme)."""

BASES = ("stated", "title_only", "inferred", "own")
"""Where a strategy comes from: a source's body, its title only, our inference, the user's own."""

REQUIRED = ("id", "axis", "segment", "action", "priority")
MAX_PRIORITY = 2**31 - 1


def plain(priority: Any) -> Any:
    """Return a whole number of any kind as an integer, anything else as it is.

    Frames and spreadsheets save 810 as 810.0 as soon as one cell of the column is empty.
    """
    whole = isinstance(priority, np.integer) or (
        isinstance(priority, float | np.floating) and float(priority).is_integer()
    )
    return int(priority) if whole else priority


@attrs.frozen(kw_only=True)
class Strategy:
    """One strategy: who gets it (`axis`, `segment`), what is done, by whom, and its source.

    Args:
        id: Name of the strategy, once in a table.
        axis: Label column it looks at; ``all`` is every customer.
        segment: Label on that axis; ``all`` is every customer with a label on the axis.
        action: What is done.
        priority: 0 or more, lower first; equal priorities go by id.
        theme: Kind of work (promotion, service, win_back, ...). ``compliance`` rows are duties:
            they need no consent and are never held out.
        objective: What it is for.
        channel: Channels, separated by ``;``.
        incentive: Kinds of incentive, separated by ``;``. Kinds not in the package's list count as
            price incentives.
        kpi: Names of the measures that judge it, separated by ``;``.
        owner: Department.
        level: ``customer``, or ``brand`` for a programme that no customer's plan holds.
        basis: ``stated``, ``title_only``, ``inferred`` or ``own``.
        source: Where it comes from, separated by ``;``.
        term_zh: Chinese name of the segment or measure.
        objective_zh: The objective in Chinese.
        action_zh: The action in Chinese.
        note: Your own comment; kept in files, in no plan.

    Raises:
        TableError: A cell is not what its column holds; all cells are listed at once.

    >>> row = Strategy(id="hello", axis="tier", segment="new", action="Say hello", priority=1)
    >>> row.level, row.gives_price_incentive
    ('customer', False)
    """

    id: str
    axis: str
    segment: str
    theme: str = ""
    objective: str = ""
    action: str
    channel: str = ""
    incentive: str = ""
    kpi: str = ""
    owner: str = ""
    level: str = "customer"
    priority: int = attrs.field(converter=plain)
    basis: str = "own"
    source: str = ""
    term_zh: str = ""
    objective_zh: str = ""
    action_zh: str = ""
    note: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse cells that are not what their column holds."""
        found = cell_problems(attrs.asdict(self))
        if found:
            raise TableError(problems("This strategy is not valid:", found), hint=_HINT)

    @property
    def incentives(self) -> tuple[str, ...]:
        """The kinds of incentive it gives."""
        return tuple(kind.strip() for kind in self.incentive.split(";") if kind.strip())

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it may go by; none means that the table does not say."""
        return tuple(name.strip() for name in self.channel.split(";") if name.strip())

    @property
    def gives_price_incentive(self) -> bool:
        """Whether it lowers a price for the customer."""
        return any(is_price_incentive(kind) for kind in self.incentives)


COLUMNS = tuple(f.name for f in attrs.fields(Strategy))
"""Columns of a strategy table, in the order in which files are written."""

_HINT = (
    f"a row needs {', '.join(REQUIRED)}; level is one of {', '.join(LEVELS)}; "
    f"basis one of {', '.join(BASES)}; priority a whole number from 0."
)


def cell_problems(row: Mapping[str, object]) -> list[str]:
    """Return what is wrong with the cells of one row, one line each."""
    found = [f"{name} is empty" for name in REQUIRED if _is_empty(row.get(name))]
    for name in COLUMNS:
        found.extend(_text_problems(name, row[name]) if name != "priority" and name in row else ())
    found.extend(
        f"{name} holds an invisible character"
        for name in ("id", "axis", "segment")
        if any(unicodedata.category(char) == "Cf" for char in str(row.get(name, "")))
    )
    found.extend(_priority_problems(row.get("priority")))
    found.extend(_choice_problems("level", row.get("level"), LEVELS))
    found.extend(_choice_problems("basis", row.get("basis"), BASES))
    return found


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell)


def _text_problems(name: str, cell: object) -> list[str]:
    if not isinstance(cell, str):
        return [f"{name} is {type(cell).__name__}, not text"]
    if cell != cell.strip():
        return [f"{name} has blanks around it"]
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in cell):
        return [f"{name} holds a control character or a line break"]
    return []


def _priority_problems(cell: object) -> list[str]:
    if _is_empty(cell):
        return []
    if isinstance(cell, bool) or not isinstance(cell, int):
        return [f"priority {str(cell)[:40]!r} is not a whole number"]
    if not 0 <= cell <= MAX_PRIORITY:
        return [f"priority is not between 0 and {MAX_PRIORITY}"]
    return []


def _choice_problems(name: str, cell: object, choices: tuple[str, ...]) -> list[str]:
    if cell is None or not isinstance(cell, str) or cell in choices:
        return []
    return [f"{name} {cell[:40]!r} is not one of {', '.join(choices)}"]
