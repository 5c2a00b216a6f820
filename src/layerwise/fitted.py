"""What `fit` returns (rules and facts, no customer rows), and the specs that fit."""

import os
from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import attrs
import narwhals.stable.v2 as nw
import numpy as np

from layerwise import frames, saved
from layerwise.columns import CUSTOMER
from layerwise.engine import label_in_engine
from layerwise.errors import (
    EngineError,
    FitError,
    MissingExtraError,
    SpecError,
    problems,
)
from layerwise.explain import only, reasons
from layerwise.frames import Array, Column, Columns, Labels
from layerwise.histories import check_histories
from layerwise.lazy import count_by, counts_of, rows_by_counts, rows_if_few
from layerwise.rules import Rule
from layerwise.rules.base import as_mapping, as_tuple
from layerwise.unfitted import Unfitted
from layerwise.version import VERSION

FrameT = TypeVar("FrameT")


class Labeller:
    """Anything that holds rules can label customer tables, explain itself and be saved."""

    rules: tuple[Rule, ...]
    """The rules in order; later ones may read the outputs of earlier ones."""

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The columns that the customer table must have."""
        return tuple(self._needed_by())

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The columns that `transform` adds."""
        return tuple(dict.fromkeys(r.output for r in self.rules if not hidden(r.output)))

    def transform(self, customers: FrameT) -> FrameT:
        """Return the customer table with the label columns added, in the same kind of frame.

        Args:
            customers: One row per customer: pandas, Polars (eager, lazy), PyArrow, DuckDB, Spark,
                Dask, ibis.

        Returns:
            The same kind of frame, rows and index as given; the input is not changed. Lazy frames
            stay lazy; Polars keeps their order, databases have none. Columns of the same name are
            replaced. Missing values get the label that the rule names, `not_evaluable` as a rule.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: A needed column holds infinite numbers or impossible histories, such as
                negative days (eager frames; lazy ones take infinity as missing, and look only where
                expected orders are looked up by the history).
            EngineError: There are more distinct histories than should be taken into memory.

        Example:
            >>> import pandas as pd
            >>> from layerwise.layers.value import Value
            >>> customers = pd.DataFrame({
            ...     "customer_id": [1, 2, 3, 4, 5], "spend_365d": [10.0, 20.0, 30.0, 40.0, 500.0],
            ... })
            >>> fitted = Value().fit(customers)
            >>> fitted.transform(customers)["value"].tolist()
            ['low', 'low', 'low', 'mid', 'high']
        """
        frame = frames.wrap(customers)
        self._require(frame)
        if frames.is_lazy(frame):
            labelled: FrameT = label_in_engine(frame, self.rules, self.needs, self.outputs)
            return labelled
        given = frames.read(frame, self.needs)
        check_histories(given)
        columns = evaluate(self.rules, given)
        labelled = frames.attach(frame, ((name, columns.pop(name)) for name in self.outputs))
        return labelled

    def explain(
        self,
        customers: FrameT,
        *,
        ids: Iterable[Hashable] | Hashable | None = None,
        customer: str = CUSTOMER,
    ) -> FrameT:
        """Return why each customer got each label.

        Args:
            customers: The customer table, an eager frame.
            ids: Only these customers, one id or several; None means all (a million rows take a
                while). Ids that are not in the table are counted in a warning.
            customer: The column with the customers' ids.

        Returns:
            One row per customer and column that a rule gives, steps on the way included: the id,
            `layer` (the column), `label` (its value as text), `reason` (the condition that held,
            the numbers compared, or the formula).

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: A needed column holds infinite numbers or impossible histories.
            EngineError: The frame is lazy.
            SpecError: `ids` holds lists or the like.

        Example:
            >>> import pandas as pd
            >>> from layerwise.layers.value import Value
            >>> customers = pd.DataFrame({
            ...     "customer_id": [1, 2, 3, 4, 5], "spend_365d": [10.0, 20.0, 30.0, 40.0, 500.0],
            ... })
            >>> told = Value().fit(customers).explain(customers, ids=5)
            >>> told[["layer", "label", "reason"]].values.tolist()
            [['value', 'high', 'spend_365d = 500, above 40']]
        """
        frame = frames.eager(customers, doing="explain")
        self._require(frame, also={customer: "explain"})
        if ids is not None:
            frame = only(frame, customer, ids)
        given = frames.read(frame, self.needs)
        check_histories(given)
        columns = evaluate(self.rules, given)
        table = reasons(self.rules, columns, frame[customer].to_list(), customer)
        told: FrameT = nw.from_dict(table, backend=frame.implementation).to_native()
        return told

    def to_json(self) -> str:
        """Return the saved form as text; `layerwise.loads` reads it back to equality.

        Raises:
            SavedFileError: A class of your own is not decorated with `layerwise.spec.saved`.
        """
        return saved.dumps(self, version=VERSION)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the saved form (JSON) to a file, whole or not at all.

        Raises:
            SavedFileError: A class of your own is not decorated with `layerwise.spec.saved`.
            OSError: The file cannot be written.
            SavedFileError: The path is none.
        """
        saved.write_text(path, self.to_json())

    def to_sql(
        self,
        dialect: str = "duckdb",
        *,
        table: str = "customers",
        customer: str = CUSTOMER,
        schema: str | None = None,
    ) -> str:
        """Return one SELECT statement that labels a table inside a database.

        It gives the customers' ids, the columns that the layers need, and the labels.

        Args:
            dialect: Of those ibis knows: "duckdb" and "postgres" are run in the tests of layerwise;
                "snowflake", "bigquery", "databricks" (or "spark") and "clickhouse" are written and
                parsed there, not run.
            table: Name of the customer table in the database, without its schema.
            customer: Its column with the customers' ids.
            schema: Where the table is, as in `schema.table`; None leaves it to the connection.

        Raises:
            MissingExtraError: ibis is not installed.
            EngineError: A rule needs a lookup table (expected orders), which one SELECT has not.
            SpecError: The dialect is not known to ibis.

        Example:
            >>> import pandas as pd
            >>> from layerwise.layers.value import Value
            >>> customers = pd.DataFrame({
            ...     "customer_id": [1, 2, 3, 4, 5], "spend_365d": [10.0, 20.0, 30.0, 40.0, 500.0],
            ... })
            >>> fitted = Value(method="absolute", cuts=(20, 200)).fit(customers)
            >>> print(fitted.to_sql("postgres", table="shop"))
            SELECT
            ...
                WHEN ... <= 20.0
                THEN 'low'
            ...
              FROM "shop" ...
        """
        try:
            import ibis
        except ImportError:
            raise MissingExtraError(
                "to_sql needs ibis.", hint='pip install "layerwise[sql]"'
            ) from None
        source = ibis.table({customer: "string"} | self._sql_types(), name=table, database=schema)
        try:
            labelled: Any = self.transform(source)
        except ibis.common.exceptions.IbisError:
            raise EngineError(
                "A layer looks numbers up in a table (expected orders of a model), which one "
                "SELECT cannot hold.",
                hint="leave the model out of the layers, or label through ibis or any other frame.",
            ) from None
        try:
            return str(ibis.to_sql(labelled, dialect=_DIALECTS.get(dialect, dialect)))
        except (AttributeError, ValueError) as error:
            raise SpecError(
                f"ibis cannot write SQL for {dialect!r}: {error}.",
                hint="dialect names one that ibis knows, such as duckdb, postgres or bigquery.",
            ) from None

    def _sql_types(self) -> dict[str, str]:
        types = dict.fromkeys(self.needs, "float64")
        for rule in self.rules:
            types |= {name: "string" for name in rule.label_inputs if name in types}
            types |= {name: "boolean" for name in rule.truth_inputs if name in types}
        return types

    def _needed_by(self) -> dict[str, str]:
        return _unmet(self.rules, type(self).__name__)

    def _require(self, frame: Any, also: Mapping[str, str] | None = None) -> None:
        needed = self._needed_by() | dict(also or {})
        title = "The customer table lacks columns that these layers need."
        frames.require(frames.column_names(frame), needed, title=title)


_DIALECTS = {"spark": "databricks", "postgresql": "postgres"}
"""Dialects under other names; Databricks runs Spark's SQL."""


