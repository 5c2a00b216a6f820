"""The words strategies speak of: axes, their labels in English and Chinese, kinds of incentive.

The lists are data files of the package (``data/axes.csv``, ``labels.csv``, ``incentives.csv``). An
axis is the name of a label column; a user's table may name any further axis.
"""

import csv
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import attrs

EVERY = "all"
"""As an axis: every customer. As a segment: every customer who has a label on the axis."""


@attrs.frozen(kw_only=True)
class Axis:
    """One axis: a label column, its names, and whether its list of labels is closed."""

    axis: str
    name_en: str
    term_zh: str
    closed: bool


@attrs.frozen(kw_only=True)
class Label:
    """One label of an axis.

    `stop` above 0 says that a customer with this label gets only strategies of labels with an equal
    or higher stop: 1 = has left (win-back only), 2 = cannot return (no outreach at all).
    `implies` is another (axis, label) whose strategies this label earns too, `flag` the boolean
    column that says the same of customers whose column shows another label. A `quiet` label needs
    no strategy: that nothing is known, or nothing is wrong, is no reason to write to anybody.
    """

    axis: str
    label: str
    name_en: str
    term_zh: str
    stop: int = 0
    implies: tuple[str, str] | None = None
    flag: str | None = None
    quiet: bool = False


def data_text(name: str) -> str:
    """Return the text of one of the package's own data files."""
    return files("layerwise.strategy").joinpath("data", name).read_text(encoding="utf-8")


def _read(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(data_text(name).splitlines()))


@cache
def axes() -> Mapping[str, Axis]:
    """Return the built-in axes by name, in the order in which a plan looks at them."""
    rows = _read("axes.csv")
    return MappingProxyType(
        {r["axis"]: Axis(**{**r, "closed": r["closed"] == "yes"}) for r in rows}  # type: ignore[arg-type]
    )


@cache
def labels() -> Mapping[tuple[str, str], Label]:
    """Return the built-in labels by (axis, label)."""
    return MappingProxyType({(r["axis"], r["label"]): _label(r) for r in _read("labels.csv")})


def _label(row: dict[str, str]) -> Label:
    axis, _, label = row["implies"].partition("=")
    return Label(
        axis=row["axis"],
        label=row["label"],
        name_en=row["name_en"],
        term_zh=row["term_zh"],
        stop=int(row["stop"] or 0),
        implies=(axis, label) if label else None,
        flag=row["flag"] or None,
        quiet=row["quiet"] == "yes",
    )


@cache
def closed_labels() -> Mapping[str, tuple[str, ...]]:
    """Return, for each built-in axis with a closed list, its labels in order.

    >>> closed_labels()["value"]
    ('low', 'mid', 'high')
    """
    closed = [name for name, axis in axes().items() if axis.closed]
    return MappingProxyType({a: tuple(lab for ax, lab in labels() if ax == a) for a in closed})


@cache
def incentives() -> Mapping[str, bool]:
    """Return each known kind of incentive and whether it lowers a price.

    >>> incentives()["coupon"], incentives()["points"]
    (True, False)
    """
    rows = _read("incentives.csv")
    return MappingProxyType({r["incentive"]: r["price"] == "yes" for r in rows})


def is_price_incentive(incentive: str) -> bool:
    """Return whether a kind of incentive lowers a price; an unknown kind counts as one."""
    return incentives().get(incentive, True)


def is_quiet(axis: str, label: str) -> bool:
    """Return whether a label needs no strategy.

    >>> is_quiet("churn_type", "not_churned")
    True
    """
    known = labels().get((axis, label))
    return known is not None and known.quiet


def implied_axes(have: Collection[str]) -> set[str]:
    """Return axes without rows of their own whose labels earn rows of these axes."""
    return {axis for (axis, _), x in labels().items() if x.implies and x.implies[0] in have}


def reason(axis: str, label: str, lang: str, term: str = "") -> str:
    """Return why a strategy was matched, in the words of the reader.

    `term` is the Chinese name of a label that stands in no built-in list.

    >>> reason("tier", "high_value", "en")
    'tier = high_value'
    """
    if lang != "zh":
        return f"{axis} = {label}"
    known_axis, known = axes().get(axis), labels().get((axis, label))
    name = known.term_zh if known else term or label
    return f"{known_axis.term_zh if known_axis else axis} = {name}"
