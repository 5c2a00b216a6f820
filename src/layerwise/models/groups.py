"""One model for each cohort or segment, and the pooled one for groups too small for their own."""

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from layerwise import arguments, frames, vectors
from layerwise.columns import REPEAT_ORDERS
from layerwise.errors import SpecError
from layerwise.lazy import rows_by_counts
from layerwise.models.kinds import ByKind
from layerwise.models.model import FittedModel, PurchaseModel
from layerwise.rules.base import as_mapping
from layerwise.saved import fits, saved
from layerwise.vectors import Column, Columns

Array = NDArray[np.float64]
_NUMBER = "__group_number"


@saved
@attrs.frozen(kw_only=True, slots=False)
class FittedGroups(ByKind):
    """Fitted models by group; see `fit_by`.

    It predicts as every fitted model does, from a table that has the column of groups too.
    `log_likelihood` is the sum of the groups' own, and None where customers have none of their own;
    a standard error is that of a group: `fitted.groups["web"].standard_errors`.

    Attributes:
        by: The column that names the group.
        pooled: The model of all customers, used for groups without their own.
        groups: The groups' own models.
    """

    by: str
    pooled: Any
    groups: Mapping[str, Any] = attrs.field(converter=as_mapping)

    by_numbers: ClassVar[bool] = False

    def _has_its_spec(self) -> bool:
        models = (self.pooled, *self.groups.values())
        same = all(
            isinstance(model, FittedModel) and type(model.spec) is type(self.spec)
            for model in models
        )
        return isinstance(self.spec, PurchaseModel) and same

    @property
    def parameter_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Group and parameter, as `web.alpha`."""
        return tuple(self.parameters)

    @property
    def parameters(self) -> dict[str, float]:
        """The estimates of the groups' own models by name."""
        own = self.groups.items()
        return {f"{group}.{n}": v for group, model in own for n, v in model.parameters.items()}

    @property
    def tells_apart(self) -> tuple[str, ...]:
        """The column of groups."""
        return (self.by,)

    def keys(self, columns: Columns) -> Array:
        """Return the number of each row's group, 0 for those that use the pooled model."""
        number = {name: float(i) for i, name in enumerate(self.groups, 1)}
        names, code = _labels(columns[self.by])
        numbers = np.array([number.get(name, 0.0) for name in names])
        return numbers[code][:, None]

    def keyed(self, frame: Any) -> tuple[Any, tuple[str, ...]]:
        """Return the frame with the number of each row's group."""
        return frame.with_columns(self._number(frame).alias(_NUMBER)), (_NUMBER,)

    def model_of(self, key: Array) -> FittedModel:
        """Return the model of the group with this number."""
        models: list[FittedModel] = [self.pooled, *self.groups.values()]
        return models[int(key[0])]

    def _number(self, frame: Any) -> Any:
        """Return the number as an expression; nobody's group is missing, so 0 is for the rest."""
        dtype, column = frame.collect_schema()[self.by], nw.col(self.by)
        number: Any = nw.lit(0)
        for i, name in enumerate(self.groups, 1):
            if dtype.is_numeric() or dtype == nw.Boolean:
                if (value := _as_number(name)) is None:
                    continue
                here = column.cast(nw.Float64) == value
            else:
                here = column.cast(nw.String) == name
            number = nw.when(here).then(nw.lit(i)).otherwise(number)
        return number


def fit_by(
    spec: PurchaseModel[Any], customers: object, *, by: str, smallest: int = 200
) -> FittedGroups:
    """Fit a model to each group of customers in one call.

    Args:
        spec: The model, e.g. `BGNBD()`.
        customers: The customer table. A lazy frame counts equal histories of each group.
        by: Column of the groups: text, categories or whole numbers; missing is a group of its own
            that uses the pooled model.
        smallest: Customers who have ordered again that a group needs for a model of its own; groups
            with fewer use the model of all customers.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Histories are impossible or missing.
        FitError: No customer has ordered again.
        SpecError: smallest is below 1.

    Example:
        >>> from layerwise.datasets import load_cdnow_summary
        >>> from layerwise.models import BGNBD
        >>> customers = load_cdnow_summary()
        >>> customers["cohort"] = (customers["age_days"] // 31).astype(str)
        >>> models = fit_by(BGNBD(unit="week"), customers, by="cohort")
        >>> sorted(models.groups)
        ['6', '7', '8']
    """
    arguments.check_named({"by=": by})
    if not fits(smallest, float) or not smallest >= 1:
        raise SpecError(
            f"smallest is at least 1, got {smallest!r:.40}.",
            hint="smallest=200 gives groups of fewer customers the pooled model.",
        )
    if not isinstance(spec, PurchaseModel):
        raise SpecError(
            f"fit_by fits models of orders in days by group, no {type(spec).__name__}.",
            hint="fit_by(BGNBD(), customers, by='shop'); BGNBD, MBGNBD, MBGCNBD, ParetoNBD.",
        )
    frame = frames.wrap(customers)
    needed = dict.fromkeys(spec.needs(spec.default_name), type(spec).__name__) | {by: "fit_by"}
    arguments.require(
        frames.column_names(frame), needed, title="Columns for the groups are missing."
    )
    read = rows_by_counts if frames.is_lazy(frame) else vectors.read
    columns = read(frame, needed)
    pooled = spec.fit(customers)
    names, code = _labels(columns[by])
    repeaters = np.bincount(code, np.asarray(columns[REPEAT_ORDERS]) > 0, len(names))
    own = {}
    for i, name in enumerate(names):
        if name and repeaters[i] >= smallest:
            own[name] = spec.learn(_rows(columns, code == i), spec.default_name)
    return _together(by, pooled, own)


def _together(by: str, pooled: Any, own: dict[str, Any]) -> FittedGroups:
    everyone = sum(model.n_customers for model in own.values()) == pooled.n_customers
    return FittedGroups(
        spec=pooled.spec,
        name=pooled.name,
        by=by,
        pooled=pooled,
        groups=own,
        log_likelihood=sum(model.log_likelihood for model in own.values()) if everyone else None,
        n_customers=pooled.n_customers,
        converged=all(model.converged for model in (pooled, *own.values())),
        facts={"customers": pooled.n_customers, "sizes": {}},
    )


def _rows(columns: Columns, here: NDArray[np.bool_]) -> Columns:
    """Return some rows of the columns that hold numbers."""
    return {n: column[here] for n, column in columns.items() if isinstance(column, np.ndarray)}


def _labels(column: Column) -> tuple[list[str], NDArray[np.intp]]:
    """Return the names of groups in order, "" for missing, and which one each row has."""
    if isinstance(column, vectors.Labels):
        found = np.append(np.array(column.names, dtype=object).astype(str), "")
        names, code = np.unique(found, return_inverse=True)
        return names.tolist(), code[column.codes]
    values, code = np.unique(column, return_inverse=True)
    return ["" if np.isnan(value) else _text(float(value)) for value in values], code


def _text(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _as_number(name: str) -> float | None:
    try:
        return float(name)
    except ValueError:
        return None
