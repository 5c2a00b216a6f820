"""What every fitted thing can do with its rules: label, explain itself, be saved, become SQL."""

import os
from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import narwhals.stable.v2 as nw

from layerwise import arguments, frames, saved, vectors
from layerwise.columns import CUSTOMER
from layerwise.engine import label_in_engine
from layerwise.errors import EngineError, MissingExtraError, SpecError
from layerwise.explain import only, reasons
from layerwise.histories import check_histories
from layerwise.rules import Rule
from layerwise.vectors import Column, Columns
from layerwise.version import VERSION
from layerwise.writing import write_text

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
        given = vectors.read(frame, self.needs)
        check_histories(given)
        columns = evaluate(self.rules, given)
        labelled = vectors.attach(frame, ((name, columns.pop(name)) for name in self.outputs))
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
        given = vectors.read(frame, self.needs)
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
            SavedFileError: A class of your own is not decorated with `layerwise.spec.saved`, or
                `path` is no path or names no file.
            FileNotFoundError: The folder does not exist; none is made.
            OSError: The file cannot be written.
        """
        write_text(path, self.to_json())

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
        return unmet(self.rules, type(self).__name__)

    def _require(self, frame: Any, also: Mapping[str, str] | None = None) -> None:
        needed = self._needed_by() | dict(also or {})
        title = "The customer table lacks columns that these layers need."
        arguments.require(frames.column_names(frame), needed, title=title)


_DIALECTS = {"spark": "databricks", "postgresql": "postgres"}
"""Dialects under other names; Databricks runs Spark's SQL."""


class Part(Labeller):
    """A fitted layer or model that can stand among others under a name."""

    spec: Any
    name: str
    facts: Mapping[str, Any]


def evaluate(rules: Iterable[Rule], columns: Columns) -> dict[str, Column]:
    """Return the columns with the outputs of all rules added."""
    found = dict(columns)
    for rule in rules:
        found[rule.output] = rule.evaluate(found)
    return found


def hidden(output: str) -> bool:
    """Say whether an output is only a step on the way (its name starts with an underscore)."""
    return output.startswith("_")


def unmet(rules: Iterable[Rule], owner: str) -> dict[str, str]:
    """Return the columns that rules read and none of them made before; each maps to `owner`."""
    made: set[str] = set()
    needed: dict[str, str] = {}
    for rule in rules:
        needed |= {name: owner for name in rule.inputs if name not in made | needed.keys()}
        made.add(rule.output)
    return needed
