"""Strategies as a value: read, written, looked up, joined and checked."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Self

import attrs
import pandas as pd

from layerwise.arguments import is_several, several
from layerwise.errors import SpecError
from layerwise.strategy import checks, files
from layerwise.strategy.labels import axes, data_text
from layerwise.strategy.row import COLUMNS, Strategy
from layerwise.writing import write_text


def _rows(rows: Iterable[Strategy]) -> tuple[Strategy, ...]:
    if not is_several(rows):
        raise SpecError("rows must be a list of strategies.", hint="see StrategyTable.from_csv.")
    return tuple(rows)


@attrs.frozen(kw_only=True)
class Strategies:
    """The rows of a `StrategyTable`, which says what they lead to."""

    rows: tuple[Strategy, ...] = attrs.field(converter=_rows)
    lang: str = attrs.field(default="en", eq=False)

    def __attrs_post_init__(self) -> None:
        """Refuse rows that contradict each other."""
        check_lang(self.lang)
        strange = sum(not isinstance(row, Strategy) for row in self.rows)
        if strange:
            raise SpecError(
                f"{strange} of {len(self.rows)} rows are not of class Strategy.",
                hint="StrategyTable.default() holds such rows.",
            )
        checks.refuse(checks.structure(self.rows))

    @classmethod
    def default(cls, lang: str = "en") -> Self:
        """Return the table that comes with layerwise, in English and Chinese.

        232 rows are curated from four business reports on running private-domain e-commerce of
        fast-moving goods; the rest are ours and say so in `basis` and `source`.
        """
        rows, found = files.parse_csv(data_text("strategies.csv"))
        checks.refuse(found)
        return cls(rows=rows, lang=lang)

    @classmethod
    def from_csv(cls, path: str | Path, *, labels: checks.Vocabulary | None = None) -> Self:
        """Return the table in a CSV file.

        Needed columns: id, axis, segment, action, priority; the others may be left out. UTF-8, with
        or without byte-order mark, any line ends, commas, semicolons or tabs between the cells;
        blanks around cells are cut.

        Args:
            path: The file.
            labels: Labels of your own axes, or other labels for a built-in axis: axis -> labels.

        Raises:
            TableError: The file is not such a table; problems are listed at once, 20 at most.
        """
        return cls._checked(files.parse_csv(files.read_text(path)), labels)

    @classmethod
    def from_toml(cls, path: str | Path, *, labels: checks.Vocabulary | None = None) -> Self:
        """Return the table in a TOML file: one ``[[strategy]]`` block a row, keys as CSV columns.

        Args:
            path: The file.
            labels: Labels of your own axes, or other labels for a built-in axis: axis -> labels.

        Raises:
            TableError: The file is not such a table; problems are listed at once, 20 at most.
        """
        return cls._checked(files.parse_toml(files.read_text(path)), labels)

    @classmethod
    def _checked(cls, read: files.Read, labels: checks.Vocabulary | None) -> Self:
        rows, found = read
        known = checks.vocabulary(labels)
        found = [*found, *checks.structure(rows), *checks.unknown_labels(rows, known)]
        found.extend(checks.misspelt_axes(rows, {*axes(), *known}))
        checks.refuse(found)
        return cls(rows=rows)

    def to_csv(self, path: str | Path, *, excel: bool = False) -> None:
        """Write the table as CSV; `from_csv` reads back an equal table.

        Cells that a spreadsheet would run as formulas get an apostrophe in front.

        Args:
            path: The file.
            excel: Begin with a byte-order mark, which Excel needs to show Chinese.

        Raises:
            FileNotFoundError: The folder does not exist; none is made.
            OSError: The file cannot be written.
            SavedFileError: `path` is no path, or names no file.
        """
        write_text(path, ("\ufeff" if excel else "") + files.to_csv_text(self.rows))

    def to_toml(self, path: str | Path) -> None:
        """Write the table as TOML; `from_toml` reads back an equal table.

        Raises:
            FileNotFoundError: The folder does not exist; none is made.
            OSError: The file cannot be written.
            SavedFileError: `path` is no path, or names no file.
        """
        write_text(path, files.to_toml_text(self.rows))

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a pandas frame, one column per field of `Strategy`."""
        return pd.DataFrame([attrs.asdict(row) for row in self.rows], columns=list(COLUMNS))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Strategy]:
        return iter(self.rows)

    def __getitem__(self, strategy_id: str) -> Strategy:
        for row in self.rows:
            if row.id == strategy_id:
                return row
        raise SpecError(
            f"The table has no strategy {strategy_id!r}.",
            hint=f"see table.to_frame(){checks.did_you_mean(str(strategy_id), self.ids)}.",
        )

    def __repr__(self) -> str:
        """Return the size and the axes, not hundreds of rows."""
        return f"StrategyTable({len(self)} strategies on axes {', '.join(self.axes)})"

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all strategies."""
        return tuple(row.id for row in self.rows)

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that customers' strategies look at, in the built-in order, then by name."""
        used = {row.axis for row in self.rows if row.level == "customer"}
        return (*(a for a in axes() if a in used), *sorted(used - set(axes())))

    @property
    def programmes(self) -> Self:
        """The strategies for the brand as a whole, which no customer's plan holds."""
        return attrs.evolve(self, rows=[row for row in self.rows if row.level == "brand"])

    def extend(self, other: "Strategies", *, replace: bool = False) -> Self:
        """Return this table with the rows of another added.

        Args:
            other: The rows to add.
            replace: Let a row of `other` take the place of the row with the same id.

        Raises:
            TableError: An id stands in both (and `replace` is False), or the rows contradict.
            SpecError: `other` is no table.
        """
        if not isinstance(other, Strategies):
            raise SpecError(
                f"extend needs a StrategyTable, not a {type(other).__name__}.",
                hint='StrategyTable.from_csv("mine.csv") or StrategyTable(rows=[...]) makes one.',
            )
        new = set(other.ids) if replace else set()
        return attrs.evolve(self, rows=(*(row for row in self.rows if row.id not in new), *other))

    def without(self, ids: Collection[str]) -> Self:
        """Return this table less the strategies with these ids.

        Raises:
            SpecError: An id is not in the table.
        """
        wanted = several(ids)
        if not all(isinstance(i, str) for i in wanted):
            raise SpecError("without takes ids, which are texts.", hint='without(["inc_flash"]).')
        gone = set(wanted)
        absent = sorted(gone - set(self.ids))
        if absent:
            near = "".join(checks.did_you_mean(i, self.ids) for i in absent[:1])
            raise SpecError(
                f"The table has no strategies {', '.join(absent[:5])}{near}.",
                hint="the column strategy_id names those there are.",
            )
        return attrs.evolve(self, rows=[row for row in self.rows if row.id not in gone])

    def validate(self, labels: checks.Vocabulary | None = None) -> None:
        """Refuse a table that does not fit the labels: call it before a plan goes out.

        Beyond the checks of every table: each row's axis and segment can occur, and each label of
        an axis in use has a strategy (not ``not_evaluable``, which never needs one).

        Args:
            labels: axis -> all its labels. Given, it must name every axis of the table. By default
                the built-in lists are used and other axes may hold anything.

        Raises:
            TableError: With every problem found.
        """
        known = checks.vocabulary(labels)
        found = [*checks.structure(self.rows), *checks.unknown_labels(self.rows, known)]
        if labels is None:
            found.extend(checks.misspelt_axes(self.rows, {*axes(), *known}))
        else:
            customers = [row for row in self.rows if row.level == "customer"]
            found.extend(checks.unknown_axes(customers, labels))
        gaps = checks.uncovered(self.rows, known)
        found.extend(f"{axis} = {label} has no strategy" for axis, label in gaps)
        checks.refuse(found)


def check_lang(lang: str) -> None:
    """Refuse what is no language of a table."""
    if not isinstance(lang, str) or lang not in ("en", "zh"):
        raise SpecError(
            'lang must be "en" or "zh".', hint="lang='en' is English, lang='zh' Chinese."
        )
