"""What `fit` returns (rules and facts, no customer rows), and the specs that fit."""

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
import numpy as np

from layerwise import frames, saved, vectors
from layerwise.errors import SpecError, problems
from layerwise.labeller import Part, unmet
from layerwise.learning import checked, learn_in_engine, learn_one, required
from layerwise.rules import Rule
from layerwise.rules.base import as_mapping, as_tuple
from layerwise.unfitted import Unfitted
from layerwise.vectors import Columns


@saved.saved
@attrs.frozen(kw_only=True, slots=False)
class Fitted(Part):
    """One fitted layer.

    Args:
        spec: The choices it was fitted with.
        name: Its name, which is its output column.
        rules: What it learned.
        facts: What to know about the fit: customers, sizes of the labels and more.

    Example:
        >>> import pandas as pd
        >>> from layerwise.layers.value import Value
        >>> customers = pd.DataFrame({"spend_365d": [10.0, 20.0, 30.0, 40.0, 500.0]})
        >>> fitted = Value().fit(customers)
        >>> fitted.name, fitted.needs, fitted.outputs, fitted.facts["edges"]
        ('value', ('spend_365d',), ('value',), (30.0, 40.0))
        >>> fitted.facts["sizes"]["value"]
        {'not_evaluable': 0, 'low': 3, 'mid': 1, 'high': 1}
    """

    spec: "Spec"
    name: str
    rules: tuple[Rule, ...] = attrs.field(converter=as_tuple, repr=False)
    facts: Mapping[str, Any] = attrs.field(factory=dict, converter=as_mapping)

    def _needed_by(self) -> dict[str, str]:
        return unmet(self.rules, f"{self.name} ({type(self.spec).__name__})")


@attrs.frozen(kw_only=True)
class Spec(Unfitted):
    """The choices of one layer. A new one gives `default_name`, `needs` and `learn`.

    Example:
        >>> from layerwise.rules import Cut
        >>> from layerwise.spec import quantile_edges
        >>> @saved.saved
        ... @attrs.frozen(kw_only=True)
        ... class Size(Spec):
        ...     default_name: ClassVar[str] = "size"
        ...     cut: float = 0.5
        ...     def needs(self, name):
        ...         return ("spend",)
        ...     def learn(self, columns, name):
        ...         edges = quantile_edges(columns["spend"], (self.cut,))
        ...         rule = Cut(output=name, column="spend", edges=edges, labels=("small", "big"))
        ...         return Fitted(spec=self, name=name, rules=(rule,))
        >>> import pandas as pd
        >>> customers = pd.DataFrame({"spend": [5.0, 7.0, 90.0]})
        >>> Size().fit(customers).transform(customers)["size"].tolist()
        ['small', 'small', 'big']
    """

    default_name: ClassVar[str] = ""

    apart: ClassVar[bool] = False
    """Whether `learn` looks at one column at a time, so that an engine may count each by itself."""

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the columns that learning reads; `name` is the name of the layer."""
        raise NotImplementedError

    def gives(self, name: str) -> tuple[str, ...]:
        """Return the columns that the fitted layer adds."""
        return (name,)

    def learn(self, columns: Columns, name: str) -> Part:
        """Learn from arrays of equal length; the output column is called `name`."""
        raise NotImplementedError

    def __attrs_post_init__(self) -> None:
        self.check_types()

    def check_types(self) -> None:
        """Refuse what a saved file could not hold: another type than the field's, NaN, infinity.

        Called when a spec is built, so that all that can be fitted can be saved and loaded. A
        subclass with checks of its own begins them with ``super().__attrs_post_init__()``.

        Raises:
            SpecError: With all such choices.
        """
        for field in attrs.fields(type(self)):  # numpy's numbers as Python's, which never overflow
            if isinstance(value := getattr(self, field.name), np.generic):
                object.__setattr__(self, field.name, value.item())
        wrong = saved.misfits(self)
        if wrong:
            own = type(self).__name__
            lines = [f"{n}={getattr(self, n)!r:.60} is not {what}" for n, what in wrong.items()]
            raise SpecError(
                problems(f"{own} cannot use these choices:", lines),
                hint=f"help({own}) says what each choice means.",
            )

    def fit(self, customers: object) -> Part:
        """Learn cuts and numbers from a customer table; they stay as they are from then on.

        Args:
            customers: One row per customer (see `layerwise.summarize`), any frame; a lazy one
                counts equal rows of the needed columns, and the counts are collected.

        Returns:
            The frozen result; it holds rules and facts, no customer rows.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: A needed column holds infinite numbers or impossible histories.
            FitError: The table is empty, or nothing can be learned from it.
        """
        frame = required(self, self.default_name, customers)
        if frames.is_lazy(frame):
            return learn_in_engine(self, frame, self.default_name)
        columns = checked(vectors.read(frame, self.needs(self.default_name)))
        return learn_one(self, columns, self.default_name)[0]
