"""Static covariates of the order rate and of dropout, by maximum likelihood."""

import copy
from collections.abc import Callable
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise import frames
from layerwise.errors import ColumnsError, DataError, FitError, SpecError
from layerwise.fitted import Spec, read_for
from layerwise.frames import Columns
from layerwise.models import _dropout, _pareto
from layerwise.models._estimate import MEAN_AGE, Kernel, require_repeaters
from layerwise.models.bgnbd import BGNBD
from layerwise.models.histories import (
    NEEDED,
    Distinct,
    Histories,
    check,
    distinct,
    histories_of,
)
from layerwise.models.kinds import Answer, ByKind, distinct_keys, table_of
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
from layerwise.models.model import DAYS, FittedModel
from layerwise.models.outlook import check_level
from layerwise.models.pareto_nbd import ParetoNBD
from layerwise.rules.base import as_tuple, if_several
from layerwise.saved import fits, saved

Array = NDArray[np.float64]
_MOST_KINDS = 2_000
_ROWS_A_KIND = 400
"""From so many rows a kind on, one evaluation for each kind is faster than one for each row."""

_BLOCK = 4096
"""Rows that one evaluation takes with a parameter each; the models' own blocks are larger."""

_FARTHEST = 600.0
"""Logs of parameters beyond this would leave the range of floats."""


def _by_dropout(first: int) -> Kernel:
    return lambda p, rows, scale: _dropout.log_likelihood(p, rows, first, scale)


_MODELS: dict[type[Any], tuple[Kernel, int, float]] = {
    BGNBD: (_by_dropout(0), 2, 1.0),
    MBGNBD: (_by_dropout(1), 2, 1.0),
    ParetoNBD: (_pareto.log_likelihood, 3, -1.0),
}
"""Spec -> likelihood, the parameter of dropout, and the sign with which its covariates act."""


