"""Any classifier in place of the purchase model, taught by what came after a split."""

import copy
from collections.abc import Sequence
from typing import Any, Protocol

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise import columns as c
from layerwise.churn.risk import holdout_days
from layerwise.errors import DataError, FitError, SpecError, problems
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Floats

ALWAYS_KNOWN = (c.AGE, c.SILENCE, c.FIRST_TO_LAST, c.ORDERS, c.SPEND_MEAN, c.SPEND_TOTAL)
"""Columns of `summarize` that say something of their own and are never missing."""

_OUTCOME = (c.HOLDOUT_ORDERS, c.HOLDOUT_SPEND)


class Classifier(Protocol):
    """What scikit-learn calls a classifier: pipelines, searches and other libraries' alike.

    Example:
        >>> class Rate:
        ...     def fit(self, X, y):
        ...         self.rate = float(np.mean(y))
        ...         return self
        ...     def predict_proba(self, X):
        ...         return np.tile([1 - self.rate, self.rate], (len(X), 1))
        >>> Rate().fit([[0], [1]], [0, 1]).predict_proba([[2]])
        array([[0.5, 0.5]])
    """

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from features `X`, a frame with a row a customer, and labels `y` of 0 and 1."""
        ...

    def predict_proba(self, X: Any) -> Any:
        """Return P(0) and P(1), a row a customer, the columns in the order of `classes_`."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class FittedClassifier:
    """A classifier that has learned who falls silent; `risk_table` and `score_risk` take it.

    Attributes:
        classifier: The fitted copy.
        features: The columns it reads, in order.
        horizon_days: Days of the window it was taught by, the only horizon it speaks of.
        customers: How many it learned from.
        silent_rate: Their share that bought nothing in the window.
    """

    classifier: Any = attrs.field(repr=False)
    features: tuple[str, ...]
    horizon_days: float
    customers: int
    silent_rate: float

    def p_no_purchase(self, customers: object, horizon_days: float | None = None) -> Floats:
        """Return P(no order in the next `horizon_days` days), one number a row.

        Raises:
            SpecError: The horizon is another than that of the labels.
            ColumnsError: Features are missing or hold no numbers.
            DataError: The classifier refuses the features, or returns no probabilities.
        """
        if horizon_days is not None and float(horizon_days) != self.horizon_days:
            raise SpecError(
                f"The classifier was taught by {self.horizon_days:g} days and cannot look ahead "
                f"{horizon_days:g}.",
                hint="teach another one: calibration_holdout with a window of that length.",
            )
        frame = frames.eager(customers, doing="a classifier")
        return _silent_column(self.classifier, _features(frame, self.features))


def fit_classifier(
    both: object, *, classifier: Classifier, features: Sequence[str] | None = None
) -> FittedClassifier:
    """Return a classifier that has learned who buys nothing in the days after a split.

    The label is 1 where `holdout_orders` is 0. Features are columns as of the split; what the
    holdout says is refused, also under another name. `classifier` itself is not changed: a copy
    learns. Judge it on a later split (`score_risk`): on its own customers it has seen the answers.

    Args:
        both: What `calibration_holdout` returned, with any columns added as of the split.
        classifier: Anything with `fit` and `predict_proba`, e.g. of scikit-learn. Missing numbers
            are handed to it as NaN; most of scikit-learn refuse them, but HistGradientBoosting.
        features: Columns of numbers to learn from; None takes those of `ALWAYS_KNOWN` that are
            there. Texts must be coded before.

    Raises:
        SpecError: It is no classifier, or a feature is not known at the split.
        ColumnsError: Columns are missing or hold no numbers.
        DataError: Outcomes are missing or impossible.
        FitError: Everybody had the same outcome, or the classifier refuses the features.

    Example:
        >>> import layerwise as lw
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> orders = lw.datasets.load_cdnow()
        >>> both = lw.calibration_holdout(orders, split="1997-09-30", end="1998-06-30", amount=None)
        >>> pipeline = make_pipeline(StandardScaler(), LogisticRegression())
        >>> fitted = fit_classifier(both, classifier=pipeline)
        >>> fitted.features, fitted.horizon_days
        (('age_days', 'days_since_last', 'first_to_last_days', 'orders'), 273.0)
    """
    _check_classifier(classifier)
    frame = frames.eager(both, doing="fit_classifier")
    days, silent = holdout_days(frame), _labels(frame)
    names = _chosen(frame, features)
    X = _features(frame, names)
    _refuse_leaks(frame, X)
    learned = copy.deepcopy(classifier)
    try:
        learned.fit(X, silent.astype(np.int64))
    except (ValueError, TypeError) as error:
        raise _refused(FitError, classifier, X, error) from error
    return FittedClassifier(
        classifier=learned,
        features=names,
        horizon_days=days,
        customers=len(silent),
        silent_rate=float(silent.mean()),
    )


