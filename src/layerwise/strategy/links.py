"""Which strategies answer a cause, a churn type, a warning signal or a motive, as a table."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import attrs
import pandas as pd

from layerwise.churn import cause_table, type_table, warning_table
from layerwise.errors import TableError, problems
from layerwise.knowledge import items
from layerwise.strategy.checks import did_you_mean
from layerwise.strategy.labels import labels
from layerwise.strategy.row import Strategy
from layerwise.tastes.motive_table import motive_table

COLUMNS = ("axis", "label", "strategy_id")
_OPTIONAL = ("level", "stop", "term_zh")
_LEFT = "1"
_GONE = 2


@attrs.frozen(kw_only=True)
class Answers:
    """The links of one table of strategies, by label.

    Args:
        customers: (axis, label) -> rows that go to customers.
        programmes: The same for programmes of the brand.
        stops: (axis, label) -> how far it stops other strategies (see `Label.stop`).
        terms: (axis, label) -> its Chinese name.
    """

    customers: Mapping[tuple[str, str], Sequence[Strategy]]
    programmes: Mapping[tuple[str, str], Sequence[Strategy]]
    stops: Mapping[tuple[str, str], int]
    terms: Mapping[tuple[str, str], str]


def strategy_links(
    *,
    causes: pd.DataFrame | None = None,
    types: object = None,
    signals: pd.DataFrame | None = None,
    motives: object = None,
) -> pd.DataFrame:
    """Return which strategies answer which knowledge: a row a label and strategy, all texts.

    The axes are `cause` (column `remedy_strategies` of the cause table), `churn_type` and
    `churn_rule` (`response_strategies` of the type table, by its column `type` and by its id),
    `signal` (`next_step` of the warning table) and `motive` (`strategies` of the motive table).
    `StrategyTable.plan` and `StrategyTable.programmes_for` look customers' labels up in it.

    Args:
        causes: Your own cause table; None gives `layerwise.churn.cause_table`.
        types: Your own type table; None gives `layerwise.churn.type_table`.
        signals: Your own warning table; None gives `layerwise.churn.warning_table`.
        motives: Your own motive table; None gives `motive_table`.

    Returns:
        `axis`, `label`, `strategy_id`, `level` (of the cause or signal), `stop` ("1": the label
        says that the customer has left, so that only win-back is sent) and `term_zh`. Edit it, add
        rows to it, and hand it to `plan(links=...)`.

    Raises:
        TableError: A table cannot be used.

    Example:
        >>> links = strategy_links()
        >>> links[links["label"] == "delivery_late"]["strategy_id"].to_list()
        ['ux_delivery', 'par_supply']
    """
    kinds = type_table(types)
    kinds = kinds.assign(stop=[_LEFT if _has_left(row) else "" for _, row in kinds.iterrows()])
    of_type = kinds[(kinds["id"] == kinds["type"]) & (kinds["type"] != "not_churned")]
    parts = [
        _part("cause", _given(causes, cause_table, "causes"), "remedy_strategies"),
        _part("churn_type", of_type, "response_strategies"),
        _part("churn_rule", kinds, "response_strategies"),
        _part("signal", _given(signals, warning_table, "signals"), "next_step"),
        _part("motive", motive_table(motives), "strategies"),
    ]
    return pd.concat(parts, ignore_index=True)


def _has_left(row: "pd.Series[str]") -> bool:
    return row["applies_to"] == "churned" and row["type"] != "not_churned"


def _given(table: pd.DataFrame | None, default: object, name: str) -> pd.DataFrame:
    if table is None:
        return default()  # type: ignore[operator,no-any-return]
    if not isinstance(table, pd.DataFrame):
        raise TableError(
            f"{name} must be a pandas frame, not a {type(table).__name__}.",
            hint="start from the packaged table, e.g. layerwise.churn.cause_table(), and edit it.",
        )
    return table


def _part(axis: str, table: pd.DataFrame, answers: str) -> pd.DataFrame:
    """Return the links of one table: its ids are the labels."""
    if lacking := [name for name in ("id", answers) if name not in table.columns]:
        raise TableError(
            f"The table for axis {axis!r} lacks {', '.join(lacking)}.",
            hint="start from the packaged table and edit it.",
        )
    cells = _texts(table, ("id", answers, *_OPTIONAL))
    rows = [
        (axis, row.id, strategy, row.level, row.stop, row.term_zh)
        for row in cells.itertuples(index=False)
        for strategy in items(str(getattr(row, answers)))
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS, *_OPTIONAL], dtype=object)


def read_links(links: pd.DataFrame | None, rows: Iterable[Strategy]) -> Answers:
    """Return links as lookups from labels to the strategies of a table.

    The packaged links (None) may name strategies that the table does not have; links of one's own
    may not.

    Raises:
        TableError: Columns or cells are missing, a row stands twice, or a strategy is unknown.
    """
    by_id = {row.id: row for row in rows}
    table = _packaged() if links is None else _rows_of(_checked(links, by_id))
    found: dict[str, dict[tuple[str, str], list[Strategy]]] = {
        "customer": defaultdict(list),
        "brand": defaultdict(list),
    }
    stops: dict[tuple[str, str], int] = {}
    terms = {}
    for axis, label, strategy, _, stop, term in table:
        row = by_id.get(strategy)
        if row is None:
            continue
        key = (axis, label)
        found[row.level][key].append(row)
        final = own_stop(row) == _GONE  # what is answered by no outreach at all ends all outreach
        stops[key] = max(stops.get(key, 0), _GONE if final else int(stop or 0))
        terms[key] = term
    return Answers(customers=found["customer"], programmes=found["brand"], stops=stops, terms=terms)


def packaged_or(links: pd.DataFrame | None) -> tuple[tuple[str, ...], ...]:
    """Return the rows of links: axis, label, strategy_id, level, stop, term_zh."""
    return _packaged() if links is None else _rows_of(_texts(links, (*COLUMNS, *_OPTIONAL)))


@cache
def _packaged() -> tuple[tuple[str, ...], ...]:
    return _rows_of(strategy_links())


def _rows_of(table: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    return tuple(table.itertuples(index=False, name=None))


def _texts(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return columns as texts without blanks around them; what is not there is empty."""
    none = [""] * len(table)
    cells = {n: table[n].to_list() if n in table.columns else none for n in names}
    texts = {n: [_text(x) for x in cells[n]] for n in cells}
    return pd.DataFrame(texts, dtype=object)


