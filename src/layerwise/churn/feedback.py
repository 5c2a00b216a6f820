"""What customers say: the causes that their texts name, and how often, by segment."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.brief import in_brief
from layerwise.churn.terms import Named, causes_named, feedback_terms
from layerwise.errors import ColumnsError, SpecError
from layerwise.rates import wilson
from layerwise.saved import fits
from layerwise.vectors import Array, Labels

CAUSES = "causes"
UNKNOWN = "unknown"


@attrs.frozen(kw_only=True, eq=False)
class CodedFeedback:
    """Feedback with the causes it names.

    Args:
        feedback: The table as it was given, with the column `causes`: ids in the order of the term
            table, separated by semicolons; "unknown" where no term was found; missing where there
            is no text.
        shares: One row a cause (and segment): `texts` that name it, `of` how many, `share` with
            the Wilson interval `low` to `high`. A text may name several causes, so shares do not
            add up to 1. The row "unknown" is the texts that name none.
        experimental: Always True: nobody has yet compared the packaged terms with 200 texts coded
            by hand. `coder_agreement` does that on texts of yours.
    """

    feedback: Any
    shares: pd.DataFrame
    experimental: bool = True

    __repr__ = in_brief

    def to_frame(self) -> pd.DataFrame:
        """Return the shares."""
        return self.shares


def code_feedback(
    feedback: object,
    *,
    text: str | None = "text",
    code: str | None = None,
    by: str | None = None,
    table: object = None,
    negation: bool = True,
    level: float = 0.95,
) -> CodedFeedback:
    """Return the causes that each text names, and the share of texts that name each cause.

    The coder is experimental: it looks for terms of a table and understands nothing. No 200 texts
    coded by hand were there to compare it with; do so with `coder_agreement` before you decide by
    its numbers. A negation right before a term takes it back ("not slow", "不是很慢"); it is looked
    for within 20 characters of Latin text (2 of Chinese), up to the next punctuation mark. Irony,
    questions, comparisons and negations further away or behind are not understood.

    Args:
        feedback: One row a text, an eager frame.
        text: The column of texts; None if there are only codes.
        code: A column of ids of the term table, separated by semicolons, such as answers of an exit
            survey. They count beside what the text says.
        by: A column of segments to count by.
        table: Your own term table; see `feedback_terms`.
        negation: Look for negations.
        level: Of the intervals.

    Rows without text and code are not counted in any share. Segments are sorted; rows without one
    are a segment of their own, missing.

    Raises:
        SpecError: There is neither a text nor a code column, or the level is no share.
        ColumnsError: A column is missing or is not text.
        TableError: The term table cannot be used.

    Warns:
        RowsLeftOutWarning: Codes that the term table does not have.

    Source of the interval: Wilson (1927), JASA 22.

    Example:
        >>> import pandas as pd
        >>> said = pd.DataFrame({"text": [
        ...     "Too expensive, and delivery was slow", "物流太慢了", "not expensive at all", None,
        ... ]})
        >>> coded = code_feedback(said)
        >>> coded.feedback["causes"].tolist()
        ['price_high;delivery_slow', 'delivery_slow', 'unknown', nan]
        >>> print(coded.shares.round(2).to_string(index=False))
                cause  texts  of  share  low  high
           price_high      1   3   0.33 0.06  0.79
        delivery_slow      2   3   0.67 0.21  0.94
              unknown      1   3   0.33 0.06  0.79
    """
    frame, named, terms = read_feedback(feedback, text, code, table, negation, also=by)
    ids = [*terms["id"], UNKNOWN]
    segments = None if by is None else _segments(vectors.read(frame, [by])[by])
    return CodedFeedback(
        feedback=vectors.attach(frame, {CAUSES: _joined(named, ids)}),
        shares=_shares(named, ids, segments, by, level),
    )


def read_feedback(
    feedback: object,
    text: str | None,
    code: str | None,
    table: object,
    negation: bool,
    also: str | None = None,
    role: str = "by=",
) -> tuple[Any, Named, pd.DataFrame]:
    """Return the wrapped table, what its rows name, and the terms."""
    if not fits(negation, bool):
        raise SpecError("negation must be True or False.", hint="leave it out to look for them.")
    if text is None and code is None:
        raise SpecError(
            "There is neither a column of texts nor one of codes.",
            hint='code_feedback(feedback, text="text").',
        )
    arguments.check_named({}, {"text=": text, "code=": code, role: also})
    frames.wrap(feedback, what="the feedback")
    frame = frames.eager(feedback, doing="code_feedback")
    roles = {text: "text=", code: "code=", also: role}
    needed = {name: role for name, role in roles.items() if name is not None}
    arguments.require(frames.column_names(frame), needed, title="The feedback lacks columns.")
    terms = feedback_terms(table)
    columns = vectors.read(frame, [n for n in (text, code) if n is not None], what="the feedback")
    named = causes_named(
        None if text is None else columns[text],
        None if code is None else columns[code],
        terms,
        negation=negation,
        stacklevel=4,
    )
    return frame, named, terms


def _segments(column: Any) -> Labels:
    if isinstance(column, Labels):
        return column
    values = column.astype(np.float64)
    if not (np.isnan(values) | (values == np.floor(values))).all():
        raise ColumnsError(
            "The column of segments holds fractions.", hint="by= names a column of labels."
        )
    codes, names = pd.factorize(values)
    return Labels(codes, tuple(int(name) for name in names))


def _joined(named: Named, ids: list[str]) -> Labels:
    """Return for each row its causes as one text; equal sets are one label."""
    n = len(named.said)
    blocks = -(-len(ids) // 64)
    bits = np.zeros((n, blocks), dtype=np.uint64)
    value = np.uint64(1) << (named.cause % 64).astype(np.uint64)
    np.bitwise_or.at(bits, (named.row, named.cause // 64), value)
    code = np.zeros(n, dtype=np.int64)
    for block in bits.T:
        part, found = pd.factorize(block)
        code = pd.factorize(code * (len(found) + 1) + part)[0]
    first = np.unique(code, return_index=True)[1]
    sets = [_members(bits[row], ids) for row in first]
    names = sorted(set(sets))
    place = {name: i for i, name in enumerate(names)}
    final = np.array([place[name] for name in sets], dtype=np.int64)[code] if n else code
    return Labels(np.where(named.said, final, -1), tuple(names))


def _members(bits: Array, ids: list[str]) -> str:
    held = [name for i, name in enumerate(ids[:-1]) if int(bits[i // 64]) >> (i % 64) & 1]
    return ";".join(held) or UNKNOWN


def _shares(
    named: Named, ids: list[str], segments: Labels | None, by: str | None, level: float
) -> pd.DataFrame:
    """Count the rows of each cause in each segment; causes that nobody names are left away."""
    n, several = len(named.said), segments is not None
    names: list[Any] = sorted(segments.names) if segments is not None else []
    names.append(None)
    code = np.full(n, len(names) - 1)
    if segments is not None and len(segments.names):
        place = np.array([names.index(name) for name in segments.names])
        code = np.where(segments.codes < 0, len(names) - 1, place[segments.codes])
    width = len(ids)
    silent = named.said & (np.bincount(named.row, minlength=n) == 0)
    hits = np.bincount(code[named.row] * width + named.cause, minlength=len(names) * width)
    hits = hits.reshape(len(names), width)
    hits[:, -1] = np.bincount(code[silent], minlength=len(names))
    total = np.bincount(code[named.said], minlength=len(names))
    segment, cause = np.nonzero((hits.sum(axis=0) > 0)[None, :] & (total > 0)[:, None])
    texts, of = hits[segment, cause], total[segment]
    low, high = wilson(texts, of, level=level)
    table: dict[str, Any] = {
        "cause": [ids[i] for i in cause],
        "texts": texts,
        "of": of,
        "share": texts / of,
        "low": low,
        "high": high,
    }
    front = {str(by): [names[i] for i in segment]} if several else {}
    return pd.DataFrame(front | table)
