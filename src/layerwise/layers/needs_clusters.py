"""Needs without tags: groups of customers who buy alike, by number until a person names them."""

from collections.abc import Mapping
from typing import ClassVar, TypeVar

import attrs
import numpy as np

from layerwise.columns import BASKET_ORDERS
from layerwise.errors import FitError, SpecError, problems
from layerwise.fitted import Fitted, Spec
from layerwise.layers.clustering import Clusters, kmeans, stability
from layerwise.layers.compose import FittedLayers
from layerwise.rules import NOT_EVALUABLE, Case, FirstMatch, Nearest
from layerwise.rules.base import if_several, numbers
from layerwise.saved import saved
from layerwise.vectors import Columns, Floats

MOST_POINTS = 5_000
"""Most customers that clusters are learned from; of more, a seeded sample."""

FittedT = TypeVar("FittedT", Fitted, FittedLayers)


@saved
@attrs.frozen(kw_only=True)
class NeedsClusters(Spec):
    """Groups of customers whose spend is spread alike over categories; labels are numbers.

    The share columns come from `add_baskets(customers, orders)`; `share_columns(customers)` lists
    them. Groups are named `cluster_1` (the largest when fitted), `cluster_2` and so on: what they
    mean is for a person to say, who looks at `facts["centers"]` and calls `name_clusters`.

    Args:
        columns: The share columns, at least two.
        clusters: The number of groups; None takes the most stable number from 2 up to `most` (of
            numbers within 0.01 of the best the largest). More groups are often still stable:
            `facts["stability"]` has all, and `clusters=4` asks for four.
        most: See `clusters`.
        stable: The least stability: the mean adjusted Rand index between the groups and those of 20
            resampled sets of customers. 1 is always the same groups, 0 is chance.
        least_orders: Fewer occasions (`basket_orders`) than this are not_evaluable, as are
            missing shares.
        seed: The seed of starts and resamples; same customers, same seed, same groups, whatever
            the order of rows and columns.

    Groups are k-means on square roots of shares (Hellinger distance), so small categories count.
    `facts` holds `stability` (by number of groups), `centers` (mean shares of each group, as far as
    the squared centres add to one) and `learned_from` (at most 5,000 customers). A stable grouping
    is one that comes back, which is not to say that gaps lie between the groups.

    Raises:
        SpecError: Fewer than two columns, or numbers out of range.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({
        ...     "basket_orders": [9] * 12 + [1],
        ...     "share_fresh": [0.9, 0.8, 0.85, 0.9, 0.8, 0.85, 0.8, 0.1, 0.1, 0.2, 0.2, 0.1, 0.5],
        ...     "share_other": [0.1, 0.2, 0.15, 0.1, 0.2, 0.15, 0.2, 0.9, 0.9, 0.8, 0.8, 0.9, 0.5],
        ... })
        >>> spec = NeedsClusters(columns=("share_fresh", "share_other"), clusters=2)
        >>> fitted = name_clusters(spec.fit(customers), {"cluster_1": "cooks"})
        >>> fitted.transform(customers)["needs"].unique().tolist()
        ['cooks', 'cluster_2', 'not_evaluable']

    Source: Dolnicar and Leisch (2010), Evaluation of structure and reproducibility of cluster
    solutions using the bootstrap; Hubert and Arabie (1985) for the index.
    """

    default_name: ClassVar[str] = "needs"

    columns: tuple[str, ...] = attrs.field(converter=if_several)
    clusters: int | None = None
    most: int = 8
    stable: float = 0.7
    least_orders: int = 2
    seed: int = 0

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if len(set(self.columns)) < max(2, len(self.columns)):
            raise SpecError(
                f"NeedsClusters needs at least two different share columns, got {self.columns!r}.",
                hint="columns=layerwise.share_columns(customers), after add_baskets.",
            )
        for name in ("clusters", "most"):
            number = getattr(self, name)
            if number is not None and not 2 <= number <= 50:
                raise SpecError(
                    f"NeedsClusters: {name} must be 2 to 50, got {number!r}.",
                    hint="clusters=None takes the most stable number up to most=8.",
                )
        if not 0 <= self.stable <= 1 or self.least_orders < 1 or self.seed < 0:
            raise SpecError(
                f"NeedsClusters: stable={self.stable!r} must be 0 to 1, least_orders="
                f"{self.least_orders!r} at least 1, seed={self.seed!r} not negative.",
                hint="the defaults are stable=0.7, least_orders=2, seed=0.",
            )

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 - the same for every name
        """Return the occasions and the share columns."""
        return (BASKET_ORDERS, *self.columns)

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Learn the centres of the groups, or refuse where resampling does not bring them back."""
        points = self._points(columns)
        stabilities, found = self._choose(points)
        order = np.argsort(-np.bincount(found.codes, minlength=len(found.centers)), kind="stable")
        places = dict(zip(sorted(self.columns), found.centers[order].T, strict=True))
        labels = [f"cluster_{i}" for i in range(1, len(order) + 1)]
        hidden = f"_{name}_nearest"
        near = Nearest(
            output=hidden,
            columns=self.columns,
            centers=np.stack([places[column] for column in self.columns], axis=1),
            labels=labels,
            root=True,
        )
        unknown = f"{hidden} == '{NOT_EVALUABLE}' or missing({BASKET_ORDERS})"
        few = f"{BASKET_ORDERS} < {self.least_orders}"
        cases = [(f"{unknown} or {few}", NOT_EVALUABLE)]
        cases += [(f"{hidden} == '{label}'", label) for label in labels]
        table = FirstMatch(output=name, cases=cases, otherwise=NOT_EVALUABLE)
        facts = {
            "stability": {str(k): round(value, 4) for k, value in stabilities.items()},
            "centers": _profiles(near),
            "learned_from": points.shape[1],
        }
        return Fitted(spec=self, name=name, rules=(near, table), facts=facts)

    def _points(self, columns: Columns) -> Floats:
        """Return square roots of shares, a customer a column, sorted so that row order is lost."""
        shares = np.stack([numbers(columns[name]) for name in sorted(self.columns)])
        enough = numbers(columns[BASKET_ORDERS]) >= self.least_orders
        shares = shares[:, enough & ~np.isnan(shares).any(axis=0)]
        if shares.size and shares.min() < 0:
            raise FitError(
                "Shares of spend are negative, so baskets cannot be compared.",
                hint="add_baskets leaves refunds out; make negative shares 0 or missing.",
            )
        points: Floats = np.sqrt(shares[:, np.lexsort(shares)])
        if points.shape[1] > MOST_POINTS:
            rng = np.random.default_rng(self.seed)
            points = points[:, np.sort(rng.choice(points.shape[1], MOST_POINTS, replace=False))]
        return np.ascontiguousarray(points)

    def _choose(self, points: Floats) -> tuple[dict[int, float], Clusters]:
        tried = range(2, self.most + 1) if self.clusters is None else (self.clusters,)
        distinct = len(np.unique(points, axis=1).T)
        if distinct < tried[0]:
            raise FitError(
                f"{distinct} different baskets of customers with {self.least_orders} occasions or "
                f"more cannot make {tried[0]} groups.",
                hint="needs layers want more customers, or more categories.",
            )
        found: dict[int, Clusters] = {}
        stabilities: dict[int, float] = {}
        for k in (k for k in tried if k <= distinct):
            rng = np.random.default_rng([self.seed, k])
            found[k] = kmeans(points, k, rng)
            stabilities[k] = stability(points, found[k], rng)
        best = max(stabilities.values())
        if best < self.stable:
            raise _unstable(stabilities, self.stable)
        return stabilities, found[max(k for k in found if stabilities[k] >= best - 0.01)]


def name_clusters(fitted: FittedT, names: Mapping[str, str], *, layer: str = "needs") -> FittedT:
    """Return the fitted layer with groups called as a person names them; no group is fitted anew.

    Args:
        fitted: What `NeedsClusters.fit` or a `Layers` with it gave.
        names: Present label -> name, for some or all groups; two groups may share a name.
        layer: The layer's name where `fitted` holds several.

    Raises:
        SpecError: A label is not one of the layer's groups, a name is empty or taken, or a later
            layer reads the labels.

    Example:
        >>> import pandas as pd
        >>> import layerwise as lw
        >>> spec = lw.NeedsClusters(columns=("share_milk", "share_beer"), clusters=2)
        >>> milk = [0.9, 0.95, 1.0] * 20 + [0.0, 0.1, 0.05] * 20
        >>> customers = pd.DataFrame({"basket_orders": 9, "share_milk": milk})
        >>> customers["share_beer"] = 1 - customers["share_milk"]
        >>> fitted = spec.fit(customers)
        >>> named = lw.name_clusters(fitted, {"cluster_1": "milk", "cluster_2": "beer"})
        >>> named.facts["sizes"]
        {'needs': {'not_evaluable': 0, 'milk': 60, 'beer': 60}}
    """
    if isinstance(fitted, Fitted):
        return _renamed(fitted, names)
    part = fitted[layer]
    readers = [r.output for r in fitted.rules if layer in r.inputs]
    if readers:
        raise SpecError(
            f"{', '.join(readers)} reads the labels of {layer}, which cannot change any more.",
            hint="fit and name the clusters alone, before the layers that read them.",
        )
    parts = [_renamed(p, names) if p is part else p for p in fitted.parts]
    return attrs.evolve(fitted, parts=parts)


def _renamed(fitted: Fitted, names: Mapping[str, str]) -> Fitted:
    if not isinstance(fitted.spec, NeedsClusters):
        raise SpecError(
            f"{fitted.name} is a {type(fitted.spec).__name__}, which has no clusters.",
            hint="layer='...' names the NeedsClusters among several layers.",
        )
    near, table = fitted.rules
    assert isinstance(table, FirstMatch)  # noqa: S101 - as learn built it
    known = [case.label for case in table.cases[1:]]
    wrong = [f"{old}: the groups are {', '.join(known)}" for old in names if old not in known]
    taken = {NOT_EVALUABLE, *known}
    wrong += [
        f"{old}: {new!r} is taken or empty" for old, new in names.items() if new in taken | {""}
    ]
    if wrong:
        raise SpecError(
            problems(f"The groups of {fitted.name} cannot be named so:", wrong),
            hint="names={'cluster_1': 'cooks'} maps a present label to a new one.",
        )
    cases = [Case(when=case.when, label=names.get(case.label, case.label)) for case in table.cases]
    sizes: dict[str, int] = {}
    for label, size in fitted.facts["sizes"][fitted.name].items():
        sizes[names.get(label, label)] = sizes.get(names.get(label, label), 0) + size
    facts = {**fitted.facts, "sizes": {fitted.name: sizes}}
    return attrs.evolve(fitted, rules=(near, attrs.evolve(table, cases=cases)), facts=facts)


def _profiles(near: Nearest) -> dict[str, dict[str, float]]:
    """Return the shares at each centre; roots' means squared, scaled to add to one."""
    squares = np.square(near.centers)
    shares = squares / squares.sum(axis=1, keepdims=True)
    return {
        label: {name: round(float(value), 4) for name, value in zip(near.columns, row, strict=True)}
        for label, row in zip(near.labels, shares, strict=True)
    }


def _unstable(stabilities: Mapping[int, float], least: float) -> FitError:
    lines = [f"{k} groups: {value:.2f}" for k, value in stabilities.items()]
    return FitError(
        problems(f"The clusters are unstable: none reaches an agreement of {least:g}.", lines),
        hint="tag your items and use Needs, take other categories, or lower stable= knowingly.",
    )
