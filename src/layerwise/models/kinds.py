"""Fitted models whose parameters differ by kind of customer: with covariates, or by group."""

from collections.abc import Callable, Iterator
from functools import cached_property, wraps
from typing import Any, ClassVar, NoReturn, TypeVar, cast

import attrs
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise import arguments, frames, vectors
from layerwise.errors import DataError, SpecError
from layerwise.models._lookup import joined
from layerwise.models.histories import NEEDED, Histories, check, histories_of, read_histories
from layerwise.models.model import FittedModel, Quantity, output_columns
from layerwise.models.outlook import Outlook
from layerwise.rules.base import Rule
from layerwise.saved import saved
from layerwise.vectors import Columns

Array = NDArray[np.float64]
Answer = Callable[[FittedModel, object], NDArray[Any]]
"""(model, some of the customers) -> an answer a row."""

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def _each(method: MethodT, *, complete: bool = False) -> MethodT:
    """Return a method that asks the model of each customer's kind the same question."""

    @wraps(method)
    def asked(self: "ByKind", customers: object, *args: Any, **kwargs: Any) -> NDArray[Any]:
        def answer(model: FittedModel, part: object) -> NDArray[Any]:
            found: NDArray[Any] = getattr(model, method.__name__)(part, *args, **kwargs)
            return found

        return self.answers(*self.read(customers, complete=complete), answer)

    return cast("MethodT", asked)


@attrs.frozen(kw_only=True, slots=False)
class ByKind(Outlook):
    """A fitted model of several kinds of customers, each with parameters of its own.

    All predictions are those of the model of the customer's kind. A kind is a row of numbers (its
    key), read from `tells_apart`; a customer whose kind is not known gets missing predictions.
    """

    p_at_least = _each(Outlook.p_at_least)
    order_probabilities = _each(Outlook.order_probabilities)
    orders_interval = _each(Outlook.orders_interval, complete=True)
    expected_orders_interval = _each(Outlook.expected_orders_interval)
    discounted_orders = _each(Outlook.discounted_orders)
    p_alive_after = _each(Outlook.p_alive_after)
    days_until_p_alive_below = _each(Outlook.days_until_p_alive_below)

    by_numbers: ClassVar[bool] = True
    """Whether `tells_apart` must be numbers."""

    @property
    def tells_apart(self) -> tuple[str, ...]:
        """The columns of the customer table that tell kinds apart."""
        raise NotImplementedError

    def keys(self, columns: Columns) -> Array:
        """Return the key of each row, NaN where the kind is not known."""
        raise NotImplementedError

    def keyed(self, frame: Any) -> tuple[Any, tuple[str, ...]]:
        """Return a lazy frame that has the keys as columns, and these columns."""
        raise NotImplementedError

    def model_of(self, key: Array) -> FittedModel:
        """Return the model of one kind."""
        raise NotImplementedError

    @cached_property
    def rules(self) -> tuple[Rule, ...]:  # type: ignore[override]
        """P(alive), P(no purchase) and expected orders as rules that label any table."""
        h = self.spec.horizon_days
        return tuple(
            KindRule(output=output, fitted=self, quantity=quantity, horizon_days=h)
            for quantity, output in output_columns(h).items()
        )

    @property
    def process(self) -> NoReturn:
        """None: each kind has its own.

        Raises:
            SpecError: Always.
        """
        raise self._several()

    def to_lifetimes(self) -> NoReturn:
        """Refuse: lifetimes has no such model, but one for each kind.

        Raises:
            SpecError: Always.
        """
        raise self._several()

    def p_alive(self, customers: object) -> Array:
        """Return P(alive) at the date of the table, one number a row (see `FittedModel.p_alive`).

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
        """
        return self.answers(*self.read(customers), lambda model, part: model.p_alive(part))

    def p_no_purchase(self, customers: object, horizon_days: float | None = None) -> Array:
        """Return P(no order in the next `horizon_days` days), the churn probability.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The horizon is not a number of days.
        """
        h = self._days(horizon_days)
        rows, keys = self.read(customers)
        return self.answers(rows, keys, lambda model, part: model.p_no_purchase(part, h))

    def expected_orders(self, customers: object, horizon_days: float | None = None) -> Array:
        """Return the orders expected in the next `horizon_days` days, given each history.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The horizon is not a number of days.
        """
        h = self._days(horizon_days)
        rows, keys = self.read(customers)
        return self.answers(rows, keys, lambda model, part: model.expected_orders(part, h))

    def cumulative_orders(self, customers: object, days_ahead: float = 0.0) -> float:
        """Return the repeat orders expected of all together (see `FittedModel`)."""
        parts = self.parts(*self.read(customers, complete=True))
        return float(sum(model.cumulative_orders(part, days_ahead) for model, part, _ in parts))

    def read(self, customers: object, *, complete: bool = False) -> tuple[Histories, Array]:
        """Return the histories and keys of a customer table in memory.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible, or `complete` and something is missing.
            EngineError: The table is lazy.
        """
        rows = read_histories(customers, allow_missing=not complete)
        keys = self.keys(self._telling(customers))
        if complete and (count := np.count_nonzero(~np.isfinite(keys).all(axis=1))):
            raise DataError(
                f"{', '.join(self.tells_apart)} missing: {count:,} of {len(rows):,} rows.",
                hint="leave these customers out.",
            )
        return rows, keys

    def kinds_of(self, customers: object) -> tuple[list[FittedModel], NDArray[np.intp]]:
        """Return the models of the kinds in a table, and which one each row has.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: The kind of a row is not known.
        """
        keys = self.keys(self._telling(customers))
        if not np.isfinite(keys).all():
            raise DataError(
                f"{', '.join(self.tells_apart)} must be known of every customer.",
                hint="leave customers without them out.",
            )
        kinds, kind = distinct_keys(keys)
        return [self.model_of(key) for key in kinds], kind

    def answers(
        self,
        rows: Histories,
        keys: Array,
        answer: Answer,
    ) -> NDArray[Any]:
        """Return one answer a row, given by the model of its kind."""
        found, places = [], []
        for model, part, where in self.parts(rows, keys):
            found.append(answer(model, part))
            places.append(where)
        values = np.concatenate(found)
        out = np.empty_like(values)
        out[np.concatenate(places)] = values
        return out

    def parts(
        self, rows: Histories, keys: Array
    ) -> Iterator[tuple[FittedModel, pd.DataFrame, NDArray[np.intp]]]:
        """Yield the model of each kind with the histories and the places of its rows."""
        known = np.asarray(np.isfinite(keys).all(axis=1))
        columns = [rows.x, rows.t_x, rows.T]
        if not known.all():  # without a history, so that every model's answer is missing
            columns = [np.where(known, column, np.nan) for column in columns]
        rows = Histories(*columns)
        kinds, kind = distinct_keys(np.where(known[:, None], keys, 0.0))
        order = np.argsort(kind, kind="stable")
        ends = np.cumsum(np.bincount(kind, minlength=len(kinds)))
        for key, where in zip(kinds, np.split(order, ends[:-1]), strict=True):
            yield self.model_of(key), table_of(rows, where), where

    def _telling(self, customers: object) -> Columns:
        frame = frames.eager(customers, doing="a prediction")
        needed = dict.fromkeys(self.tells_apart, type(self).__name__)
        title = "The customer table lacks the columns that tell its kinds apart."
        arguments.require(frames.column_names(frame), needed, title=title)
        return vectors.read(frame, self.tells_apart)

    def _several(self) -> SpecError:
        return SpecError(
            f"{type(self).__name__} is not one model, but one for each kind of customer.",
            hint="take one: fitted.at(web=1) of covariates, fitted.groups['web'] of groups.",
        )


