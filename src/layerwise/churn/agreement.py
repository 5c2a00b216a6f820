"""How far two coders agree beyond chance: Cohen's kappa, and the term coder against people."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, vectors
from layerwise.brief import in_brief
from layerwise.churn.feedback import read_feedback
from layerwise.churn.terms import causes_named
from layerwise.errors import DataError
from layerwise.vectors import Array

GOOD = 0.6
ENOUGH = 200


@attrs.frozen(kw_only=True, eq=False)
class CoderAgreement:
    """How far the term coder agrees with people.

    Args:
        texts: How many texts both coded.
        kappa: Cohen's kappa over all pairs of a text and a cause that either coder ever names.
        by_cause: For each such cause, how many texts people name it in (`hand`), the coder does
            (`coder`), and both do (`both`), and its `kappa`.
        experimental: Whether kappa is below 0.6 or there are fewer than 200 texts.
    """

    texts: int
    kappa: float
    by_cause: pd.DataFrame
    experimental: bool

    __repr__ = in_brief

    def to_frame(self) -> pd.DataFrame:
        """Return the table by cause."""
        return self.by_cause


def kappa(first: object, second: object) -> float:
    """Return Cohen's kappa of two codings of the same things: agreement beyond chance.

    1 is full agreement, 0 what chance would give. NaN where chance alone gives full agreement
    (both coders have one and the same label for everything), or without rows.

    Args:
        first: One label a thing, numbers or texts.
        second: The same of the other coder.

    Raises:
        DataError: The codings differ in length, or a label is missing.

    Source: Cohen (1960), Educational and Psychological Measurement 20.

    Example:
        >>> kappa(["late", "dear", "late", "late"], ["late", "dear", "dear", "late"])
        0.5
    """
    codes = [pd.Series(_listed(v), dtype=object) for v in (first, second)]
    if len(codes[0]) != len(codes[1]) or any(c.isna().any() for c in codes):
        raise DataError(
            f"Two codings cannot be compared: {len(codes[0]):,} and {len(codes[1]):,} labels, "
            f"{sum(int(c.isna().sum()) for c in codes):,} missing.",
            hint="give one label for each thing from each coder.",
        )
    n = len(codes[0])
    try:
        both, names = pd.factorize(pd.concat(codes, ignore_index=True))
    except TypeError:
        raise DataError(
            "Labels are lists or the like.", hint="give one number or text for each thing."
        ) from None
    table = np.bincount(both[:n] * len(names) + both[n:], minlength=len(names) ** 2)
    return _kappa(table.reshape(len(names), len(names)).astype(np.float64))


def _listed(labels: Any) -> list[Any]:
    try:
        return list(labels)
    except TypeError:
        raise DataError(
            f"A coding is a {type(labels).__name__}.", hint="give a column or list of labels."
        ) from None


def _kappa(table: Array) -> float:
    n = float(table.sum())
    if not n:
        return float("nan")
    chance = float(table.sum(axis=0) @ table.sum(axis=1)) / n**2
    seen = float(np.trace(table)) / n
    return float("nan") if chance == 1 else (seen - chance) / (1 - chance)


def coder_agreement(
    feedback: object,
    *,
    hand: str,
    text: str = "text",
    table: object = None,
    negation: bool = True,
) -> CoderAgreement:
    """Return how far the term coder agrees with texts that people have coded.

    With kappa of 0.6 or more on 200 texts or more the coder is no longer experimental for texts
    such as these. Draw them at random; texts that the terms were made from prove nothing.

    Args:
        feedback: One row a text, an eager frame.
        hand: The column of what people found: ids of the term table, separated by semicolons;
            "unknown" for none. Rows without it, or without text, are not compared.
        text: The column of texts.
        table: The term table; see `feedback_terms`.
        negation: As in `code_feedback`.

    Raises:
        ColumnsError: A column is missing or not text.
        DataError: No row has both a text and a code.
        TableError: The term table cannot be used.

    Example:
        >>> import pandas as pd
        >>> said = pd.DataFrame({
        ...     "text": ["slow delivery", "too expensive", "slow delivery", "hello"],
        ...     "hand": ["delivery_slow", "price_high", "price_high", "unknown"],
        ... })
        >>> found = coder_agreement(said, hand="hand")
        >>> round(found.kappa, 2), found.experimental
        (0.47, True)
    """
    arguments.check_named({"hand=": hand, "text=": text})
    frame, coder, terms = read_feedback(
        feedback, text, None, table, negation, also=hand, role="hand="
    )
    people = causes_named(None, vectors.read(frame, [hand])[hand], terms)
    known = coder.said & people.said
    if not known.any():
        raise DataError(
            f"Of {len(known):,} texts none was coded by both.",
            hint="hand= names the column of ids that people gave.",
        )
    n, cells = len(terms), []
    for coded in (people, coder):
        cell = np.zeros((len(known), n), dtype=bool)
        cell[coded.row, coded.cause] = True
        cells.append(cell[known])
    used = np.flatnonzero(cells[0].any(axis=0) | cells[1].any(axis=0))
    rows = [_one(str(terms["id"].iloc[i]), cells[0][:, i], cells[1][:, i]) for i in used]
    whole = _two(*(c[:, used].ravel() for c in cells))
    texts = int(known.sum())
    return CoderAgreement(
        texts=texts,
        kappa=whole,
        by_cause=pd.DataFrame(rows, columns=["cause", "hand", "coder", "both", "kappa"]),
        experimental=texts < ENOUGH or not whole >= GOOD,
    )


def _two(a: Array, b: Array) -> float:
    return _kappa(np.bincount(a * 2 + b, minlength=4).reshape(2, 2).astype(np.float64))


def _one(cause: str, a: Array, b: Array) -> dict[str, Any]:
    counts = {"hand": int(a.sum()), "coder": int(b.sum()), "both": int((a & b).sum())}
    return {"cause": cause, **counts, "kappa": _two(a, b)}
