"""Who gets which arm of an experiment: drawn once, for good, from the customer's id alone."""

from collections.abc import Mapping

import numpy as np
from narwhals.stable.v2.typing import IntoDataFrameT

from layerwise import arguments, frames, odd_cells, vectors
from layerwise.columns import CUSTOMER
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.evaluate.arms import cuts, read_arms
from layerwise.logs import read_roster
from layerwise.strategy import holdout
from layerwise.vectors import Array, Floats, Labels

ARM = "arm"
_BAR = "|"


def assign(
    customers: IntoDataFrameT,
    *,
    experiment: str,
    arms: Mapping[str, float],
    salt: str,
    strata: str | None = None,
    previous: object = None,
    customer: str = CUSTOMER,
    column: str = ARM,
) -> IntoDataFrameT:
    """Return the customers with their arm of an experiment.

    u = first 52 bits of HMAC-SHA256(salt, experiment | customer_id) / 2**52, and the arms follow
    each other in [0, 1) by their shares. The arm depends on salt, experiment and id alone: not on
    the other customers, the order of rows, the engine or the day; so a customer keeps it, and a
    new customer changes nobody's. Arms of different experiments are independent. 7 and "7" are the
    same customer; "07" is another.

    With `strata` each arm has its share within every stratum, to less than one customer: the
    customers of a stratum are sorted by u, and the rank takes the place of u. Then an arm depends
    on who else is in the table. So that it stays, give the table of the first draw as `previous`
    from then on: who stands there keeps that arm, also with another stratum by now, and the others
    are drawn among themselves. Without strata, u alone needs no such table.

    Args:
        customers: One row per customer, in memory.
        experiment: Name of the experiment, without "|".
        arms: Arm -> share; the shares add up to 1. The order counts: keep it.
        salt: Secret text, the same for all experiments of a shop; who knows it knows the arms.
        strata: Column of labels, such as the tier; missing labels are a stratum of their own.
        previous: What `assign` returned before for this experiment, or None.
        customer: Column of the customers' ids.
        column: Name of the column to add.

    Raises:
        SpecError: A choice is not possible.
        ColumnsError: A column is missing, or strata are not labels.
        DataError: Ids are missing, repeated, or neither text nor whole numbers; or `previous` has
            arms that are not in `arms`.
        EngineError: A table is no dataframe in memory.

    Source: HMAC, RFC 2104; systematic sampling of ranks with a random start: Madow and Madow
    (1944), Annals of Mathematical Statistics 15.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({"customer_id": range(1000)})
        >>> halves = {"control": 0.5, "offer": 0.5}
        >>> found = assign(customers, experiment="spring", arms=halves, salt="a secret text")
        >>> found["arm"].value_counts().sort_index().to_dict()
        {'control': 476, 'offer': 524}
    """
    arguments.check_named({"customer=": customer}, {"strata=": strata})
    shares = read_arms(arms)
    prefix = _prefix(experiment)
    roster = read_roster(customers, customer=customer)
    frame = frames.wrap(customers)
    if (
        not isinstance(column, str)
        or not column
        or column == customer
        or not odd_cells.is_utf8(column)
    ):
        raise SpecError("column must name a new column.", hint='column="arm" is the default.')
    bits = holdout.bases(holdout.canonical_ids(roster.ids.tolist()), salt, tag=prefix)
    stratum = np.zeros(len(roster), np.int64) if strata is None else _strata(frame, strata)
    kept = np.full(len(roster), -1, dtype=np.int64)
    if previous is not None:
        kept = _kept(previous, holdout.canonical_ids(roster.ids.tolist()), shares, customer, column)
    u = holdout.share_of(bits)
    new = kept < 0
    if strata is not None:
        u[new] = _within(bits[new], stratum[new])
    drawn = np.searchsorted(cuts(shares), u, side="right")
    labels = Labels(np.where(new, drawn, kept), tuple(shares), column=column)
    native: IntoDataFrameT = vectors.attach(frame, {column: labels})
    return native


def _prefix(experiment: object) -> bytes:
    if not isinstance(experiment, str) or not experiment or _BAR in experiment:
        raise SpecError(
            'experiment must be a text that is not empty and has no "|".',
            hint='experiment="spring offer".',
        )
    return f"{experiment}{_BAR}".encode("utf-8", "surrogatepass")


def _strata(frame: object, name: str) -> Array:
    """Return a code per row: -1 for missing labels."""
    arguments.require(
        frames.column_names(frame), {name: "strata="}, title="The customer table lacks columns:"
    )
    found = vectors.read(frame, [name])[name]
    if isinstance(found, Labels):
        return np.asarray(found.codes, dtype=np.int64)
    if (found[~np.isnan(found)] % 1 != 0).any():
        raise ColumnsError(
            f"Column {name} holds numbers with decimals; strata are labels.",
            hint="cut it into layers first, e.g. with Value or RFM.",
        )
    codes = np.unique(found, return_inverse=True)[1]
    return np.where(np.isnan(found), -1, codes)


def _within(bits: Array, stratum: Array) -> Floats:
    """Return (rank by u + start) / size within the stratum, in [0, 1).

    The start is uniform and the same for one stratum's customers: mixed from all their bits, which
    says nothing about their ranks. It makes every customer's chance of an arm exactly its share.
    """
    codes = np.unique(stratum, return_inverse=True)[1]
    order = np.lexsort((bits, codes))
    size = np.bincount(codes)
    begin = np.cumsum(size) - size
    sorted_bits = bits[order]
    start = np.zeros(0) if not len(bits) else np.bitwise_xor.reduceat(sorted_bits, begin)
    offset = holdout.uniform(np.asarray(start, dtype=np.uint64), holdout.strategy_key("start"))
    rank = np.empty(len(bits))
    rank[order] = np.arange(len(bits)) - begin[codes[order]]
    return (rank + offset[codes]) / size[codes]


def _kept(
    previous: object, ids: list[bytes], arms: Mapping[str, float], customer: str, column: str
) -> Array:
    """Return the place of each customer's earlier arm among the arms, -1 without one."""
    what = "the previous assignment"
    roster = read_roster(previous, customer=customer, what=what)
    frame = frames.wrap(previous, what=what)
    arguments.require(
        frames.column_names(frame), {column: "previous="}, title="The previous draw lacks columns:"
    )
    found = vectors.read(frame, [column], what=what)[column]
    names = found.objects() if isinstance(found, Labels) else found.astype(object)
    place: dict[object, int] = {name: i for i, name in enumerate(arms)}
    strange = sum(name not in place for name in names)
    if strange:
        raise DataError(
            f"{strange:,} of {len(names):,} arms of the previous assignment are not in arms=.",
            hint="give the arms and the experiment of the first draw; shares may change.",
        )
    earlier = dict(zip(holdout.canonical_ids(roster.ids.tolist()), names, strict=True))
    return np.array([place[earlier[i]] if i in earlier else -1 for i in ids], dtype=np.int64)
