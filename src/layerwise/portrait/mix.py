"""What each customer buys most: shares of categories, drawn to those of everybody."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from layerwise.baskets.shares import column_names
from layerwise.columns import SHARE_PREFIX
from layerwise.errors import DataError, SpecError
from layerwise.orders.amounts import Amounts, to_amounts
from layerwise.portrait.lines import Codes, Purchases, netted
from layerwise.portrait.traits import read_consent
from layerwise.saved import fits
from layerwise.vectors import Array, Column, Floats, Labels

MIX_PREFIX = "mix_"
OTHER = "other"


def allowed_kinds(
    lines: Purchases,
    kinds: Codes,
    sensitive: tuple[str, ...],
    consent: str | None,
    frame: Any,
    not_made: dict[str, str],
) -> Codes:
    """Return the categories without the sensitive ones of who has not consented."""
    codes = kinds.codes
    none = int((codes < 0).sum())
    if none:
        not_made[f"{none:,} lines in the category shares"] = "a category"
    if sensitive:
        unknown = sorted(set(sensitive) - set(kinds.names))
        if unknown:
            raise SpecError(
                f"No line is of {len(unknown):,} of the sensitive categories.",
                hint="name them as the log does.",
            )
        yes = np.zeros(lines.customers, bool) if consent is None else read_consent(frame, consent)
        of = np.isin(codes, [kinds.names.index(name) for name in sensitive])
        barred = of & ~yes[lines.customer]
        not_made[f"{int(barred.sum()):,} lines of sensitive categories"] = "consent"
        codes = np.where(barred, -1, codes)
    if (codes < 0).all():
        raise DataError("No line has a category.", hint="check category=.")
    return Codes(codes, kinds.names)


def category_mix(
    lines: Purchases,
    kinds: Codes,
    n: Array,
    top: int,
    weight: float,
    population: Mapping[str, float] | None,
) -> tuple[dict[str, Column], dict[str, float]]:
    """Return shrunken shares and top categories, and everybody's shares."""
    has = kinds.codes >= 0
    amounts = lines.amounts.take(has)
    width = len(kinds.names)
    (who, kind), spend = netted(
        amounts, (lines.customer[has], lines.customers), (kinds.codes[has], width)
    )
    exact = to_amounts(spend)
    everybody = _everybody(exact, kind, kinds.names, population)
    chosen = list(everybody)[:top]
    slot = np.full(width, len(chosen))
    place = {name: i for i, name in enumerate(chosen)}
    for i, name in enumerate(kinds.names):
        slot[i] = place.get(name, len(chosen))
    cells = exact.sum_by(slot[kind] * lines.customers + who, (len(chosen) + 1) * lines.customers)
    table = cells.reshape(len(chosen) + 1, lines.customers)
    total = table.sum(axis=0)
    own = table / np.where(total > 0, total, np.nan)
    shares = list(everybody.values())
    theirs = np.array([*shares[:top], sum(shares[top:])])[:, None]
    mix = (n * own + weight * theirs) / (n + weight)
    mix /= mix.sum(axis=0)
    names = [n.replace(SHARE_PREFIX, MIX_PREFIX, 1) for n in column_names(chosen)]
    found: dict[str, Column] = dict(zip([*names, MIX_PREFIX + OTHER], mix, strict=True))
    return found | _favourites(who, kind, exact.value, kinds.names, lines.customers), everybody


def _everybody(
    spend: Amounts, kind: Array, names: tuple[str, ...], population: Mapping[str, float] | None
) -> dict[str, float]:
    if population is not None:
        if not fits(population, Mapping[str, float]):
            raise SpecError(
                "population must map each category to its share.",
                hint="take .population of earlier portraits.",
            )
        shares = dict(sorted(population.items(), key=lambda pair: (-pair[1], pair[0])))
        if any(not 0 <= v <= 1 for v in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
            raise SpecError(
                "population must map each category to its share, and shares add to 1.",
                hint="take .population of earlier portraits.",
            )
        return shares
    total = spend.sum_by(kind, len(names))
    if not total.sum() > 0:
        raise DataError(
            "No customer has net spend above zero in any category.",
            hint="check the sign of the amounts, or count lines with amount=None.",
        )
    order = np.argsort(-total, kind="stable")
    return {names[i]: float(total[i] / total.sum()) for i in order if total[i] > 0}


def _favourites(
    who: Array, kind: Array, spend: Floats, names: tuple[str, ...], customers: int
) -> dict[str, Column]:
    """Return each customer's three categories with most spend; ties by name."""
    order = np.lexsort((kind, -spend, who))
    counts = np.bincount(who, minlength=customers)
    start = np.cumsum(counts) - counts
    found: dict[str, Column] = {}
    for rank in range(3):
        has = counts > rank
        codes = np.full(customers, -1)
        codes[has] = kind[order[start[has] + rank]]
        found[f"category_{rank + 1}"] = Labels(codes, names)
    return found
