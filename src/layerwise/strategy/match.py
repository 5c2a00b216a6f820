"""What one combination of labels gets: the matching, decided once per combination."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import lru_cache
from operator import itemgetter

import attrs

from layerwise.strategy.checks import ways
from layerwise.strategy.labels import EVERY, implied_axes, is_quiet, labels, reason
from layerwise.strategy.links import Answers, own_stop
from layerwise.strategy.row import Strategy

DUTY = "compliance"
"""Theme of the strategies that are duties, not marketing: no consent needed, never held out."""


NO_ANSWERS = Answers(customers={}, programmes={}, stops={}, terms={})
_LINKED = 3
"""How far a row stands from a label that only a link leads from: behind all other ways."""


@attrs.frozen(eq=False)
class Because:
    """A label that a customer has, or that a boolean column says holds as well.

    `stop` says how far it stops other strategies (see `Label.stop`), `earns` what it gives: rows of
    the label itself at distance 0, of all labels of the axis at 1, of an implied label at
    2, rows that a link leads to at 3.
    """

    axis: str
    label: str
    column: str
    flag: bool = False
    stop: int = 0
    earns: tuple[tuple[int, Strategy], ...] = ()
    term: str = ""


Pair = tuple[Strategy, Because | None]


@attrs.frozen
class Index:
    """The customer strategies by (axis, segment), and which of them give a price incentive."""

    by_label: Mapping[tuple[str, str], Sequence[Strategy]]
    prices: frozenset[str]
    answers: Answers = NO_ANSWERS

    @property
    def axes(self) -> set[str]:
        """The axes that can match: those of rows, of links, and those whose labels imply these."""
        own = {axis for axis, _ in (*self.by_label, *self.answers.customers)}
        return own | {axis for axis, _ in self.answers.programmes} | implied_axes(own)

    def segments(self, axis: str) -> list[str]:
        """Return the labels of an axis that a strategy is for."""
        keys = (*self.by_label, *self.answers.customers, *self.answers.programmes)
        return sorted({segment for a, segment in keys if a == axis})

    def covers(self, axis: str, label: str) -> bool:
        """Return whether a label has a strategy, or needs none."""
        if is_quiet(axis, label) or any(self.by_label.get(key) for key in ways(axis, label)):
            return True
        return any((axis, label) in x for x in (self.answers.customers, self.answers.programmes))

    def because(self, axis: str, label: str, column: str, *, flag: bool = False) -> Because:
        """Return a label as a reason; `flag` says that a boolean column gave it."""
        known = labels().get((axis, label))
        keys = enumerate(ways(axis, label))
        earns = [(far, row) for far, key in keys for row in self.by_label.get(key, ())]
        earns += [(_LINKED, row) for row in self.answers.customers.get((axis, label), ())]
        stop = max(known.stop if known else 0, self.answers.stops.get((axis, label), 0))
        term = self.answers.terms.get((axis, label), "")
        return Because(axis, label, column, flag, stop, tuple(earns), term)


@attrs.frozen
class Channels:
    """The channels by which a customer may be written to.

    Args:
        agreed: Those the customer agreed to; None is all.
        quiet: Those that nobody is written to by, for now.
    """

    agreed: frozenset[str] | None = None
    quiet: frozenset[str] = frozenset()

    def send(self, row: Strategy) -> Strategy | None:
        """Return the row with the channels it may go by, or None if it may not go.

        Duties go as they are. A row that names no channel goes by those agreed to.
        """
        return row if row.theme == DUTY else _by(row, self.agreed, self.quiet)


@lru_cache(maxsize=10_000)
def _by(row: Strategy, agreed: frozenset[str] | None, quiet: frozenset[str]) -> Strategy | None:
    if not row.channels and agreed is None:
        return row
    asked = row.channels or sorted(agreed or ())
    left = [x for x in asked if x not in quiet and (agreed is None or x in agreed)]
    return attrs.evolve(row, channel=";".join(left)) if left else None


@attrs.frozen
class Choice:
    """What a combination of labels gets: strategies in order with their reasons, and what went."""

    chosen: tuple[Pair, ...]
    matched: int
    stopped: int
    unreached: int
    price_conflicts: int
    over_cap: int


def index(rows: Iterable[Strategy], answers: Answers = NO_ANSWERS) -> Index:
    """Return the customer strategies by (axis, segment), with the links of other labels to them."""
    by_label: dict[tuple[str, str], list[Strategy]] = defaultdict(list)
    for row in rows:
        if row.level == "customer":
            by_label[row.axis, row.segment].append(row)
    prices = (r.id for found in by_label.values() for r in found if r.gives_price_incentive)
    return Index(by_label, frozenset(prices), answers)


def order(row: Strategy) -> tuple[int, str]:
    """Return what strategies are sorted by: priority, then id, never the order of the table."""
    return row.priority, row.id


def choose(rows: Iterable[Strategy], cap: int, one_price: bool) -> list[Strategy]:
    """Return the best `cap` rows, with no more than one price incentive if so asked."""
    ordered = sorted(rows, key=order)
    prices = {row.id for row in ordered if row.gives_price_incentive} if one_price else set()
    return [row for row, _ in _one_price([(row, None) for row in ordered], prices)[:cap]]


def decide(
    index: Index, reasons: Sequence[Because], *, may: Channels, cap: int, one_price: bool
) -> Choice:
    """Return what a customer with these labels gets.

    Stop labels come first (who cannot return gets no outreach, who left gets win-back only), then
    consent and quiet channels, then one price incentive, then the cap.
    """
    matched = _matched(index, reasons)
    stop = max((b.stop for b in reasons), default=0)
    left = [pair for pair in matched.values() if not stop or _stop(*pair) >= stop]
    last = _last_of_own(left)
    ranked = sorted(left, key=lambda pair: _place(pair, last))
    reached = [(sent, b) for row, b in ranked if (sent := may.send(row))]
    single = _one_price(reached, index.prices if one_price else frozenset())
    return Choice(
        tuple(single[:cap]),
        matched=len(matched),
        stopped=len(matched) - len(left),
        unreached=len(left) - len(reached),
        price_conflicts=len(reached) - len(single),
        over_cap=max(len(single) - cap, 0),
    )


def explain(because: Because | None, lang: str) -> str:
    """Return why a strategy was chosen, as text."""
    if because is None:
        return "全体用户" if lang == "zh" else "every customer"
    if because.flag:
        return f"{because.column} = true"
    return reason(because.axis, because.label, lang, because.term)


def _matched(index: Index, reasons: Sequence[Because]) -> dict[str, Pair]:
    """Return each strategy earned, with the label that stops most, else the nearest, as reason."""
    found: dict[str, Pair] = {row.id: (row, None) for row in index.by_label.get((EVERY, EVERY), ())}
    earned = [(-b.stop, far, row, b) for b in reasons for far, row in b.earns]
    for *_, row, b in sorted(earned, key=itemgetter(0, 1)):
        found.setdefault(row.id, (row, b))
    return found


def _stop(row: Strategy, because: Because | None) -> int:
    """Return how far a row outlives the stop of others: by its reason, or by what it is for."""
    return max(because.stop, own_stop(row)) if because else 0


def _last_of_own(pairs: Iterable[Pair]) -> dict[str, int]:
    """Return, by axis, the last priority of the rows that the column's own label earned."""
    last: dict[str, int] = {}
    for row, b in pairs:
        if b and not b.flag:
            last[b.axis] = max(last.get(b.axis, 0), row.priority)
    return last


def _place(pair: Pair, last: Mapping[str, int]) -> tuple[int, bool, str]:
    """Return what rows are sorted by; a label that a flag adds waits for the column's own label."""
    row, b = pair
    if b is None or not b.flag:
        return row.priority, False, row.id
    return max(row.priority, last.get(b.axis, 0)), True, row.id


def _one_price(pairs: Sequence[Pair], prices: Set[str]) -> list[Pair]:
    """Return sorted rows with only the first of those that give a price incentive."""
    first = next((row.id for row, _ in pairs if row.id in prices), None)
    return [pair for pair in pairs if pair[0].id == first or pair[0].id not in prices]
