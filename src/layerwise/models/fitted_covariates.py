"""What `WithCovariates` fits: a model whose parameters move with a customer's covariates."""

import copy
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise import vectors
from layerwise.errors import ColumnsError, FitError, SpecError
from layerwise.models import _dropout, _pareto
from layerwise.models._estimate import Kernel
from layerwise.models.bgnbd import BGNBD
from layerwise.models.histories import NEEDED, Histories
from layerwise.models.kinds import Answer, ByKind, distinct_keys, table_of
from layerwise.models.mbgnbd import MBGNBD
from layerwise.models.model import FittedModel
from layerwise.models.outlook import check_level
from layerwise.models.pareto_nbd import ParetoNBD
from layerwise.rules.base import as_tuple
from layerwise.saved import fits, saved
from layerwise.vectors import Columns

Array = NDArray[np.float64]
_ROWS_A_KIND = 400
"""From so many rows a kind on, one evaluation for each kind is faster than one for each row."""

_BLOCK = 4096
"""Rows that one evaluation takes with a parameter each; the models' own blocks are larger."""

_FARTHEST = 600.0
"""Logs of parameters beyond this would leave the range of floats."""


def _by_dropout(first: int) -> Kernel:
    return lambda p, rows, scale: _dropout.log_likelihood(p, rows, first, scale)


MODELS: dict[type[Any], tuple[Kernel, int, float]] = {
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

    def _has_its_spec(self) -> bool:
        if not (super()._has_its_spec() and isinstance(self.model, FittedModel)):
            return False
        sizes = [len(self.rate) - len(self.spec.rate), len(self.dropout) - len(self.spec.dropout)]
        return type(self.model.spec) is type(self.spec.model) and sizes == [0, 0]

    def _size(self) -> int:
        """Count a covariate that is named twice as twice, where the names of parameters are one."""
        return len(self.model.parameter_names) + len(self.rate) + len(self.dropout)

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
        return numbers_of(self.spec, columns)

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
        _, place, sign = MODELS[type(self.spec.model)]
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
        _, place, _ = MODELS[type(self.spec.model)]
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


def numbers_of(spec: Any, columns: Columns) -> Array:
    """Return the covariates, a row a customer.

    Raises:
        ColumnsError: A covariate is not numeric.
    """
    texts = [name for name in spec.covariates if isinstance(columns[name], vectors.Labels)]
    if texts:
        raise ColumnsError(
            f"Covariates are not numeric: {', '.join(texts)}.",
            hint="make one 0/1 column a category, leaving one category out.",
        )
    found = [np.asarray(columns[name], dtype=np.float64) for name in spec.covariates]
    return np.stack(found, axis=1)
