"""RFM: recency, frequency and monetary scores, and the eleven usual segment names."""

import warnings
from typing import Any, ClassVar, Literal

import attrs
import numpy as np

from layerwise import expressions
from layerwise.columns import SILENCE, orders_in, spend_in
from layerwise.errors import FewerLayersWarning, SpecError
from layerwise.fitted import Fitted, Spec
from layerwise.layers.edges import filled_bands, present, quantile_edges
from layerwise.rules import NOT_EVALUABLE, Cut, FirstMatch, Weighted
from layerwise.rules.base import if_numbers, if_several, numbers
from layerwise.saved import saved
from layerwise.vectors import Columns

SEGMENTS = (
    ("{r} >= 5 and {f} + {m} >= 7", "champions"),
    ("{r} == 4 and {f} + {m} >= 9", "champions"),
    ("{r} == 4 and {f} + {m} >= 7", "loyal"),
    ("{r} == 3 and {f} + {m} >= 7", "loyal"),
    ("{r} >= 4 and {f} + {m} >= 3", "potential_loyalist"),
    ("{r} == 5", "new"),
    ("{r} == 4", "promising"),
    ("{r} == 3 and {f} + {m} >= 5", "need_attention"),
    ("{r} == 3", "about_to_sleep"),
    ("{r} == 2 and {f} + {m} >= 5", "at_risk"),
    ("{r} == 1 and {f} + {m} >= 7", "cannot_lose"),
    ("{r} == 1 and {f} + {m} >= 5", "hibernating"),
    ("{r} == 2", "hibernating"),
)
"""The default names by scores 1 to 5; what no row names is `lost`. A row on R and the mean of F
and M, rounded up, covers each of the 25 cells once."""

ORDER = (
    "lost",
    "hibernating",
    "cannot_lose",
    "at_risk",
    "about_to_sleep",
    "need_attention",
    "promising",
    "new",
    "potential_loyalist",
    "loyal",
    "champions",
)
"""From worst to best, so that nobody who is as recent, as frequent and as high in spend as another
ranks below."""


def _segments(given: Any) -> Any:
    rows = if_several(given)
    return tuple(map(if_several, rows)) if isinstance(rows, tuple) else rows


def _edges(given: Any) -> Any:
    edges = if_several(given)
    return tuple(map(if_numbers, edges)) if isinstance(edges, tuple) else edges


