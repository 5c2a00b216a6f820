"""Static covariates of the order rate and of dropout, by maximum likelihood."""

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise import frames
from layerwise.errors import ColumnsError, DataError, FitError, SpecError
from layerwise.models import _dropout, _pareto
from layerwise.models._estimate import MEAN_AGE, Kernel, require_repeaters
from layerwise.models.bgnbd import BGNBD
from layerwise.models.groups import rows_where
from layerwise.models.histories import Distinct, Histories, distinct, read_histories
from layerwise.models.maximum_likelihood import (
    Derivatives,
    Optimum,
    as_rows,
    log_covariance,
    newton,
    warn_not_identified,
    warn_unless_converged,
)
from layerwise.models.mbgnbd import MBGNBD
from layerwise.models.model import DAYS
from layerwise.models.pareto_nbd import ParetoNBD
from layerwise.rules.base import as_tuple
from layerwise.saved import saved

Array = NDArray[np.float64]
_MOST_KINDS = 2_000


def _by_dropout(first: int) -> Kernel:
    return lambda p, rows, scale: _dropout.log_likelihood(p, rows, first, scale)


_MODELS: dict[type[Any], tuple[Kernel, int, float]] = {
    BGNBD: (_by_dropout(0), 2, 1.0),
    MBGNBD: (_by_dropout(1), 2, 1.0),
    ParetoNBD: (_pareto.log_likelihood, 3, -1.0),
}
"""Spec -> likelihood, the parameter of dropout, and the sign with which its covariates act."""


@saved
@attrs.frozen(kw_only=True)
class FittedCovariates:
    """A fitted model with covariates; see `WithCovariates`.

    Attributes:
        spec: The choices it was fitted with.
        model: The fitted model of a customer whose covariates are all 0.
        rate: One coefficient a covariate of the order rate: +0.1 means e^0.1 times the rate.
        dropout: One coefficient a covariate of dropout: positive means sooner.
        log_likelihood: As of every model (see `FittedStatistics`).
        covariance: Of the model's four parameters, then `rate`, then `dropout`.
        n_customers: Customers it learned from.
        converged: Whether the gradient vanished.
    """

    spec: "WithCovariates"
    model: Any
    rate: tuple[float, ...] = attrs.field(converter=as_tuple)
    dropout: tuple[float, ...] = attrs.field(converter=as_tuple)
    log_likelihood: float
    covariance: tuple[tuple[float, ...], ...] | None
    n_customers: int
    converged: bool

    @property
    def aic(self) -> float:
        """2k − 2 log-likelihood: smaller is better."""
        return 2.0 * (4 + len(self.rate) + len(self.dropout)) - 2.0 * self.log_likelihood

    def p_alive(self, customers: object) -> Array:
        """Return P(alive), one number a row (see `FittedModel.p_alive`)."""
        return self._each(customers, lambda model, part: model.p_alive(part))

    def p_no_purchase(self, customers: object, horizon_days: float | None = None) -> Array:
        """Return P(no order in the next days), one number a row."""
        return self._each(customers, lambda model, part: model.p_no_purchase(part, horizon_days))

    def expected_orders(self, customers: object, horizon_days: float | None = None) -> Array:
        """Return the orders expected in the next days, one number a row."""
        return self._each(customers, lambda model, part: model.expected_orders(part, horizon_days))

    def discounted_orders(
        self, customers: object, horizon_days: float | None = None, *, annual_discount: float = 0.1
    ) -> Array:
        """Return the orders expected in the next days, discounted to the date of the table."""

        def each(model: Any, part: object) -> Array:
            found: Array = model.discounted_orders(
                part, horizon_days, annual_discount=annual_discount
            )
            return found

        return self._each(customers, each)

    def likelihood_ratio(self, plain: Any) -> tuple[float, int, float]:
        """Return the likelihood-ratio test against the model without covariates.

        Args:
            plain: The same model fitted to the same customers without covariates.

        Returns:
            The statistic 2 (ln L − ln L₀), its degrees of freedom, and P(more | no effect).

        Raises:
            SpecError: The models were fitted to different numbers of customers.
        """
        from scipy.special import chdtrc

        if plain.log_likelihood is None or plain.n_customers != self.n_customers:
            raise SpecError(
                "Both models of a likelihood-ratio test are fitted to the same customers.",
                hint="fit the plain model to the same table.",
            )
        statistic = max(2.0 * (self.log_likelihood - plain.log_likelihood), 0.0)
        freedom = len(self.rate) + len(self.dropout)
        return statistic, freedom, float(chdtrc(freedom, statistic))

    def _each(self, customers: object, predict: Callable[[Any, object], Array]) -> Array:
        kinds, kind = _kinds(self.spec, customers)
        base = np.log(list(self.model.parameters.values()))
        phi = np.concatenate((base, self.rate, self.dropout))
        out = np.empty(len(kind))
        for i, z in enumerate(kinds):
            values = np.exp(self.spec.map(z) @ phi)
            names = self.model.parameter_names
            model = attrs.evolve(self.model, **dict(zip(names, map(float, values), strict=True)))
            out[kind == i] = predict(model, rows_where(customers, kind == i))
        return out


