"""MBG/CNBD-k: customers who order more regularly than at random."""

import math
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise import columns as names
from layerwise.errors import DataError, SpecError
from layerwise.learning import read_for
from layerwise.models import _dropout
from layerwise.models._discount import discounted
from layerwise.models._dropout_fit import FittedDropout, limit_of_dropout
from layerwise.models._estimate import estimate, log_mean_rate
from layerwise.models._regular import Stages
from layerwise.models._special import Array, log_rising
from layerwise.models.histories import NEEDED, Distinct, Histories, blocks, check, distinct
from layerwise.models.histories import histories_of as read_columns
from layerwise.models.model import DAYS, PurchaseModel, with_parameters
from layerwise.rules.base import numbers
from layerwise.saved import fits, saved
from layerwise.vectors import Columns

MOST_REGULAR = 8
"""The largest k that is tried when k is chosen by likelihood."""


@saved
@attrs.frozen(kw_only=True)
class Regular:
    """MBG/CNBD-k at known parameters; alpha in days (see `_regular`).

    Args:
        r: Shape of the rate of hidden steps.
        alpha: Rate parameter of it, in days.
        a: First parameter of the dropout probability.
        b: Second parameter of the dropout probability.
        k: Hidden steps an order.
    """

    r: float
    alpha: float
    a: float
    b: float
    k: int

    def p_alive(self, rows: Histories) -> Array:
        """Return 1 / (1 + e^z)."""
        out = np.empty(len(rows))
        for part, x, t_x, T in blocks(rows):
            out[part] = 1.0 / (1.0 + self._stages(x, t_x, T)[2])
        return out

    def p_no_purchase(self, rows: Histories, h: float) -> Array:
        """Return P(gone) + P(alive) · Σ P(stage j) · P(fewer than k − j steps in h)."""
        from scipy.special import betainc

        out = np.empty(len(rows))
        for part, x, t_x, T in blocks(rows):
            n, stages, odds = self._stages(x, t_x, T)
            v, j = ((self.alpha + T) / (self.alpha + T + h))[:, None], stages.j
            silent = stages.mean(betainc(n[:, None] + j, self.k - j, v))
            out[part] = np.minimum((odds + silent) / (1.0 + odds), 1.0)
        return out

    def expected_orders(self, rows: Histories, h: float) -> Array:
        """Return P(alive) · Σ_m P(at least m orders | alive), a sum of positive terms."""
        out = np.empty(len(rows))
        for part, x, t_x, T in blocks(rows):
            odds = self._stages(x, t_x, T)[2]
            out[part] = self._orders_if_alive(Histories(x, t_x, T), h) / (1.0 + odds)
        return out

    def discounted_orders(self, rows: Histories, h: float, rate: float) -> Array:
        """Return P(alive) times the discounted orders of a customer who is alive."""
        out = np.empty(len(rows))
        for part, x, t_x, T in blocks(rows):
            odds = self._stages(x, t_x, T)[2]
            known = np.isfinite(odds)
            some = Histories(x[known], t_x[known], T[known])
            out[part] = np.nan
            out[part][known] = self._discounted_if_alive(some, h, rate) / (1.0 + odds[known])
        return out

    def _orders_if_alive(self, rows: Histories, h: float | Array) -> Array:
        n = self.r + self.k * rows.x
        total, m = np.zeros(len(rows)), 0
        never = 3.0 + 2.0 * n * h / (self.k * (self.alpha + rows.T))
        while m < 100_000:
            m += 1
            term = self.p_at_least_if_alive(rows, np.full(len(rows), float(m)), h)
            total += term
            if not ((term > 1e-11 * total) | ((m < never) & (term > 1e-300))).any():
                break
        return total

    def _discounted_if_alive(self, rows: Histories, h: float, rate: float) -> Array:
        def orders(some: NDArray[np.intp], days: Array) -> Array:
            each = (np.broadcast_to(part[some], days.shape).ravel() for part in columns)
            return self._orders_if_alive(Histories(*each), days.ravel()).reshape(days.shape)

        columns = (rows.x, rows.t_x, rows.T)
        gap = self.k * (self.alpha + rows.T) / (self.r + self.k * rows.x)
        bend = 1.0 / (1.0 / (self.alpha + rows.T) + 1.0 / gap)
        return discounted(orders, bend, h, rate, waves=1 + self.k // 3)

    def expected_orders_new(self, h: float) -> float:
        """Return the orders expected of a new customer, who may be gone after the first order."""
        return float(self.expected_orders(Histories(*np.zeros((3, 1))), h)[0])

    def p_at_least_if_alive(self, rows: Histories, orders: Array, h: float | Array) -> Array:
        """Return Σ_j P(stage j) · P(km − j steps or more) · E[(1 − p)^(m−1)]."""
        from scipy.special import betainc

        n, stages, _ = self._stages(rows.x, rows.t_x, rows.T)
        w, j = (h / (self.alpha + rows.T + h))[:, None], stages.j
        many = stages.mean(betainc(self.k * orders[:, None] - j, n[:, None] + j, w))
        b, before = self.b + rows.x + 1.0, orders - 1.0
        return np.asarray(many * np.exp(log_rising(b, before) - log_rising(self.a + b, before)))

    def stays(self, rows: Histories, h: float) -> Array:
        """Return 1 − Σ_m P(m orders come, and the m-th is the last)."""
        out, m = np.ones(len(rows)), 0
        while m < 100_000:
            m += 1
            reached = self.p_at_least_if_alive(rows, np.full(len(rows), float(m)), h)
            out -= reached * self.a / (self.a + self.b + rows.x + m)
            if not (reached > 1e-13).any():
                break
        return np.maximum(out, 0.0)

    def _stages(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Stages, Array]:
        n = self.r + self.k * x
        stages = Stages(n, (T - t_x) / (self.alpha + T), self.k)
        z = n * np.log1p((T - t_x) / (self.alpha + t_x)) - stages.log_total
        return n, stages, self.a / (self.b + x) * np.exp(np.minimum(z, 660.0))


@saved
@attrs.frozen(kw_only=True, slots=False)
class FittedMBGCNBD(FittedDropout):
    """A fitted MBG/CNBD-k model; see `MBGCNBD`. `alpha` and `r` are those of hidden steps.

    Attributes:
        k: Hidden steps an order; the gaps of a customer are Erlang-k distributed.
    """

    k: int = 1

    first: ClassVar[int] = 1

    @property
    def process(self) -> Regular:  # type: ignore[override]
        """The model's mathematics at the estimates, in days."""
        alpha = self.alpha * DAYS[self.spec.unit]
        return Regular(r=self.r, alpha=alpha, a=self.a, b=self.b, k=self.k)


def _k(_: object, __: Any, value: object) -> None:
    if value is not None and not (fits(value, int) and 1 <= value <= 50):  # type: ignore[operator]
        raise SpecError(
            f"k is a whole number from 1 to 50, or None; got {value!r:.40}.",
            hint="k=None chooses it by likelihood.",
        )


@saved
@attrs.frozen(kw_only=True)
class MBGCNBD(PurchaseModel[FittedMBGCNBD]):
    """The MBG/CNBD-k model of regular buying (Platzer and Reutterer 2016; Reutterer et al. 2020).

    As `MBGNBD`, but each order takes k hidden steps: with k above 1 a customer's gaps vary less
    than at random, and a long silence says more. k = 1 is MBG/NBD.

    Args:
        k: Hidden steps an order; None chooses it by likelihood, up to 8.
        horizon_days: Days that `p_no_purchase_…d` and `expected_orders_…d` look ahead.
        unit: "day" or "week": the unit of alpha. The customer table is in days always.
        penalty: Ridge on the log parameters: `penalty` × their sum of squares is taken off the mean
            log-likelihood (alpha in units of a tenth of the mean age). 0 is maximum likelihood.

    The table needs `gap_log_mean`, which `summarize(orders, gaps=True)` adds: the likelihood of k
    depends on it. Predictions do not.

    Example:
        >>> import layerwise as lw
        >>> log = lw.datasets.load_cdnow()
        >>> customers = lw.summarize(
        ...     log[log["ordered_at"] <= "1997-09-30"], as_of="1997-09-30", amount=None, gaps=True
        ... )
        >>> fitted = MBGCNBD().fit(customers)
        >>> fitted.k, round(fitted.log_likelihood, 1)
        (1, -14363.2)
    """

    k: int | None = attrs.field(default=None, validator=_k)

    default_name: ClassVar[str] = "mbgcnbd"

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the three columns of a history, and the mean log of the gaps."""
        return (*NEEDED, names.GAP_LOG_MEAN)

    def fit(self, customers: object) -> FittedMBGCNBD:
        """Fit by maximum likelihood.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible or missing, or gaps are missing.
            FitError: The table is empty, or no customer has ordered again.
        """
        return self.learn(read_for(self, self.default_name, customers), self.default_name)

    def learn(self, columns: Columns, name: str) -> FittedMBGCNBD:
        """Fit to arrays of the customer table.

        Raises:
            DataError: Histories are impossible, or repeat buyers have no gaps.
            FitError: No customer has ordered again.
        """
        rows = read_columns(columns)
        check(rows, allow_missing=False)
        gaps = np.where(rows.x > 0, rows.x * numbers(columns[names.GAP_LOG_MEAN]), 0.0)
        if np.isnan(gaps).any():
            raise DataError(
                f"gap_log_mean is missing for {np.isnan(gaps).sum():,} repeat buyers.",
                hint="summarize(orders, gaps=True) gives it for every customer with two occasions.",
            )
        merged, log_gaps = distinct(rows), float(gaps.sum())
        tried = [self.k] if self.k is not None else range(1, MOST_REGULAR + 1)
        best: FittedMBGCNBD | None = None
        for k in tried:
            found = self._with_k(merged, name, k, log_gaps)
            if best is not None and found.log_likelihood <= best.log_likelihood:  # type: ignore[operator]
                break
            best = found
        assert best is not None  # noqa: S101
        return best

    def _with_k(self, rows: Distinct, name: str, k: int, log_gaps: float) -> FittedMBGCNBD:
        def kernel(p: Array, part: Distinct, scale: float) -> tuple[float, Array, Array]:
            return _dropout.log_likelihood(p, part, 1, scale, k)

        start = np.array([0.0, log_mean_rate(rows) - np.log(k), 0.0, np.log(3.0)])
        found: FittedMBGCNBD = estimate(
            self, name, rows, kernel, FittedMBGCNBD, start, limit_of_dropout, k
        )
        orders = float((rows.histogram * rows.levels).sum())
        log_gaps -= orders * np.log(DAYS[self.unit])
        constant = float((k - 1.0) * log_gaps - orders * math.lgamma(k))
        return attrs.evolve(found, k=k, log_likelihood=found.log_likelihood + constant)  # type: ignore[operator]

    def with_parameters(self, **parameters: float) -> FittedMBGCNBD:
        """Return the model at given parameters r, alpha, a, b and the spec's k.

        Raises:
            SpecError: A parameter is unknown, missing or not positive, or the spec has no k.
        """
        if self.k is None:
            raise SpecError("Given parameters need a k.", hint="MBGCNBD(k=2).with_parameters(...).")
        found: FittedMBGCNBD = with_parameters(self, FittedMBGCNBD, parameters)
        return attrs.evolve(found, k=self.k)

    def _fitted_class(self) -> type[FittedMBGCNBD]:
        return FittedMBGCNBD

    def _estimate(self, rows: Distinct, name: str) -> FittedMBGCNBD:
        if self.k != 1:
            raise SpecError(
                "Histories with counts do not hold the gaps that the likelihood of k needs.",
                hint="fit(summarize(orders, gaps=True)): it has the column gap_log_mean.",
            )
        return self._with_k(rows, name, 1, 0.0)
