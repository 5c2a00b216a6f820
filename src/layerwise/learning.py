"""How a spec learns from a customer table: in memory, or from counts that an engine makes."""

from typing import Any, ClassVar, Protocol

import attrs
import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.errors import FitError
from layerwise.histories import check_histories
from layerwise.labeller import Part, evaluate, hidden
from layerwise.lazy import count_by, counts_of, rows_by_counts, rows_if_few
from layerwise.vectors import Array, Column, Columns, Labels


class Learner(Protocol):
    """A spec, as far as learning goes; see `layerwise.fitted.Spec`."""

    apart: ClassVar[bool]

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the columns that learning reads."""

    def learn(self, columns: Columns, name: str) -> Part:
        """Learn from arrays of equal length."""


def read_for(spec: Learner, name: str, customers: object) -> Columns:
    """Return the columns that a spec learns from, of a table with at least one customer."""
    frame = required(spec, name, customers)
    read = rows_by_counts if frames.is_lazy(frame) else vectors.read
    return checked(read(frame, spec.needs(name)))


def required(spec: Learner, name: str, customers: object) -> Any:
    """Return the wrapped customer table, which has the columns that a spec learns from."""
    frame = frames.wrap(customers)
    needed = dict.fromkeys(spec.needs(name), f"{name} ({type(spec).__name__})")
    title = f"{type(spec).__name__} needs columns that the customer table does not have."
    arguments.require(frames.column_names(frame), needed, title=title)
    return frame


def checked(columns: Columns) -> Columns:
    """Return columns of possible histories and of at least one customer."""
    check_histories(columns)
    if columns and not len(next(iter(columns.values()))):
        raise FitError("The customer table is empty.", hint="check the dates and as_of.")
    return columns


def learn_in_engine(spec: Learner, frame: Any, name: str) -> Part:
    """Return the fitted layer of a wrapped lazy frame, which counts equal rows.

    Where a layer looks at its columns apart and there are too many different rows, each column is
    counted by itself, and then the labels.

    Raises:
        EngineError: There are more different rows than should be taken into memory.
    """
    needed = spec.needs(name)
    columns = rows_if_few(frame, needed) if spec.apart else rows_by_counts(frame, needed)
    if columns is not None:
        return learn_one(spec, checked(columns), name)[0]
    columns = {n: checked(rows_by_counts(frame, [n]))[n] for n in needed}
    fitted = spec.learn(columns, name)
    facts = {"customers": len(columns[needed[0]]), "sizes": _counted_sizes(fitted, frame, columns)}
    with_sizes: Part = attrs.evolve(fitted, facts={**facts, **fitted.facts})  # type: ignore[misc]
    return with_sizes


def _counted_sizes(fitted: Part, frame: Any, columns: Columns) -> dict[str, dict[str, int]]:
    """Return how many rows have each label, counted by the engine that gives the labels."""
    none = {n: attrs.evolve(c, codes=c.codes[:0]) if isinstance(c, Labels) else c[:0]
            for n, c in columns.items()}  # fmt: skip
    made = evaluate(fitted.rules, none)
    sizes = {n: sizes_of(c) for n in fitted.outputs if isinstance(c := made[n], Labels)}
    labelled = frames.wrap(fitted.transform(frame.to_native()))
    found = count_by(labelled, sizes)
    for name, known in sizes.items():
        labels = _said(vectors.read(found, [name])[name])
        for label, n in zip(labels, counts_of(found).tolist(), strict=True):
            known[label] = known.get(label, 0) + n
    return sizes


def _said(column: Column) -> list[str]:
    """Return labels and scores as they are named."""
    values = column.objects().tolist() if isinstance(column, Labels) else column.tolist()
    known = [None if v is None or v != v else v if isinstance(v, str) else int(v) for v in values]
    return ["missing" if v is None else str(v) for v in known]


def learn_one(spec: Learner, columns: Columns, name: str) -> tuple[Part, dict[str, Column]]:
    """Return the fitted layer, with label sizes as facts, and the columns with its outputs."""
    fitted = spec.learn(columns, name)
    after = evaluate(fitted.rules, columns)
    found = {rule.output: after[rule.output] for rule in fitted.rules}
    sizes = {n: sizes_of(c) for n, c in found.items() if isinstance(c, Labels) and not hidden(n)}
    customers = len(next(iter(columns.values())))
    facts = {"customers": customers, "sizes": sizes, **fitted.facts}
    with_sizes: Part = attrs.evolve(fitted, facts=facts)  # type: ignore[misc]
    return with_sizes, after


def sizes_of(column: Labels) -> dict[str, int]:
    """Return how many rows have each label."""
    counts = _counts(column.codes, len(column.names))
    missing = len(column) - sum(counts)
    sizes = {str(name): n for name, n in zip(column.names, counts, strict=True)}
    return sizes | ({"missing": missing} if missing else {})


def _counts(codes: Array, labels: int) -> list[int]:
    """Return how often each code occurs; few small codes are compared, which no cast precedes."""
    if codes.dtype.itemsize == 1 and labels <= _FEW:
        return [int(np.count_nonzero(codes == code)) for code in range(labels)]
    return [int(n) for n in np.bincount(codes[codes >= 0], minlength=labels)]


_FEW = 16
"""Labels up to which a comparison for each is faster than one count of all."""