def _text(cell: Any) -> str:
    missing = not isinstance(cell, str) and pd.api.types.is_scalar(cell) and pd.isna(cell)
    return "" if missing else str(cell).strip()


def own_stop(row: Strategy) -> int:
    """Return how far the label that a strategy is for stops other strategies."""
    known = labels().get((row.axis, row.segment))
    return known.stop if known else 0


def _checked(links: pd.DataFrame, by_id: Mapping[str, Strategy]) -> pd.DataFrame:
    if not isinstance(links, pd.DataFrame):
        raise TableError(f"links is a {type(links).__name__}.", hint="strategy_links() makes one.")
    names = list(links.columns)
    wrong = [f"column {n!r} stands twice" for n in dict.fromkeys(names) if names.count(n) > 1]
    wrong += [f"column {name!r} is missing" for name in COLUMNS if name not in names]
    if wrong:
        raise _refused(wrong)
    table = _texts(links, (*COLUMNS, *_OPTIONAL))
    wrong = [f"row {i}: {n} is empty" for n in COLUMNS for i in _rows(table[n] == "")]
    again = table.duplicated(list(COLUMNS))
    wrong += [f"row {i}: the same link stands before" for i in _rows(again)]
    wrong += [f"row {i}: stop must be 1, 2 or empty" for i in _rows(~table["stop"].isin(_STOPS))]
    unknown = dict.fromkeys(s for s in table["strategy_id"] if s and s not in by_id)
    wrong += [f"no strategy {s[:40]!r}{did_you_mean(s, by_id)}" for s in unknown]
    if wrong:
        raise _refused(wrong)
    return table


_STOPS = ("", "0", "1", "2")


def _rows(wrong: Iterable[bool]) -> list[int]:
    return [i for i, bad in enumerate(wrong, 1) if bad]


def _refused(lines: Sequence[str]) -> TableError:
    return TableError(
        problems("The links cannot be used:", lines),
        hint=f"columns: {', '.join(COLUMNS)}; strategy_links() makes such a table.",
    )
