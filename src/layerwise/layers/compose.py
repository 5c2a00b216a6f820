"""Several layers fitted in order, each under a name of your own."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cached_property
from keyword import iskeyword
from re import fullmatch
from typing import Any

import attrs

from layerwise import arguments, frames, vectors
from layerwise.columns import BASKET_MEANING, HOLDOUT_MEANING, MEANING
from layerwise.errors import FitError, SpecError, problems
from layerwise.expressions.grammar import FUNCTIONS
from layerwise.fitted import Spec
from layerwise.histories import check_histories
from layerwise.labeller import Labeller, Part, hidden
from layerwise.lazy import rows_if_few
from layerwise.learning import learn_in_engine, learn_one
from layerwise.rules import Rule
from layerwise.rules.base import as_tuple
from layerwise.saved import saved
from layerwise.unfitted import Unfitted

_TAKEN = {**MEANING, **BASKET_MEANING, **HOLDOUT_MEANING}
"""Columns that labels would replace."""


class Layers(Unfitted):
    """An ordered set of layers; each may read the customer table and the layers before it.

    Args:
        layers: name=spec; the names are the output columns.

    Raises:
        SpecError: No layer, a name that formulas cannot read, the name of a column of the customer
            table, a layer that reads what only a later one gives, two that give the same column, or
            a name that is also a column one of them reads.

    Example:
        >>> import pandas as pd
        >>> from layerwise.layers.rfm import RFM
        >>> from layerwise.layers.value import Value
        >>> customers = pd.DataFrame({
        ...     "days_since_last": [3, 20, 60, 150, 300],
        ...     "orders_365d": [12, 6, 4, 2, 1],
        ...     "spend_365d": [900.0, 300.0, 250.0, 80.0, 20.0],
        ... })
        >>> fitted = Layers(worth=Value(), rfm=RFM()).fit(customers)
        >>> fitted.transform(customers)[["worth", "rfm"]].values.tolist()[0]
        ['high', 'champions']
        >>> fitted.sizes["worth"]
        {'not_evaluable': 0, 'low': 3, 'mid': 1, 'high': 1}
    """

    def __init__(self, *unnamed: object, **layers: Spec) -> None:
        self._layers = dict(layers)
        _check_specs(self._layers, unnamed)
        _check_order(self._layers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __getitem__(self, name: str) -> Spec:
        """Return the spec of one layer."""
        if not isinstance(name, str) or name not in self._layers:
            raise _no_layer(name, self._layers)
        return self._layers[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layers) and list(self._layers.items()) == list(
            other._layers.items()
        )

    def __hash__(self) -> int:
        return hash(tuple(self._layers.items()))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={spec!r}" for name, spec in self._layers.items())
        return f"Layers({inside})"

    def fit(self, customers: object) -> "FittedLayers":
        """Fit every layer in order.

        Args:
            customers: One row per customer. A lazy frame counts equal rows of the needed columns;
                where different ones are too many, layer by layer.

        Raises:
            ColumnsError: All columns that the table lacks, with the layers that need them.
            DataError: A needed column holds infinite numbers or impossible histories.
            FitError: The table is empty, or a layer cannot be learned from it.
        """
        frame = frames.wrap(customers)
        needed = self._needs()
        title = "Layers needs columns the customer table does not have."
        arguments.require(frames.column_names(frame), needed, title=title)
        columns = (
            rows_if_few(frame, needed) if frames.is_lazy(frame) else vectors.read(frame, needed)
        )
        if columns is None:
            return FittedLayers(parts=tuple(self._one_by_one(frame)))
        check_histories(columns)
        if columns and not len(next(iter(columns.values()))):
            raise FitError("The customer table is empty.", hint="check the dates and as_of.")
        parts = []
        for name, spec in self._layers.items():
            part, columns = learn_one(spec, columns, name)
            parts.append(part)
        return FittedLayers(parts=tuple(parts))

    def _one_by_one(self, frame: Any) -> Iterator[Part]:
        """Yield each fitted layer, learned from its own columns; earlier ones label the frame."""
        for name, spec in self._layers.items():
            part = learn_in_engine(spec, frame, name)
            frame = frames.wrap(part.transform(frame.to_native()))
            yield part

    def _needs(self) -> dict[str, str]:
        made: set[str] = set()
        needed: dict[str, list[str]] = {}
        for name, spec in self._layers.items():
            for column in spec.needs(name):
                if column not in made:
                    needed.setdefault(column, []).append(f"{name} ({type(spec).__name__})")
            made |= set(spec.gives(name))
        return {column: ", ".join(owners) for column, owners in needed.items()}


@saved
@attrs.frozen(kw_only=True, slots=False, repr=False)
class FittedLayers(Labeller):
    """Fitted layers, in order.

    Args:
        parts: The fitted layers.
    """

    parts: tuple[Part, ...] = attrs.field(converter=as_tuple)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:  # type: ignore[override]
        """The rules of all layers in order."""
        return tuple(rule for part in self.parts for rule in part.rules)

    @property
    def spec(self) -> Layers:
        """The choices it was fitted with."""
        return Layers(**{part.name: part.spec for part in self.parts})

    @property
    def sizes(self) -> dict[str, dict[str, int]]:
        """How many customers each label had when the layers were fitted."""
        return {n: sizes for part in self.parts for n, sizes in part.facts["sizes"].items()}

    def __getitem__(self, name: str) -> Any:
        """Return one fitted layer."""
        for part in self.parts:
            if part.name == name:
                return part
        raise _no_layer(name, [part.name for part in self.parts])

    def __repr__(self) -> str:
        inside = ", ".join(f"{part.name}={part.spec!r}" for part in self.parts)
        return f"FittedLayers({inside})"

    def _needed_by(self) -> dict[str, str]:
        made: set[str] = set()
        needed: dict[str, str] = {}
        for part in self.parts:
            needed |= {
                n: who for n, who in part._needed_by().items() if n not in made | set(needed)
            }
            made |= {rule.output for rule in part.rules}
        return needed


def _giver(column: str, name: str, giver: str) -> str:
    if giver == name:
        return "which it would write itself"
    return "which comes after it" if giver == column else f"which {giver} gives after it"


def _check_specs(layers: dict[str, Spec], unnamed: tuple[object, ...]) -> None:
    odd = [name for name, spec in layers.items() if not isinstance(spec, Spec)]
    if not layers or odd or unnamed:
        found = ", ".join(
            [f"{name} is a {type(layers[name]).__name__}" for name in odd]
            + [f"a {type(layer).__name__} has no name" for layer in unnamed]
        )
        raise SpecError(
            f"Layers takes name=spec, at least one{'; ' + found if found else ''}.",
            hint="Layers(value=Value(), rfm=RFM()).",
        )
    unfit = [n for n in layers if not n.isidentifier() or iskeyword(n) or hidden(n)]
    if unfit:
        raise SpecError(
            f"Names of layers must be words that formulas can read: {', '.join(map(repr, unfit))}.",
            hint="letters, digits and _, not first a digit or _: value_90d=Value(window_days=90).",
        )
    _check_taken(layers)


def _check_taken(layers: Iterable[str]) -> None:
    lines = [f"{name} is a function of formulas" for name in layers if name in FUNCTIONS]
    lines += [f"{name} is a column of the customer table" for name in layers if _is_taken(name)]
    if lines:
        raise SpecError(
            problems("These names of layers are taken; labels would replace the columns:", lines),
            hint="choose other names, e.g. value=Value().",
        )


def _is_taken(name: str) -> bool:
    return name in _TAKEN or fullmatch(r"(orders|spend)_\d+d", name) is not None


def _check_order(layers: dict[str, Spec]) -> None:
    first: dict[str, int] = {}
    lines = []
    for i, (name, spec) in enumerate(layers.items()):
        for column in spec.gives(name):
            if column in first:
                lines.append(f"{column} is given by {list(layers)[first[column]]} and by {name}")
            first.setdefault(column, i)
    for i, (name, spec) in enumerate(layers.items()):
        late = [c for c in spec.needs(name) if first.get(c, -1) >= i]
        lines += [f"{name} reads {c}, {_giver(c, name, list(layers)[first[c]])}" for c in late]
    if lines:
        raise SpecError(
            "\n  ".join(["The layers do not fit together.", *lines]),
            hint="put a layer after those it reads, and give each column one name.",
        )


def _no_layer(name: object, names: Iterable[str]) -> SpecError:
    """Return the error for a name that no layer has."""
    known = list(names)
    near = get_close_matches(name, known, n=1, cutoff=0.6) if isinstance(name, str) else []
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    return SpecError(
        f"There is no layer {name!r:.60}{meant}.",
        hint=f"there are {', '.join(known) or 'none'}.",
    )