@saved
@attrs.frozen(kw_only=True)
class RFM(Spec):
    """Scores of recency, frequency and spend, and the segment they name.

    Args:
        bins: Scores go from 1 (worst) to `bins` (best).
        method: "quantile" learns the edges; "edges" takes yours.
        edges: For method "edges": three tuples of `bins` - 1 ascending numbers, for days since the
            last order, for the frequency column and for the monetary column.
        recency: The column of R, small is good.
        frequency: The column of F, which says what F counts; the default counts purchase occasions
            (days with an order) of 365 days. Orders or lines of your own count as well.
        monetary: The column of M.
        weights: Weights of R, F and M in the score.
        segments: A table of (condition, name) rows in `{r}`, `{f}`, `{m}`, first match wins; None
            is the usual eleven names, for 5 bins.
        otherwise: The name where no row of `segments` holds.

    Output columns, for the name `rfm`: `rfm` (segment, ordered from lost to champions), `rfm_r`,
    `rfm_f`, `rfm_m` (scores), `rfm_score` (weighted sum). Equal values get equal scores, and a
    value on an edge gets the score of the lower band, so that with many ties scores are uneven
    and some stay empty (half of the CDNOW customers bought once and have F = 1); row order never
    matters. Missing values have no score and the segment not_evaluable.

    Raises:
        SpecError: bins, edges, weights or segments do not fit together.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({
        ...     "days_since_last": [3, 20, 60, 150, 300],
        ...     "orders_365d": [12, 6, 4, 2, 1],
        ...     "spend_365d": [900.0, 300.0, 250.0, 80.0, 20.0],
        ... })
        >>> RFM().fit(customers).transform(customers)["rfm"].tolist()
        ['champions', 'loyal', 'need_attention', 'hibernating', 'lost']

    Source: Hughes (1994), Strategic Database Marketing; the segment names are the field's usage.
    """

    default_name: ClassVar[str] = "rfm"
    apart: ClassVar[bool] = True

    bins: int = 5
    method: Literal["quantile", "edges"] = "quantile"
    edges: tuple[tuple[float, ...], ...] | None = attrs.field(default=None, converter=_edges)
    recency: str = SILENCE
    frequency: str = orders_in(365)
    monetary: str = spend_in(365)
    weights: tuple[float, ...] = attrs.field(default=(1.0, 1.0, 1.0), converter=if_numbers)
    segments: tuple[tuple[str, ...], ...] | None = attrs.field(default=None, converter=_segments)
    otherwise: str = "lost"

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not 2 <= self.bins <= 100:
            raise SpecError(f"RFM needs 2 to 100 bins, got {self.bins}.", hint="5 is the usual.")
        if self.bins != 5 and self.segments is None:
            raise SpecError(
                f"The eleven segment names are defined for 5 bins, not {self.bins}.",
                hint="give segments=[('{r} >= 3 and {f} >= 3', 'best'), ...] for your bins.",
            )
        good = len(self.weights) == 3 and all(0 <= weight < np.inf for weight in self.weights)
        if not good or not any(self.weights):
            raise SpecError(
                f"RFM weights must be three numbers from 0 up, got {self.weights}.",
                hint="weights=(1, 1, 2) counts the spend score double.",
            )
        if self.method not in ("quantile", "edges"):
            raise SpecError(f"RFM has no method {self.method!r}.", hint="choose quantile or edges.")
        if (self.method == "edges") != (self.edges is not None):
            raise SpecError(
                "RFM: method='edges' and edges=(R, F, M) belong together.",
                hint="give both or none.",
            )
        self._check_edges()
        self._check_segments()

    def _check_edges(self) -> None:
        for_all = () if self.edges is None else self.edges
        if self.edges is not None and [len(e) for e in self.edges] != [self.bins - 1] * 3:
            raise SpecError(
                f"RFM with {self.bins} bins needs three times {self.bins - 1} edges.",
                hint="edges=(days, orders, spend), each a tuple of ascending numbers.",
            )
        if not all(np.isfinite(edges).all() and list(edges) == sorted(edges) for edges in for_all):
            raise SpecError("RFM edges must be finite and ascending.", hint="sort each of them.")

    def _check_segments(self) -> None:
        for row in self.segments or ():
            try:
                when, name = row
                condition = when.format(r="r", f="f", m="m")
            except (ValueError, LookupError, AttributeError):
                condition = name = ""
            if not name or not condition:
                raise SpecError(
                    f"RFM: {row!r:.80} is no row of segments.",
                    hint="segments=[('{r} >= 4 and {f} >= 4', 'best'), ...].",
                )
            expressions.parse_condition(condition)
            if odd := sorted(set(expressions.names(condition)) - {"r", "f", "m"}):
                raise SpecError(
                    f"RFM: the segment {name!r:.40} reads {', '.join(odd)}.",
                    hint="segments read {r}, {f} and {m} alone.",
                )

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 - the same for every name
        """Return the three scored columns."""
        return (self.recency, self.frequency, self.monetary)

    def gives(self, name: str) -> tuple[str, ...]:
        """Return the segment, the three scores and the weighted score."""
        return (name, *self._scores(name).values(), f"{name}_score")

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Learn the edges of the three scores."""
        edges = self.edges or tuple(self._learn(columns, column) for column in self.needs(name))
        scores = self._scores(name)
        cuts = [
            Cut(
                output=output,
                column=column,
                edges=cut,
                labels=range(self.bins, 0, -1) if letter == "r" else range(1, self.bins + 1),
                missing=None,
                descending=letter == "r",
            )
            for (letter, output), column, cut in zip(
                scores.items(), self.needs(name), edges, strict=True
            )
        ]
        total = Weighted(
            output=f"{name}_score", terms=dict(zip(scores.values(), self.weights, strict=True))
        )
        rules = (*cuts, total, self._named(name))
        return Fitted(spec=self, name=name, rules=rules, facts={"edges": edges})

    def _scores(self, name: str) -> dict[str, str]:
        return {letter: f"{name}_{letter}" for letter in "rfm"}

    def _learn(self, columns: Columns, column: str) -> tuple[float, ...]:
        values = present(numbers(columns[column]), column)
        edges = quantile_edges(values, [i / self.bins for i in range(1, self.bins)])
        if filled_bands(values, edges) == 1:
            warnings.warn(
                f"{column} is the same for everyone, so its score tells nothing.\n"
                "Hint: leave it out by weights, or check as_of and the window.",
                FewerLayersWarning,
                stacklevel=2,
            )
        return edges

    def _named(self, name: str) -> FirstMatch:
        scores = self._scores(name)
        rows = SEGMENTS if self.segments is None else self.segments
        unknown = " or ".join(f"missing({score})" for score in scores.values())
        cases = [(when.format(**scores), label) for when, label in rows]
        order = (NOT_EVALUABLE, *ORDER) if self.segments is None else ()
        return FirstMatch(
            output=name,
            cases=[(unknown, NOT_EVALUABLE), *cases],
            otherwise=self.otherwise,
            order=order,
        )