@saved
@attrs.frozen(kw_only=True)
class WithCovariates:
    """A purchase model whose rate and dropout depend on what is known of a customer from the start.

    A covariate z multiplies the order rate by e^(γz): alpha_i = alpha · e^(−γz). Dropout likewise:
    beta_i = beta · e^(−γz) in Pareto/NBD, a_i = a · e^(γz) in BG/NBD and MBG/NBD (Fader and Hardie
    2007, "Incorporating time-invariant covariates"). Fitted by Newton's method on all parameters
    together; customers with equal covariates share one evaluation, so bin continuous ones.

    Args:
        model: `BGNBD()`, `MBGNBD()` or `ParetoNBD()`.
        rate: Number columns that act on the order rate.
        dropout: Number columns that act on dropout.

    Example:
        >>> from layerwise.datasets import load_cdnow_summary
        >>> customers = load_cdnow_summary()
        >>> customers["early"] = (customers["age_days"] > 230).astype(int)
        >>> spec = WithCovariates(model=BGNBD(unit="week"), rate=["early"], dropout=["early"])
        >>> fitted = spec.fit(customers)
        >>> statistic, freedom, p = fitted.likelihood_ratio(BGNBD(unit="week").fit(customers))
        >>> freedom, p > 0.05
        (2, True)
    """

    model: Any
    rate: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    dropout: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)

    def __attrs_post_init__(self) -> None:
        if type(self.model) not in _MODELS:
            kinds = ", ".join(kind.__name__ for kind in _MODELS)
            raise SpecError(
                f"Covariates go with {kinds}; got {type(self.model).__name__}.",
                hint="WithCovariates(model=BGNBD(), rate=[...]) for one.",
            )
        if not (self.rate or self.dropout):
            raise SpecError(
                "Name at least one covariate of the rate or of dropout.",
                hint="rate=['first_spend'] names columns of the customer table.",
            )

    def fit(self, customers: object) -> FittedCovariates:
        """Fit by maximum likelihood.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible or missing, or covariates are missing.
            FitError: No customer has ordered again, or there are too many different covariates.
        """
        rows = read_histories(customers, allow_missing=False)
        kinds, kind = _kinds(self, customers)
        if len(kinds) > _MOST_KINDS:
            raise FitError(
                f"The covariates take {len(kinds):,} different values together.",
                hint=f"bin continuous covariates, so that at most {_MOST_KINDS:,} remain.",
            )
        everyone = distinct(rows)
        require_repeaters(everyone, type(self.model).__name__)
        parts = [
            (self.map(z), distinct(Histories(*(c[kind == i] for c in (rows.x, rows.t_x, rows.T)))))
            for i, z in enumerate(kinds)
        ]
        return self._climb(self.model.fit(customers), everyone, parts)

    def map(self, z: Array) -> Array:
        """Return the matrix from all parameters to the logs of one customer's four."""
        _, place, sign = _MODELS[type(self.model)]
        p = len(self.rate)
        matrix = np.eye(4, 4 + len(z))
        matrix[1, 4 : 4 + p] = -z[:p]
        matrix[place, 4 + p :] = sign * z[p:]
        return matrix

    def _climb(
        self, plain: Any, everyone: Distinct, parts: list[tuple[Array, Distinct]]
    ) -> FittedCovariates:
        unit = MEAN_AGE / everyone.mean_age() * DAYS[self.model.unit]
        scales = [unit if name in plain.times else 1.0 for name in plain.parameter_names]
        start = np.log(np.array(list(plain.parameters.values())) * scales)
        start = np.concatenate((start, np.zeros(len(self.rate) + len(self.dropout))))
        n = everyone.customers
        optimum = newton(self._mean(parts, n, unit), start)
        label = f"{type(self.model).__name__} with covariates"
        warn_unless_converged(label, optimum)
        return self._fitted(plain, everyone, optimum, np.array(scales), unit, label)

    def _mean(
        self, parts: list[tuple[Array, Distinct]], n: float, unit: float
    ) -> Callable[[Array], Derivatives]:
        """Return the mean objective: logs of each kind's parameters are linear in all of them."""
        kernel, *_ = _MODELS[type(self.model)]
        scale, penalty = unit / DAYS[self.model.unit], self.model.penalty

        def mean(phi: Array) -> Derivatives:
            k = len(phi)
            value = -penalty * float(phi @ phi) * n
            gradient, hessian = -2.0 * n * penalty * phi, -2.0 * n * penalty * np.eye(k)
            for matrix, part in parts:
                p = np.exp(matrix @ phi)
                one, slope, curve = kernel(p, part, scale)
                value += one
                gradient = gradient + matrix.T @ (slope * p)
                inner = curve * np.outer(p, p) + np.diag(slope * p)
                hessian = hessian + matrix.T @ inner @ matrix
            return value / n, gradient / n, hessian / n

        return mean

    def _fitted(
        self,
        plain: Any,
        rows: Distinct,
        optimum: Optimum,
        scales: Array,
        unit: float,
        label: str,
    ) -> FittedCovariates:
        n, phi = rows.customers, optimum.theta
        base = np.exp(phi[:4]) / scales
        covariance = log_covariance(optimum, n)
        if covariance is None:
            warn_not_identified(
                label,
                "the likelihood is flat around its maximum; there are no standard errors.",
                "leave covariates out that say the same, or use penalty=0.001.",
            )
        else:
            size = np.concatenate((base, np.ones(len(phi) - 4)))
            covariance = covariance * np.outer(size, size)
        orders = float((rows.histogram * rows.levels).sum())
        mean = optimum.value + self.model.penalty * float(phi @ phi)
        value = mean * n + orders * float(np.log(unit))
        parameters: dict[str, Any] = dict(zip(plain.parameter_names, map(float, base), strict=True))
        p = 4 + len(self.rate)
        return FittedCovariates(
            spec=self,
            model=attrs.evolve(plain, covariance=None, log_likelihood=None, **parameters),
            rate=tuple(map(float, phi[4:p])),
            dropout=tuple(map(float, phi[p:])),
            log_likelihood=value,
            covariance=as_rows(covariance),
            n_customers=round(n),
            converged=optimum.converged,
        )


