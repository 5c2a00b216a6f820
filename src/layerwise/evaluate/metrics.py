"""What an experiment is judged by: a share, a mean, or a ratio of two sums."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import attrs
import numpy as np

from layerwise.arguments import check_named, is_several, several
from layerwise.errors import DataError, SpecError
from layerwise.rules.base import numbers
from layerwise.vectors import Column, Floats


def _is_name(_: object, field: "attrs.Attribute[str]", value: object) -> None:
    optional = field.default is None and value is None
    if not optional and (not isinstance(value, str) or not value):
        raise SpecError(f"{field.name} must name a column.", hint='for example Mean("spend").')


@attrs.frozen
class Share:
    """Share of customers for whom something is so.

    Args:
        column: Column of true and false, or 1 and 0; missing is not known.

    Raises:
        SpecError: It is no name.

    Example:
        >>> Share("bought").name
        'bought'
    """

    column: str = attrs.field(validator=_is_name)

    @property
    def name(self) -> str:
        """What the rows of the result are called."""
        return self.column


@attrs.frozen
class Mean:
    """Mean of a number over customers, such as spend, with zeros for those who did nothing.

    Args:
        column: Column of numbers.
        covariate: Column of numbers from before the draw, such as the spend of the year before.
            It makes the interval narrower (CUPED). Where it is missing its mean stands in, which
            costs only precision. Anything that the offer may change must not be used.

    Raises:
        SpecError: One is no name.

    Example:
        >>> Mean("spend", covariate="spend_before").covariate
        'spend_before'
    """

    column: str = attrs.field(validator=_is_name)
    covariate: str | None = attrs.field(default=None, validator=_is_name, kw_only=True)

    @property
    def name(self) -> str:
        """What the rows of the result are called."""
        return self.column


@attrs.frozen
class Ratio:
    """Ratio of two sums over customers, such as spend per order; the customer is what was drawn.

    Args:
        numerator: Column of numbers.
        denominator: Column of numbers whose sum is above 0.
        covariate: As in `Mean`.

    Raises:
        SpecError: One is no name.

    Example:
        >>> Ratio("spend", "orders").name
        'spend / orders'
    """

    numerator: str = attrs.field(validator=_is_name)
    denominator: str = attrs.field(validator=_is_name)
    covariate: str | None = attrs.field(default=None, validator=_is_name, kw_only=True)

    @property
    def name(self) -> str:
        """What the rows of the result are called."""
        return f"{self.numerator} / {self.denominator}"


Metric: TypeAlias = Share | Mean | Ratio
MetricsArgument: TypeAlias = Mapping[str, "Metric | str"] | Iterable["Metric | str"]


def read_metrics(metrics: object) -> dict[str, Metric | str]:
    """Return the metrics by the name of their rows; plain names of columns stay names.

    Raises:
        SpecError: There is none, one is no metric, or two have one name.
    """
    hint = 'metrics=["bought", Mean("spend", covariate="spend_before")].'
    if isinstance(metrics, str | Share | Mean | Ratio):
        metrics = [metrics]
    if isinstance(metrics, Mapping):
        pairs = list(metrics.items())
    elif isinstance(metrics, Iterable) and is_several(metrics):
        pairs = [(getattr(m, "name", m), m) for m in metrics]
    else:
        pairs = []
    if not pairs or not all(
        isinstance(name, str) and name and isinstance(m, str | Share | Mean | Ratio)
        for name, m in pairs
    ):
        raise SpecError("metrics must be columns, Share, Mean or Ratio.", hint=hint)
    if len({name for name, _ in pairs}) < len(pairs):
        raise SpecError("Two metrics have one name.", hint="name them: metrics={'a': Mean('x')}.")
    return dict(pairs)


def as_list(names: object, role: str) -> list[str]:
    """Return names of columns; one name alone is one column, not its letters.

    Raises:
        SpecError: They are no names; `role`, such as "match=", says whose.
    """
    found = several(names)
    check_named({f"{role} {place}": name for place, name in enumerate(found, 1)})
    return [str(name) for name in found]


def columns_of(metric: Metric | str) -> list[str]:
    """Return the columns that a metric reads."""
    if isinstance(metric, str):
        return [metric]
    fields = attrs.astuple(metric)
    return [name for name in fields if name is not None]


def settle(metric: Metric | str, read: Mapping[str, Column]) -> Metric:
    """Return the metric that a plain name stands for: a share if there is but 0 and 1, else a mean.

    Raises:
        DataError: A share has other values.
    """
    if isinstance(metric, str):
        values = numbers(read[metric])
        return Share(metric) if not _others(values) and len(values) else Mean(metric)
    if isinstance(metric, Share) and (others := _others(numbers(read[metric.column]))):
        raise DataError(
            f"Column {metric.column} is no share: {others:,} values are neither 0 nor 1.",
            hint=f"compare it first, e.g. table[{metric.column!r}] > 0, or use Mean.",
        )
    return metric


def _others(values: Floats) -> int:
    return int(((values != 0) & (values != 1) & ~np.isnan(values)).sum())
