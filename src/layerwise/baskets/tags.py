"""Need tags: what an item is for, in the shop's own words."""

from collections.abc import Hashable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.errors import ColumnsError, DataError, SpecError, problems
from layerwise.orders.table import column
from layerwise.vectors import Array

UNTAGGED, STAPLE, CUSTOM = -1, 0, 1
SPECIAL = "special:"
_SHOWN = 10


@attrs.frozen(eq=False)
class Tags:
    """Items and their tags as codes: -1 none, 0 staple, 1 custom, then the special kinds."""

    table: Mapping[Any, int]
    kinds: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many codes from 0 up there are."""
        return CUSTOM + 1 + len(self.kinds)

    def of(self, items: Iterable[Any]) -> Array:
        """Return the code of each item, and a last one for a missing item (index -1).

        Raises:
            DataError: None of the items has a tag.
        """
        codes = np.array([*(self.table.get(item, UNTAGGED) for item in items), UNTAGGED])
        if (codes == UNTAGGED).all():
            raise DataError(
                f"None of the {len(self.table):,} tagged items stands in the order log.",
                hint="both must be of one type and spelling (7 is not '7'); check item=.",
            )
        return codes


def read_tags(tags: Any, name: str) -> Tags:
    """Return the tags of a mapping or of a table with an item and a `tag` column.

    Args:
        tags: Item -> tag, or a table whose item column is called `name` or `item`.
        name: The column of the orders that holds the items.

    Raises:
        ColumnsError: The table lacks a column.
        DataError: Items are lists or the like.
        SpecError: A tag is unknown, an item has two tags, or no item has one.
    """
    pairs = list(tags.items()) if isinstance(tags, Mapping) else _rows(tags, name)
    unhashable = sum(not isinstance(item, Hashable) for item, _ in pairs)
    if unhashable:
        raise DataError(
            f"The table of tags has {unhashable:,} items that are lists or the like.",
            hint="items are text or whole numbers.",
        )
    pairs = [(item, tag) for item, tag in pairs if not (_missing(item) or _missing(tag))]
    if not pairs:
        raise SpecError("The table of tags is empty.", hint='tags={"bread": "staple", ...}.')
    chosen = dict(pairs)
    found = sorted({_text(tag) for _, tag in pairs})
    kinds = tuple(tag.removeprefix(SPECIAL) for tag in found if _is_special(tag))
    unknown = [tag for tag in found if tag not in ("staple", "custom") and not _is_special(tag)]
    lines = [f"{tag!r:.60} is not a tag{_meant(tag)}" for tag in unknown[:_SHOWN]]
    if len(unknown) > _SHOWN:
        lines.append(f"and {len(unknown) - _SHOWN} more")
    if twice := sum(chosen[item] != tag for item, tag in pairs):
        lines.append(f"{twice:,} items have two different tags")
    if lines:
        raise SpecError(
            problems("The tags of items cannot be used:", lines),
            hint='tags are "staple", "special:<kind>" and "custom".',
        )
    codes = {"staple": STAPLE, "custom": CUSTOM}
    codes |= {SPECIAL + kind: i for i, kind in enumerate(kinds, start=CUSTOM + 1)}
    return Tags({item: codes[tag] for item, tag in chosen.items()}, kinds)


def _rows(tags: Any, name: str) -> list[tuple[Any, Any]]:
    frame = frames.wrap(tags, what="the table of tags")
    frame = frames.collect(frame, names := frames.column_names(frame))
    items = next((n for n in (name, "item") if n in names), None)
    if items is None or "tag" not in names:
        raise ColumnsError(
            f"The table of tags needs the columns {name} (or item) and tag.\n"
            f"Found: {', '.join(names[:30]) or 'no columns'}.",
            hint="rename its columns.",
        )
    native = frame.to_native()
    return list(zip(column(native, items).tolist(), column(native, "tag").tolist(), strict=True))


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value != value


def _text(tag: Any) -> str:
    return tag if isinstance(tag, str) else repr(tag)


def _is_special(tag: str) -> bool:
    kind = tag.removeprefix(SPECIAL)
    return kind != tag and bool(kind) and kind == kind.strip()


def _meant(tag: str) -> str:
    """Return what a misspelt tag probably was."""
    head, colon, kind = tag.strip().partition(":")
    words = ["staple", "custom", "special"]
    near = get_close_matches(head.strip().lower(), words, n=1, cutoff=0.6)
    if not near:
        return ""
    word = near[0]
    if word == "special":
        word = SPECIAL + (kind.strip() or "<kind>")
    elif colon:
        return ""
    return f"; did you mean {word!r}?"
