"""Which labels lead to a strategy, and which do not."""

from collections.abc import Sequence

import pandas as pd

from layerwise.strategy.checks import ways
from layerwise.strategy.labels import EVERY, labels
from layerwise.strategy.links import packaged_or, read_links
from layerwise.strategy.match import index
from layerwise.strategy.row import Strategy

COLUMNS = ("axis", "label", "term_zh", "level", "customer_rows", "programmes", "covered")


def coverage_of(rows: Sequence[Strategy], links: pd.DataFrame | None) -> pd.DataFrame:
    """Return a row per label: how many strategies and programmes it leads to."""
    table = index(rows, read_links(links, rows))
    levels = {(axis, label): level for axis, label, _, level, *_ in packaged_or(links)}
    own = {(row.axis, row.segment) for row in rows if EVERY not in (row.axis, row.segment)}
    every = dict.fromkeys([*labels(), *sorted(own), *levels])
    brand = _count([row for row in rows if row.level == "brand"])
    out = []
    for axis, label in every:
        sent = {row.id for _, row in table.because(axis, label, axis).earns}
        once = sum(brand.get(key, 0) for key in ways(axis, label) if EVERY not in key)
        once += len(table.answers.programmes.get((axis, label), ()))
        known = labels().get((axis, label))
        term = known.term_zh if known else table.answers.terms.get((axis, label), "")
        covered = bool(sent or once) or table.covers(axis, label)
        level = levels.get((axis, label), "")
        out.append((axis, label, term, level, len(sent), once, covered))
    return pd.DataFrame(out, columns=list(COLUMNS))


def _count(rows: Sequence[Strategy]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        found[row.axis, row.segment] = found.get((row.axis, row.segment), 0) + 1
    return found
