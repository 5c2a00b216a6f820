"""Who is in which arm and which layer, as places."""

import warnings
from collections.abc import Mapping

import attrs
import numpy as np

from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning
from layerwise.vectors import Array, Column, Labels

WHAT = "the table of the experiment"


@attrs.frozen(eq=False)
class Cells:
    """The arm and the layer of each row.

    Attributes:
        arm: Place among `arms`, -1 without one.
        layer: Place among `layers`.
        arms: Names of the arms.
        layers: Labels of the layers; None is those without label, or all.
        control: Place of the control among the arms.
    """

    arm: Array
    layer: Array
    arms: tuple[str, ...]
    layers: tuple[object, ...]
    control: int

    @property
    def shape(self) -> tuple[int, int]:
        """Arms by layers."""
        return len(self.arms), len(self.layers)


def read_cells(
    read: Mapping[str, Column],
    *,
    arm: str,
    by: str | None,
    shares: Mapping[str, float],
    control: str,
) -> Cells:
    """Return arms and layers of the rows.

    Raises:
        ColumnsError: Arms are not text, or layers are numbers with decimals.
        DataError: Arms are not those of the plan.
    """
    places = _arms(read[arm], arm, tuple(shares))
    layer: Array = np.zeros(len(places), dtype=np.int64)
    names: tuple[object, ...] = (None,)
    if by is not None:
        layer, names = _layers(read[by], by)
    return Cells(places, layer, tuple(shares), names, list(shares).index(control))


def _arms(column: Column, name: str, arms: tuple[str, ...]) -> Array:
    if not isinstance(column, Labels):
        if len(column) and not np.isnan(column).all():
            raise ColumnsError(
                f"Column {name} holds numbers; arms are names.",
                hint='name them, e.g. table["arm"].map({0: "control", 1: "offer"}).',
            )
        return np.full(len(column), -1, dtype=np.int64)
    table = np.array([*(arms.index(a) if a in arms else -2 for a in column.names), -1])
    places: Array = table[column.codes]
    if strange := int((places == -2).sum()):
        raise DataError(
            f"{strange:,} of {len(places):,} rows are of arms that arms= does not have.",
            hint="give all arms with their planned shares, or leave such rows out yourself.",
        )
    if without := int((places < 0).sum()):
        warnings.warn(
            f"{without:,} of {len(places):,} rows have no arm and are left out.\n"
            "Hint: whoever was drawn must stay in, also if the offer did not arrive.",
            RowsLeftOutWarning,
            stacklevel=5,
        )
    return places


def _layers(column: Column, name: str) -> tuple[Array, tuple[object, ...]]:
    """Return a place per row and the labels in their order; those without label come last."""
    if isinstance(column, Labels):
        order = range(len(column.names))
        if not column.ordered:
            order = sorted(order, key=lambda i: column.names[i])  # type: ignore[assignment]
        place = np.empty(len(column.names) + 1, dtype=np.int64)
        place[list(order)] = np.arange(len(column.names))
        place[-1] = len(column.names)
        codes, labels = place[column.codes], [column.names[i] for i in order]
    else:
        values = np.asarray(column, dtype=np.float64)
        known = ~np.isnan(values)
        if (values[known] % 1 != 0).any():
            raise ColumnsError(
                f"Column {name} holds numbers with decimals; layers are labels.",
                hint="cut it into layers first, e.g. with Value or RFM.",
            )
        found, inverse = np.unique(values[known], return_inverse=True)
        codes = np.full(len(values), len(found), dtype=np.int64)
        codes[known] = inverse
        labels = [int(v) for v in found]
    used = np.bincount(codes, minlength=len(labels) + 1) > 0
    return (np.cumsum(used) - 1)[codes], tuple(
        label for label, there in zip([*labels, None], used, strict=True) if there
    )
