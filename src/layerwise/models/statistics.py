"""What every fitted model says about its fit: standard errors, AIC, BIC."""

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
import numpy as np

from layerwise.errors import SpecError
from layerwise.labeller import Part
from layerwise.models import _lifetimes
from layerwise.rules.base import as_mapping


@attrs.frozen(kw_only=True, slots=False)
class FittedStatistics(Part):
    """A model fitted by maximum likelihood; its parameters are attributes of the child class.

    Attributes:
        spec: The choices it was fitted with.
        name: Its name among layers.
        log_likelihood: The true log-likelihood of the data at the estimates, in the model's own
            unit and without any penalty; None for parameters that were given, not fitted.
        covariance: Covariance of the estimates, one row a parameter, from the exact Hessian; None
            where the data do not identify the parameters.
        n_customers: Customers the model learned from.
        converged: Whether the gradient vanished (the optimiser's own flag is not asked).
        facts: What the report says about the fit.
    """

    spec: Any
    name: str
    log_likelihood: float | None = None
    covariance: tuple[tuple[float, ...], ...] | None = attrs.field(default=None, repr=False)
    n_customers: int = 0
    converged: bool = True
    facts: Mapping[str, Any] = attrs.field(factory=dict, converter=as_mapping, repr=False)

    parameter_names: ClassVar[tuple[str, ...]] = ()
    """The parameters, in the order of `covariance`."""

    times: ClassVar[tuple[str, ...]] = ()
    """Those that measure time, in the unit of the spec."""

    lifetimes_fitter: ClassVar[str] = ""
    """The class of lifetimes that is the same model."""

    def __attrs_post_init__(self) -> None:
        """Refuse what no fit gives, so that a changed file is refused when it is read.

        Raises:
            SpecError: The spec is of another model, or the numbers do not fit together.
        """
        if not self._has_its_spec():
            raise _no_fit(f"{type(self).__name__} has the spec of another model, or none")
        if self.n_customers < 0:
            raise _no_fit("n_customers is negative")
        if self.covariance is not None and not _is_covariance(self.covariance, self._size()):
            raise _no_fit("covariance is not one row and one column a parameter")

    def _has_its_spec(self) -> bool:
        """Say whether fitting the spec gives a model of this class."""
        kind = getattr(self.spec, "_fitted_class", None)
        return kind is not None and isinstance(self, kind())

    def _size(self) -> int:
        """Return how many parameters were estimated."""
        return len(self.parameter_names)

    @property
    def parameters(self) -> dict[str, float]:
        """The estimates by name."""
        return {name: getattr(self, name) for name in self.parameter_names}

    @property
    def standard_errors(self) -> tuple[float, ...] | None:
        """Square roots of the diagonal of `covariance`; None where it is None."""
        if self.covariance is None:
            return None
        return tuple(float(row[i] ** 0.5) for i, row in enumerate(self.covariance))

    @property
    def aic(self) -> float | None:
        """2k − 2 log-likelihood: smaller is better among models of the same data."""
        if self.log_likelihood is None:
            return None
        return 2.0 * len(self.parameter_names) - 2.0 * self.log_likelihood

    @property
    def bic(self) -> float | None:
        """Parameters × ln(customers) − 2 log-likelihood; smaller is better."""
        if self.log_likelihood is None:
            return None
        k, n = len(self.parameter_names), self.n_customers
        return float(k * np.log(n) - 2.0 * self.log_likelihood)

    def to_lifetimes(self) -> Any:
        """Return a fitter of lifetimes with the same parameters, ready to predict.

        Its time is in the unit of the spec. Importing lifetimes changes pandas options and warning
        filters; they are restored.
        """
        return _lifetimes.to_fitter(self.lifetimes_fitter, self.parameters)

    def _needed_by(self) -> dict[str, str]:
        owner = f"{self.name} ({type(self.spec).__name__})"
        made: set[str] = set()
        needed: dict[str, str] = {}
        for rule in self.rules:
            needed |= {n: owner for n in rule.inputs if n not in made}
            made.add(rule.output)
        return needed


def _is_covariance(rows: tuple[tuple[float, ...], ...], size: int) -> bool:
    square = len(rows) == size and all(len(row) == size for row in rows)
    return square and all(row[i] >= 0 for i, row in enumerate(rows))


def _no_fit(what: str) -> SpecError:
    return SpecError(f"No fit gives this model: {what}.", hint="fit the model, or load its file.")