@saved
@attrs.frozen(kw_only=True, slots=False)
class FittedCovariates(ByKind):
    """A fitted model with covariates; see `WithCovariates`.

    It predicts as every fitted model does, from a table that has the covariates too; a customer
    whose covariates are missing gets missing predictions. `covariance` is that of the model's four
    parameters, then `rate`, then `dropout`.

    Attributes:
        model: The fitted model of a customer whose covariates are all 0.
        rate: One coefficient a covariate of the order rate: +0.1 means e^0.1 times the rate.
        dropout: One coefficient a covariate of dropout: positive means sooner.
    """

    model: Any
    rate: tuple[float, ...] = attrs.field(converter=as_tuple)
    dropout: tuple[float, ...] = attrs.field(converter=as_tuple)

    @property
    def parameter_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of the model, then `rate_…` and `dropout_…` of each covariate."""
        return tuple(self.parameters)

    @property
    def parameters(self) -> dict[str, float]:
        """The estimates by name."""
        found: dict[str, float] = self.model.parameters
        for on in ("rate", "dropout"):
            effects = zip(getattr(self.spec, on), getattr(self, on), strict=True)
            found |= {f"{on}_{name}": effect for name, effect in effects}
        return found

    @property
    def tells_apart(self) -> tuple[str, ...]:
        """The covariates."""
        covariates: tuple[str, ...] = self.spec.covariates
        return covariates

    def keys(self, columns: Columns) -> Array:
        """Return the covariates of each row.

        Raises:
            ColumnsError: A covariate is not numeric.
        """
        return _numbers(self.spec, columns)

    def keyed(self, frame: Any) -> tuple[Any, tuple[str, ...]]:
        """Return the frame as it is: the covariates are its columns."""
        return frame, self.tells_apart

    def model_of(self, key: Array) -> FittedModel:
        """Return the model of customers with these covariates."""
        values = self._values(key[None, :])[0].tolist()
        parameters = dict(zip(self.model.parameter_names, values, strict=True))
        moved: FittedModel = attrs.evolve(self.model, **parameters)
        return moved

    def answers(self, rows: Histories, keys: Array, answer: Answer) -> NDArray[Any]:
        """Return one answer a row; kinds may be as many as customers, then by blocks of rows."""
        known = np.asarray(np.isfinite(keys).all(axis=1))
        if len(distinct_keys(keys[known])[0]) * _ROWS_A_KIND <= len(rows):
            return super().answers(rows, keys, answer)
        for column in (rows.x, rows.t_x, rows.T):
            known &= ~np.isnan(column)
        here = np.flatnonzero(known)
        places = np.array_split(here, -(-len(here) // _BLOCK)) if len(here) else []
        found = [answer(self._spread(keys[i]), table_of(rows, i)) for i in places]
        lost = np.flatnonzero(~known)
        if len(lost) or not found:  # without a history every answer is missing
            empty = table_of(rows, lost).assign(**dict.fromkeys(NEEDED, np.nan))
            found, places = [*found, answer(self.model, empty)], [*places, lost]
        values = np.concatenate(found)
        out = np.empty_like(values)
        out[np.concatenate(places)] = values
        return out

    def _values(self, keys: Array) -> Array:
        """Return the four parameters of each row."""
        _, place, sign = _MODELS[type(self.spec.model)]
        logs = np.tile(np.log([*self.model.parameters.values()]), (len(keys), 1))
        for on, effects, at, turn in (
            (self.spec.rate, self.rate, 1, -1.0),
            (self.spec.dropout, self.dropout, place, sign),
        ):
            z = keys[:, [self.tells_apart.index(name) for name in on]]
            logs[:, at] += turn * (z * np.array(effects)).sum(axis=1)
        return np.asarray(np.exp(np.clip(logs, -_FARTHEST, _FARTHEST)))

    def _spread(self, keys: Array) -> FittedModel:
        """Return the model with the parameters of each of some rows in place of one number.

        For predictions row by row of just these rows, at most a block of them.
        """
        values = self._values(keys)
        _, place, _ = _MODELS[type(self.spec.model)]
        model: FittedModel = copy.copy(self.model)
        for i in (1, place):
            object.__setattr__(model, self.model.parameter_names[i], values[:, i])
        return model

    def at(self, **covariates: float) -> FittedModel:
        """Return the plain model of a customer with these covariates: `fitted.at(web=1)`.

        Raises:
            SpecError: Not exactly the covariates of the model are given, or one is no number.
        """
        numbers = all(fits(value, float) for value in covariates.values())
        if set(covariates) != set(self.tells_apart) or not numbers:
            raise SpecError(
                f"The model has the covariates {', '.join(self.tells_apart)}, each a number.",
                hint=f"name every one: at({'=..., '.join(self.tells_apart)}=...).",
            )
        key = np.array([covariates[name] for name in self.tells_apart], dtype=np.float64)
        return self.model_of(key)

    def expected_orders_interval(
        self,
        customers: object,
        horizon_days: float | None = None,
        *,
        level: float = 0.95,
        draws: int = 200,
        seed: int = 0,
    ) -> Array:
        """Return how far the uncertainty of the parameters lets expected orders range.

        As that of every model (see `FittedModel`), with the coefficients drawn too.

        Raises:
            FitError: The model has no covariance.
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The horizon or the level makes no sense.
        """
        check_level(level)
        rows, keys = self.read(customers)
        days = self._days(horizon_days)
        values = [
            one.answers(rows, keys, lambda model, part: model.expected_orders(part, days))
            for one in self._drawn(draws, seed)
        ]
        ends = np.quantile(values, ((1.0 - level) / 2.0, (1.0 + level) / 2.0), axis=0)
        return np.asarray(ends.T, dtype=np.float64)

    def _drawn(self, draws: int, seed: int) -> list[Any]:
        if self.covariance is None:
            raise FitError(
                "The model has no covariance, so its uncertainty is not known.",
                hint="leave covariates out that say the same, or fit with penalty=0.001.",
            )
        base = np.array([*self.model.parameters.values()])
        at = np.concatenate((np.log(base), self.rate, self.dropout))
        size = np.concatenate((base, np.ones(len(at) - 4)))
        rows = np.random.default_rng(seed).multivariate_normal(
            at, np.array(self.covariance) / np.outer(size, size), draws
        )
        return [self._with(row, np.exp(row[:4])) for row in rows]

    def _with(self, phi: Array, base: Array) -> "FittedCovariates":
        p = 4 + len(self.rate)
        names = self.model.parameter_names
        model = attrs.evolve(self.model, **dict(zip(names, base.tolist(), strict=True)))
        return attrs.evolve(self, model=model, rate=phi[4:p].tolist(), dropout=phi[p:].tolist())

    def likelihood_ratio(self, plain: Any) -> tuple[float, int, float]:
        """Return the likelihood-ratio test against the model without covariates.

        Args:
            plain: The same model fitted to the same customers without covariates.

        Returns:
            The statistic 2 (ln L − ln L₀), its degrees of freedom, and P(more | no effect).

        Raises:
            SpecError: The models were fitted to different numbers of customers, in different
                units, or are different models.
        """
        from scipy.special import chdtrc

        alike = plain.spec == attrs.evolve(self.spec.model, horizon_days=plain.spec.horizon_days)
        same = plain.n_customers == self.n_customers and alike
        if plain.log_likelihood is None or self.log_likelihood is None or not same:
            raise SpecError(
                "Both models of a likelihood-ratio test are fitted to the same customers, with "
                "the same choices.",
                hint="fit the plain model, fitted.spec.model, to the same table.",
            )
        statistic = max(2.0 * (self.log_likelihood - plain.log_likelihood), 0.0)
        freedom = len(self.rate) + len(self.dropout)
        return statistic, freedom, float(chdtrc(freedom, statistic))


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
        z = _numbers(self, columns)
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

    def map(self, key: Array) -> Array:
        """Return the matrix from all parameters to the logs of one customer's four."""
        _, place, sign = _MODELS[type(self.model)]
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


def _numbers(spec: WithCovariates, columns: Columns) -> Array:
    """Return the covariates, a row a customer.

    Raises:
        ColumnsError: A covariate is not numeric.
    """
    texts = [name for name in spec.covariates if isinstance(columns[name], frames.Labels)]
    if texts:
        raise ColumnsError(
            f"Covariates are not numeric: {', '.join(texts)}.",
            hint="make one 0/1 column a category, leaving one category out.",
        )
    found = [np.asarray(columns[name], dtype=np.float64) for name in spec.covariates]
    return np.stack(found, axis=1)


def _refuse_missing(spec: WithCovariates, z: Array) -> None:
    counts = np.isnan(z).sum(axis=0)
    bad = [f"{n} ({k:,} rows)" for n, k in zip(spec.covariates, counts, strict=True) if k]
    if bad:
        raise DataError(
            f"Covariates are missing for some customers: {', '.join(bad)}.",
            hint="leave these customers out, or add a 0/1 column that says it is missing.",
        )