def _kinds(spec: WithCovariates, customers: object) -> tuple[Array, NDArray[np.intp]]:
    """Return the different covariate vectors (rate, then dropout) and which one a row has.

    Raises:
        ColumnsError: A covariate is missing from the table or not numeric.
        DataError: A covariate is missing for some rows.
    """
    needed = (*spec.rate, *spec.dropout)
    frame = frames.eager(customers, doing="a model with covariates")
    title = "The customer table lacks covariates."
    frames.require(frames.column_names(frame), dict.fromkeys(needed, "a covariate"), title=title)
    columns = frames.read(frame, needed)
    texts = [name for name in columns if isinstance(columns[name], frames.Labels)]
    if texts:
        raise ColumnsError(
            f"Covariates are not numeric: {', '.join(texts)}.",
            hint="make one 0/1 column a category, leaving one category out.",
        )
    z = np.stack([np.asarray(columns[name], dtype=np.float64) for name in needed], axis=1)
    if np.isnan(z).any():
        bad = [name for name in columns if np.isnan(np.asarray(columns[name], float)).any()]
        raise DataError(
            f"Covariates are missing for some customers: {', '.join(bad)}.",
            hint="leave these customers out, or add a 0/1 column that says it is missing.",
        )
    kinds, kind = np.unique(z, axis=0, return_inverse=True)
    return kinds, kind.reshape(-1)