def _labels(frame: Any) -> Array:
    """Return who bought nothing in the outcome window; nothing else is looked at."""
    orders = numbers(vectors.read(frame, [c.HOLDOUT_ORDERS])[c.HOLDOUT_ORDERS])
    wrong = int((~(orders >= 0) | (orders != np.floor(orders))).sum())
    if wrong:
        raise DataError(
            f"holdout_orders is missing, negative or not whole in {wrong:,} of {len(orders):,} "
            "rows.",
            hint="calibration_holdout(orders, split=..., end=...) counts them.",
        )
    silent: Array = orders == 0
    if silent.all() or not silent.any():
        raise FitError(
            "Every customer had the same outcome, so there is nothing to learn.",
            hint="take a longer or a shorter holdout.",
        )
    return silent


def _chosen(frame: Any, features: Any) -> tuple[str, ...]:
    found = frames.column_names(frame)
    if features is None:
        return tuple(sorted(set(ALWAYS_KNOWN) & set(found)))
    asked = arguments.several(features)
    if not arguments.is_several(features) or not all(isinstance(name, str) for name in asked):
        raise SpecError(
            "features must be several names of columns.", hint="features=['orders', 'age_days']."
        )
    names = tuple(dict.fromkeys(asked))
    wrong = [f"{n}: known only after the split" for n in names if n.startswith("holdout_")]
    wrong += [f"{n}: says who it is, not how" for n in names if n == c.CUSTOMER]
    if wrong or not names:
        raise SpecError(
            problems("A classifier cannot learn from these features:", wrong or ["none named"]),
            hint="take columns as of the split, those of summarize, say.",
        )
    arguments.require(found, dict.fromkeys(names, "features="), title="The table lacks features.")
    return names


def _features(frame: Any, names: tuple[str, ...]) -> pd.DataFrame:
    arguments.require(
        frames.column_names(frame),
        dict.fromkeys(names, "the classifier"),
        title="The table lacks features.",
    )
    read = vectors.read(frame, names)
    return pd.DataFrame({name: numbers(read[name]).astype(np.float64) for name in names})


def _refuse_leaks(frame: Any, X: pd.DataFrame) -> None:
    """Refuse features that are the outcome under another name.

    Raises:
        SpecError: With every such feature.
    """
    there = [name for name in _OUTCOME if name in frames.column_names(frame)]
    outcome = {n: numbers(v) for n, v in vectors.read(frame, there).items()}
    bought = {f"{n} above 0": (v > 0).astype(np.float64) for n, v in outcome.items()}
    nothing = {f"{n} of 0": (v == 0).astype(np.float64) for n, v in outcome.items()}
    wrong = [
        f"{name} is {what}"
        for name in X
        for what, values in (outcome | bought | nothing).items()
        if np.array_equal(X[name].to_numpy(), values)
    ]
    if wrong:
        raise SpecError(
            problems("Features tell the outcome itself:", wrong),
            hint="leave them out: nobody knows them on the day of the forecast.",
        )


def _silent_column(classifier: Any, X: pd.DataFrame) -> Floats:
    try:
        p = np.asarray(classifier.predict_proba(X))
    except (ValueError, TypeError) as error:
        raise _refused(DataError, classifier, X, error) from error
    classes = list(getattr(classifier, "classes_", (0, 1)))
    if p.shape != (len(X), 2) or 1 not in classes:
        raise DataError(
            f"{type(classifier).__name__}.predict_proba gave an array of shape {p.shape}, not one "
            f"of {len(X):,} rows and 2 columns.",
            hint="it must return P(0) and P(1) of each row.",
        )
    return np.asarray(p[:, classes.index(1)], dtype=np.float64)


def _refused(kind: Any, classifier: Any, X: pd.DataFrame, error: Exception) -> Any:
    missing = X.isna().sum()
    lines = [f"{name}: {n:,} of {len(X):,} missing" for name, n in missing[missing > 0].items()]
    text = f"{type(classifier).__name__} refuses the features ({type(error).__name__})."
    return kind(
        problems(text, lines) if lines else text,
        hint="put an imputer before it, leave features with missing numbers out, or take a "
        "classifier that knows missing numbers.",
    )


def _check_classifier(classifier: Any) -> None:
    lacking = [n for n in ("fit", "predict_proba") if not callable(getattr(classifier, n, None))]
    if lacking or isinstance(classifier, type):
        what = "a class, not an object" if isinstance(classifier, type) else "no classifier"
        raise SpecError(
            f"{getattr(classifier, '__name__', type(classifier).__name__)} is {what}"
            + (f": it lacks {' and '.join(lacking)}." if lacking else "."),
            hint="give e.g. LogisticRegression() of scikit-learn; an SVC needs probability=True.",
        )