class Part(Labeller):
    """A fitted layer or model that can stand among others under a name."""

    spec: Any
    name: str
    facts: Mapping[str, Any]


@saved.saved
@attrs.frozen(kw_only=True, slots=False)
class Fitted(Part):
    """One fitted layer.

    Args:
        spec: The choices it was fitted with.
        name: Its name, which is its output column.
        rules: What it learned.
        facts: What to know about the fit: customers, sizes of the labels and more.

    Example:
        >>> import pandas as pd
        >>> from layerwise.layers.value import Value
        >>> customers = pd.DataFrame({"spend_365d": [10.0, 20.0, 30.0, 40.0, 500.0]})
        >>> fitted = Value().fit(customers)
        >>> fitted.name, fitted.needs, fitted.outputs, fitted.facts["edges"]
        ('value', ('spend_365d',), ('value',), (30.0, 40.0))
        >>> fitted.facts["sizes"]["value"]
        {'not_evaluable': 0, 'low': 3, 'mid': 1, 'high': 1}
    """

    spec: "Spec"
    name: str
    rules: tuple[Rule, ...] = attrs.field(converter=as_tuple, repr=False)
    facts: Mapping[str, Any] = attrs.field(factory=dict, converter=as_mapping)

    def _needed_by(self) -> dict[str, str]:
        return _unmet(self.rules, f"{self.name} ({type(self.spec).__name__})")


