"""One model for each cohort or segment, and the pooled one for groups too small for their own."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise import frames
from layerwise.errors import SpecError
from layerwise.models.histories import read_histories
from layerwise.models.model import PurchaseModel
from layerwise.rules.base import as_mapping
from layerwise.saved import saved

Array = NDArray[np.float64]


@saved
@attrs.frozen(kw_only=True)
class FittedGroups:
    """Fitted models by group; see `fit_by`.

    Attributes:
        by: The column that names the group.
        pooled: The model of all customers, used for groups without their own.
        groups: The groups' own models.
    """

    by: str
    pooled: Any
    groups: Mapping[str, Any] = attrs.field(converter=as_mapping)

    def p_alive(self, customers: object) -> Array:
        """Return P(alive) by the model of each customer's group (see `FittedModel.p_alive`)."""
        return self._routed(customers, lambda model, part: model.p_alive(part))

    def p_no_purchase(self, customers: object, horizon_days: float | None = None) -> Array:
        """Return P(no order in the next days) by the model of each customer's group."""
        return self._routed(customers, lambda model, part: model.p_no_purchase(part, horizon_days))

    def expected_orders(self, customers: object, horizon_days: float | None = None) -> Array:
        """Return the orders expected in the next days by the model of each customer's group."""
        return self._routed(
            customers, lambda model, part: model.expected_orders(part, horizon_days)
        )

    def _routed(self, customers: object, predict: Callable[[Any, object], Array]) -> Array:
        label = _labels(customers, self.by)
        own = np.array([name if name in self.groups else "" for name in label], dtype=object)
        out = np.empty(len(label))
        for name in dict.fromkeys(own):
            here = own == name
            out[here] = predict(self.groups.get(name, self.pooled), rows_where(customers, here))
        return out


def fit_by(
    spec: PurchaseModel[Any], customers: object, *, by: str, smallest: int = 200
) -> FittedGroups:
    """Fit a model to each group of customers in one call.

    Args:
        spec: The model, e.g. `BGNBD()`.
        customers: The customer table, eager.
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
    if not smallest >= 1:
        raise SpecError(
            f"smallest is at least 1, got {smallest!r:.40}.",
            hint="smallest=200 gives groups of fewer customers the pooled model.",
        )
    label = _labels(customers, by)
    again = read_histories(customers, allow_missing=False).x > 0
    names, counts = np.unique(label[again & (label != "")], return_counts=True)
    own = {
        str(name): spec.fit(rows_where(customers, label == name))
        for name in names[counts >= smallest]
    }
    return FittedGroups(by=by, pooled=spec.fit(customers), groups=own)


def rows_where(customers: object, here: NDArray[np.bool_]) -> Any:
    """Return the chosen rows of an eager table, in its own kind."""
    return frames.wrap(customers).filter(here.tolist()).to_native()


def _labels(customers: object, by: str) -> NDArray[np.str_]:
    """Return the group of each row as text, "" where it is missing."""
    frame = frames.eager(customers, doing="fit_by")
    frames.require(frames.column_names(frame), {by: "fit_by"}, title="There is no such group.")
    column = frames.read(frame, [by])[by]
    if isinstance(column, frames.Labels):
        return np.array(["" if name is None else str(name) for name in column.objects()])
    return np.array(["" if np.isnan(value) else f"{value:g}" for value in column])
