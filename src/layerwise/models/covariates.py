"""Static covariates of the order rate and of dropout, by maximum likelihood."""

from collections.abc import Callable
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise.errors import DataError, FitError, SpecError
from layerwise.fitted import Spec
from layerwise.learning import read_for
from layerwise.models._estimate import MEAN_AGE, require_repeaters
from layerwise.models.fitted_covariates import MODELS, FittedCovariates, numbers_of
from layerwise.models.histories import (
    NEEDED,
    Distinct,
    Histories,
    check,
    distinct,
    histories_of,
)
from layerwise.models.maximum_likelihood import (
    Derivatives,
    Optimum,
    as_rows,
    log_covariance,
    newton,
    warn_not_identified,
    warn_unless_converged,
)
from layerwise.models.model import DAYS
from layerwise.rules.base import if_several
from layerwise.saved import saved
from layerwise.vectors import Columns

Array = NDArray[np.float64]
_MOST_KINDS = 2_000


@saved
@attrs.frozen(kw_only=True)
class WithCovariates(Spec):
    """A purchase model whose rate and dropout depend on what is known of a customer from the start.

    A covariate z multiplies the order rate by e^(γz): alpha_i = alpha · e^(−γz). Dropout likewise:
    beta_i = beta · e^(−γz) in Pareto/NBD, a_i = a · e^(γz) in BG/NBD and MBG/NBD (Fader and Hardie
    2007, "Incorporating time-invariant covariates"). Fitted by Newton's method on all parameters
    together; customers with equal covariates share one evaluation, so bin continuous ones.

    It can stand in `Layers`, and `fitted.transform` adds the columns of the model.

    Args:
        model: `BGNBD()`, `MBGNBD()` or `ParetoNBD()`.
        rate: Number columns that act on the order rate.
        dropout: Number columns that act on dropout.

    Example:
        >>> from layerwise.datasets import load_cdnow_summary
        >>> from layerwise.models import BGNBD
        >>> customers = load_cdnow_summary()
        >>> customers["early"] = (customers["age_days"] > 230).astype(int)
        >>> spec = WithCovariates(model=BGNBD(unit="week"), rate=["early"], dropout=["early"])
        >>> fitted = spec.fit(customers)
        >>> statistic, freedom, p = fitted.likelihood_ratio(BGNBD(unit="week").fit(customers))
        >>> freedom, p > 0.05
        (2, True)
    """

    model: Any
    rate: tuple[str, ...] = attrs.field(default=(), converter=if_several)
    dropout: tuple[str, ...] = attrs.field(default=(), converter=if_several)

    default_name: ClassVar[str] = "covariates"

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if type(self.model) not in MODELS:
            kinds = ", ".join(kind.__name__ for kind in MODELS)
            raise SpecError(
                f"Covariates go with {kinds}; got {type(self.model).__name__}.",
                hint="WithCovariates(model=BGNBD(), rate=[...]) for one.",
            )
        if not (self.rate or self.dropout):
            raise SpecError(
                "Name at least one covariate of the rate or of dropout.",
                hint="rate=['first_spend'] names columns of the customer table.",
            )

    @property
    def covariates(self) -> tuple[str, ...]:
        """The columns, each once."""
        return tuple(dict.fromkeys((*self.rate, *self.dropout)))

    @property
    def horizon_days(self) -> float:
        """That of the model."""
        return float(self.model.horizon_days)

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the columns of a history, and the covariates."""
        return tuple(dict.fromkeys((*self.model.needs(name), *self.covariates)))

    def gives(self, name: str) -> tuple[str, ...]:
        """Return the columns that the model adds."""
        given: tuple[str, ...] = self.model.gives(name)
        return given

    def fit(self, customers: object) -> FittedCovariates:
        """Fit by maximum likelihood.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible or missing, or covariates are missing.
            FitError: No customer has ordered again, or there are too many different covariates.
        """
        return self.learn(read_for(self, self.default_name, customers), self.default_name)

    def learn(self, columns: Columns, name: str) -> FittedCovariates:
        """Fit to arrays of the customer table.

        Raises:
            DataError: Histories are impossible, or covariates missing.
            FitError: No customer has ordered again, or the covariates take too many values.
        """
        rows = histories_of(columns)
        check(rows, allow_missing=False)
        z = numbers_of(self, columns)
        _refuse_missing(self, z)
        kinds, kind = np.unique(z, axis=0, return_inverse=True)
        kind = kind.reshape(-1)
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
        plain = self.model.learn({column: columns[column] for column in NEEDED}, name)
        return self._climb(plain, everyone, parts)

    def _fitted_class(self) -> type[FittedCovariates]:
        return FittedCovariates

    def map(self, key: Array) -> Array:
        """Return the matrix from all parameters to the logs of one customer's four."""
        _, place, sign = MODELS[type(self.model)]
        p = len(self.rate)
        z = key[[self.covariates.index(name) for name in (*self.rate, *self.dropout)]]
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
        kernel, *_ = MODELS[type(self.model)]
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
            name=plain.name,
            facts={"customers": round(n), "sizes": {}},
            model=attrs.evolve(plain, covariance=None, log_likelihood=None, **parameters),
            rate=tuple(map(float, phi[4:p])),
            dropout=tuple(map(float, phi[p:])),
            log_likelihood=value,
            covariance=as_rows(covariance),
            n_customers=round(n),
            converged=optimum.converged,
        )


def _refuse_missing(spec: WithCovariates, z: Array) -> None:
    counts = np.isnan(z).sum(axis=0)
    bad = [f"{n} ({k:,} rows)" for n, k in zip(spec.covariates, counts, strict=True) if k]
    if bad:
        raise DataError(
            f"Covariates are missing for some customers: {', '.join(bad)}.",
            hint="leave these customers out, or add a 0/1 column that says it is missing.",
        )