@attrs.frozen(kw_only=True)
class Spec(Unfitted):
    """The choices of one layer. A new one gives `default_name`, `needs` and `learn`.

    Example:
        >>> from layerwise.rules import Cut
        >>> from layerwise.spec import quantile_edges
        >>> @saved.saved
        ... @attrs.frozen(kw_only=True)
        ... class Size(Spec):
        ...     default_name: ClassVar[str] = "size"
        ...     cut: float = 0.5
        ...     def needs(self, name):
        ...         return ("spend",)
        ...     def learn(self, columns, name):
        ...         edges = quantile_edges(columns["spend"], (self.cut,))
        ...         rule = Cut(output=name, column="spend", edges=edges, labels=("small", "big"))
        ...         return Fitted(spec=self, name=name, rules=(rule,))
        >>> import pandas as pd
        >>> customers = pd.DataFrame({"spend": [5.0, 7.0, 90.0]})
        >>> Size().fit(customers).transform(customers)["size"].tolist()
        ['small', 'small', 'big']
    """

    default_name: ClassVar[str] = ""

    apart: ClassVar[bool] = False
    """Whether `learn` looks at one column at a time, so that an engine may count each by itself."""

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the columns that learning reads; `name` is the name of the layer."""
        raise NotImplementedError

    def gives(self, name: str) -> tuple[str, ...]:
        """Return the columns that the fitted layer adds."""
        return (name,)

    def learn(self, columns: Columns, name: str) -> Part:
        """Learn from arrays of equal length; the output column is called `name`."""
        raise NotImplementedError

    def __attrs_post_init__(self) -> None:
        self.check_types()

    def check_types(self) -> None:
        """Refuse what a saved file could not hold: another type than the field's, NaN, infinity.

        Called when a spec is built, so that all that can be fitted can be saved and loaded. A
        subclass with checks of its own begins them with ``super().__attrs_post_init__()``.

        Raises:
            SpecError: With all such choices.
        """
        for field in attrs.fields(type(self)):  # numpy's numbers as Python's, which never overflow
            if isinstance(value := getattr(self, field.name), np.generic):
                object.__setattr__(self, field.name, value.item())
        wrong = saved.misfits(self)
        if wrong:
            own = type(self).__name__
            lines = [f"{n}={getattr(self, n)!r:.60} is not {what}" for n, what in wrong.items()]
            raise SpecError(
                problems(f"{own} cannot use these choices:", lines),
                hint=f"help({own}) says what each choice means.",
            )

    def fit(self, customers: object) -> Part:
        """Learn cuts and numbers from a customer table; they stay as they are from then on.

        Args:
            customers: One row per customer (see `layerwise.summarize`), any frame; a lazy one
                counts equal rows of the needed columns, and the counts are collected.

        Returns:
            The frozen result; it holds rules and facts, no customer rows.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: A needed column holds infinite numbers or impossible histories.
            FitError: The table is empty, or nothing can be learned from it.
        """
        frame = _required(self, self.default_name, customers)
        if frames.is_lazy(frame):
            return learn_in_engine(self, frame, self.default_name)
        columns = _checked(frames.read(frame, self.needs(self.default_name)))
        return learn_one(self, columns, self.default_name)[0]


def read_for(spec: Spec, name: str, customers: object) -> Columns:
    """Return the columns that a spec learns from, of a table with at least one customer."""
    frame = _required(spec, name, customers)
    read = rows_by_counts if frames.is_lazy(frame) else frames.read
    return _checked(read(frame, spec.needs(name)))


def _required(spec: Spec, name: str, customers: object) -> Any:
    frame = frames.wrap(customers)
    needed = dict.fromkeys(spec.needs(name), f"{name} ({type(spec).__name__})")
    title = f"{type(spec).__name__} needs columns that the customer table does not have."
    frames.require(frames.column_names(frame), needed, title=title)
    return frame


def _checked(columns: Columns) -> Columns:
    check_histories(columns)
    if columns and not len(next(iter(columns.values()))):
        raise FitError("The customer table is empty.", hint="check the dates and as_of.")
    return columns


def learn_in_engine(spec: Spec, frame: Any, name: str) -> Part:
    """Return the fitted layer of a wrapped lazy frame, which counts equal rows.

    Where a layer looks at its columns apart and there are too many different rows, each column is
    counted by itself, and then the labels.

    Raises:
        EngineError: There are more different rows than should be taken into memory.
    """
    needed = spec.needs(name)
    columns = rows_if_few(frame, needed) if spec.apart else rows_by_counts(frame, needed)
    if columns is not None:
        return learn_one(spec, _checked(columns), name)[0]
    columns = {n: _checked(rows_by_counts(frame, [n]))[n] for n in needed}
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
        labels = _said(frames.read(found, [name])[name])
        for label, n in zip(labels, counts_of(found).tolist(), strict=True):
            known[label] = known.get(label, 0) + n
    return sizes


def _said(column: Column) -> list[str]:
    """Return labels and scores as they are named."""
    values = column.objects().tolist() if isinstance(column, Labels) else column.tolist()
    known = [None if v is None or v != v else v if isinstance(v, str) else int(v) for v in values]
    return ["missing" if v is None else str(v) for v in known]


def learn_one(spec: Spec, columns: Columns, name: str) -> tuple[Part, dict[str, Column]]:
    """Return the fitted layer, with label sizes as facts, and the columns with its outputs."""
    fitted = spec.learn(columns, name)
    after = evaluate(fitted.rules, columns)
    found = {rule.output: after[rule.output] for rule in fitted.rules}
    sizes = {n: sizes_of(c) for n, c in found.items() if isinstance(c, Labels) and not hidden(n)}
    customers = len(next(iter(columns.values())))
    facts = {"customers": customers, "sizes": sizes, **fitted.facts}
    with_sizes: Part = attrs.evolve(fitted, facts=facts)  # type: ignore[misc]
    return with_sizes, after


def evaluate(rules: Iterable[Rule], columns: Columns) -> dict[str, Column]:
    """Return the columns with the outputs of all rules added."""
    found = dict(columns)
    for rule in rules:
        found[rule.output] = rule.evaluate(found)
    return found


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


def hidden(output: str) -> bool:
    """Say whether an output is only a step on the way (its name starts with an underscore)."""
    return output.startswith("_")


def _unmet(rules: Iterable[Rule], owner: str) -> dict[str, str]:
    made: set[str] = set()
    needed: dict[str, str] = {}
    for rule in rules:
        needed |= {name: owner for name in rule.inputs if name not in made | needed.keys()}
        made.add(rule.output)
    return needed