@saved
@attrs.frozen(kw_only=True)
class KindRule(Rule):
    """One quantity of a model of several kinds as a column.

    Args:
        output: Name of the column.
        fitted: The fitted model.
        quantity: "p_alive", "p_no_purchase" or "expected_orders".
        horizon_days: Days ahead (not used by "p_alive").
    """

    fitted: ByKind
    quantity: Quantity
    horizon_days: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """The three columns of a history, and what tells kinds apart."""
        return tuple(dict.fromkeys((*NEEDED, *self.fitted.tells_apart)))

    @property
    def number_inputs(self) -> tuple[str, ...]:
        """Groups may be named by text."""
        return self.inputs if self.fitted.by_numbers else NEEDED

    def evaluate(self, columns: Columns) -> Array:
        """Return the quantity, NaN for missing histories and unknown kinds.

        Raises:
            DataError: Histories are impossible.
        """
        rows = histories_of(columns)
        check(rows, allow_missing=True)
        return self._values(rows, self.fitted.keys(columns))

    def add_to(self, frame: Any) -> Any:
        """Add the column by a lookup of the history and the kind.

        Raises:
            EngineError: A lookup table cannot be brought to this engine.
        """
        keyed, kinds = self.fitted.keyed(frame)
        names = tuple(dict.fromkeys((*NEEDED, *kinds)))

        def looked_up(*arrays: Array) -> Array:
            found = dict(zip(names, arrays, strict=True))
            rows = Histories(*(found[name] for name in NEEDED))
            return self._values(rows, np.stack([found[name] for name in kinds], axis=1))

        kept = [name for name in frames.column_names(frame) if name != self.output]
        return joined(keyed, names, looked_up, self.output, None).select(*kept, self.output)

    def _values(self, rows: Histories, keys: Array) -> Array:
        h = () if self.quantity == "p_alive" else (self.horizon_days,)
        values: Array = self.fitted.answers(
            rows, keys, lambda model, part: getattr(model, self.quantity)(part, *h)
        )
        return values


def table_of(rows: Histories, where: NDArray[np.intp]) -> pd.DataFrame:
    """Return some histories as a customer table."""
    columns = (rows.x[where], rows.t_x[where], rows.T[where])
    return pd.DataFrame(dict(zip(NEEDED, columns, strict=True)))


def distinct_keys(keys: Array) -> tuple[Array, NDArray[np.intp]]:
    """Return the distinct keys, one of zeros if there is no row, and which one each row has."""
    if not len(keys):
        return np.zeros((1, keys.shape[1])), np.zeros(0, dtype=np.intp)
    kind = np.zeros(len(keys), dtype=np.intp)
    for column in keys.T:  # far faster than np.unique of rows
        values, code = np.unique(column, return_inverse=True)
        kind = np.unique(kind * len(values) + code, return_inverse=True)[1]
    one = np.zeros(int(kind.max()) + 1, dtype=np.intp)
    one[kind] = np.arange(len(keys))
    return keys[one], kind
