"""What one combination of labels gets: the matching, decided once per combination."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import attrs

from layerwise.strategy.checks import ways
from layerwise.strategy.labels import EVERY, labels, reason
from layerwise.strategy.row import Strategy

DUTY = "compliance"
"""Theme of the strategies that are duties, not marketing: no consent needed, never held out."""

Index = Mapping[tuple[str, str], Sequence[Strategy]]


@attrs.frozen
class Because:
    """A label that a customer has, or that a boolean column says holds as well."""

    axis: str
    label: str
    column: str
    said: str

    @property
    def stop(self) -> int:
        """How far this label stops other strategies: see `Label.stop`."""
        known = labels().get((self.axis, self.label))
        return known.stop if known else 0


@attrs.frozen
class Choice:
    """What a combination of labels gets: strategies in order with their reasons, and what went."""

    chosen: tuple[tuple[Strategy, Because | None], ...]
    matched: int
    stopped: int
    price_conflicts: int
    over_cap: int


def index(rows: Iterable[Strategy]) -> Index:
    """Return the customer strategies by (axis, segment)."""
    by_label: dict[tuple[str, str], list[Strategy]] = defaultdict(list)
    for row in rows:
        if row.level == "customer":
            by_label[row.axis, row.segment].append(row)
    return by_label


def order(row: Strategy) -> tuple[int, str]:
    """Return what strategies are sorted by: priority, then id, never the order of the table."""
    return row.priority, row.id


def choose(rows: Iterable[Strategy], cap: int, one_price: bool) -> list[Strategy]:
    """Return the best `cap` rows, with no more than one price incentive if so asked."""
    return _one_price(sorted(rows, key=order), one_price)[:cap]


def decide(
    by_label: Index, because: Sequence[Because], *, consent: bool, cap: int, one_price: bool
) -> Choice:
    """Return what a customer with these labels gets.

    Stop labels come first (who cannot return gets no outreach, who left gets win-back only), then
    consent, then one price incentive, then the cap.
    """
    matched = _matched(by_label, because)
    stop = max((b.stop for b in because), default=0)
    left = {i: pair for i, pair in matched.items() if not stop or _stop(pair[1]) >= stop}
    allowed = [row for row, _ in left.values() if consent or row.theme == DUTY]
    single = _one_price(sorted(allowed, key=order), one_price)
    return Choice(
        tuple((row, left[row.id][1]) for row in single[:cap]),
        matched=len(matched),
        stopped=len(matched) - len(left),
        price_conflicts=len(allowed) - len(single),
        over_cap=max(len(single) - cap, 0),
    )


def explain(because: Because | None, lang: str) -> str:
    """Return why a strategy was chosen, as text."""
    if because is None:
        return "全体用户" if lang == "zh" else "every customer"
    if because.said == because.label:
        return reason(because.axis, because.label, lang)
    return f"{because.column} = {because.said}"


def _matched(
    by_label: Index, because: Sequence[Because]
) -> dict[str, tuple[Strategy, Because | None]]:
    found: dict[str, tuple[Strategy, Because | None]] = {}
    keyed = [(depth, b, key) for b in because for depth, key in enumerate(ways(b.axis, b.label))]
    for _, b, key in sorted(keyed, key=lambda k: k[0]):  # a label's own rows give the reason first
        for row in by_label.get(key, ()):
            _keep_strongest(found, row, b)
    for row in by_label.get((EVERY, EVERY), ()):
        found.setdefault(row.id, (row, None))
    return found


def _keep_strongest(
    found: dict[str, tuple[Strategy, Because | None]], row: Strategy, because: Because
) -> None:
    known = found.get(row.id)
    if known is None or because.stop > _stop(known[1]):
        found[row.id] = (row, because)


def _stop(because: Because | None) -> int:
    return because.stop if because else 0


def _one_price(rows: Sequence[Strategy], one_price: bool) -> list[Strategy]:
    if not one_price:
        return list(rows)
    first = next((row.id for row in rows if row.gives_price_incentive), None)
    return [row for row in rows if row.id == first or not row.gives_price_incentive]
