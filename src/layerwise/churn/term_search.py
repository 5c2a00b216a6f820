"""Where terms stand in many texts at once, without a loop over texts."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

import attrs
import numpy as np

from layerwise.vectors import Array

BREAK = "\x00"
_CHUNK = 1 << 22  # characters searched at a time
_PUNCTUATION = BREAK + ".,;:!?，。；：！？、…|/()（）"
NEGATIONS = {
    "en": ("not", "no", "never", "*n't", "without", "hardly"),
    "zh": ("不", "没", "没有", "并非", "从未", "毫无"),
}
"""Words that take back a term that they stand before."""
NO_NEGATIONS = {
    "en": ("not only", "not just", "no wonder", "no doubt"),
    "zh": (
        *("不但", "不仅", "不光", "不只", "不止", "不过", "不料", "不断", "不停", "不得不"),
        *("差不多", "对不起", "不好意思", "没想到", "不愧", "不知", "不管", "受不了", "不如"),
    ),
}
"""Words that begin like a negation and are none."""
REACH = {"en": 20, "zh": 2}
"""Most characters between a negation and the term it takes back, no punctuation among them."""


@attrs.frozen
class Term:
    """What to look for.

    Attributes:
        text: Normalised text, 1 character or more.
        whole_start: The character before may not be of a Latin word.
        whole_end: Neither may the one after.
    """

    text: str
    whole_start: bool
    whole_end: bool

    @property
    def lang(self) -> str:
        """Return "en" for Latin terms, "zh" for others."""
        return "en" if self.text.isascii() else "zh"


def as_term(text: str) -> Term | None:
    """Return the term of a table cell; None if nothing is left of it.

    Latin words are found as whole words; a star at an end lets the word go on there. Chinese terms
    are found anywhere.
    """
    plain = normal(text).strip()
    bare = plain.strip("*").strip()
    if not bare:
        return None
    starts, ends = bool(_LATIN.match(bare[0])), bool(_LATIN.match(bare[-1]))
    return Term(bare, starts and plain[0] != "*", ends and plain[-1] != "*")


def normal(text: str) -> str:
    """Return a text as it is compared: NFKC, lower case, single blanks, straight apostrophes."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return re.sub(r"\s+", " ", plain)


def find_terms(
    texts: Sequence[str], terms: Sequence[Term], group: Array, *, negation: bool = True
) -> tuple[Array, Array]:
    """Return which text holds a term of which group, each pair once.

    Args:
        texts: The texts.
        terms: The terms to find.
        group: For each term the number of its group.
        negation: Leave out a term that a negation stands before, as in "not slow".

    Returns:
        Places of texts and numbers of groups, sorted.
    """
    n = int(group.max()) + 1 if len(group) else 1
    keys = [np.zeros(0, dtype=np.int64)]
    for first, joined in _chunks(texts):
        page = _Page(joined)
        for term, number in zip(terms, group.tolist(), strict=True):
            at = page.find(term)
            if negation and len(at):
                at = at[~page.negated(at, term.lang)]
            keys.append((page.text_of(at) + first) * n + number)
    pairs = np.unique(np.concatenate(keys))
    return pairs // n, pairs % n


def _chunks(texts: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the place of the first text and many texts joined."""
    sizes = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1)
    cuts = np.searchsorted(sizes, np.arange(_CHUNK, sizes[-1] if len(sizes) else 0, _CHUNK))
    edges = np.unique(np.concatenate([[0], cuts, [len(texts)]])).tolist()
    for begin, end in pairwise(edges):
        joined = BREAK.join(texts[begin:end])
        if joined.count(BREAK) != end - begin - 1:
            joined = BREAK.join(text.replace(BREAK, " ") for text in texts[begin:end])
        yield begin, normal(joined)


class _Page:
    """Many texts as one array of code points, with what was looked up in it before."""

    def __init__(self, joined: str) -> None:
        text = BREAK + joined + BREAK
        self.codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        self.counts = np.bincount(self.codes)
        self.breaks = np.flatnonzero(self.codes == 0)[1:]
        self._places: dict[int, Array] = {}
        self._negations: dict[str, Array] = {}
        self._stops: Array | None = None

    def find(self, term: Term) -> Array:
        """Return where a term begins, by its rarest character first."""
        wanted = [ord(letter) for letter in term.text]
        seen = [int(self.counts[c]) if c < len(self.counts) else 0 for c in wanted]
        rare = int(np.argmin(seen))
        if not seen[rare]:
            return np.zeros(0, dtype=np.int64)
        at = self._where(wanted[rare]) - rare
        at = at[(at > 0) & (at + len(wanted) < len(self.codes))]
        for i, code in enumerate(wanted):
            at = at[self.codes[at + i] == code]
        if term.whole_start:
            at = at[~_is_latin(self.codes[at - 1])]
        if term.whole_end:
            at = at[~_is_latin(self.codes[at + len(wanted)])]
        return at

    def negated(self, at: Array, lang: str) -> Array:
        """Say for places of terms whether a negation stands right before."""
        ends = self._negation_ends(lang)
        if not len(ends):
            return np.zeros(len(at), dtype=bool)
        nearest = ends[np.maximum(np.searchsorted(ends, at, side="right") - 1, 0)]
        near = (nearest <= at) & (at - nearest <= REACH[lang] + (lang == "en"))
        stops = self._stops_before()
        return np.asarray(near & (stops[at - 1] == stops[np.minimum(nearest, at) - 1]))

    def text_of(self, at: Array) -> Array:
        """Return the number of the text that each place is in."""
        return np.searchsorted(self.breaks, at)

    def _where(self, code: int) -> Array:
        if code not in self._places:
            self._places[code] = np.flatnonzero(self.codes == code)
        return self._places[code]

    def _negation_ends(self, lang: str) -> Array:
        if lang not in self._negations:
            none = self._spots(NO_NEGATIONS[lang])
            found = [self._spots((word,), none) + len(word.strip("*")) for word in NEGATIONS[lang]]
            self._negations[lang] = np.unique(np.concatenate(found))
        return self._negations[lang]

    def _spots(self, words: Sequence[str], without: Array | None = None) -> Array:
        """Return where words begin, but for those that lie inside of other words."""
        terms = [term for word in words if (term := as_term(word))]
        if without is None:
            spans = [self.find(t)[:, None] + np.arange(len(t.text)) for t in terms]
            return np.unique(np.concatenate([span.ravel() for span in spans]))
        at = np.concatenate([self.find(term) for term in terms])
        return at[~np.isin(at, without)]

    def _stops_before(self) -> Array:
        if self._stops is None:
            marks = np.isin(self.codes, [ord(mark) for mark in _PUNCTUATION])
            self._stops = np.cumsum(marks)
        return self._stops


_LATIN = re.compile(r"[0-9a-zß-ɏ]")


def _is_latin(codes: Array) -> Array:
    digit, letter = (codes >= 48) & (codes <= 57), (codes >= 97) & (codes <= 122)
    return np.asarray(digit | letter | ((codes >= 0xDF) & (codes <= 0x24F)))
