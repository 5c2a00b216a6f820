"""How well models foretell a later period, beside baselines that need no model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise import arguments, frames, vectors
from layerwise import columns as names
from layerwise.errors import DataError, SpecError
from layerwise.models.covariates import WithCovariates
from layerwise.models.histories import Histories, read_histories
from layerwise.models.model import PurchaseModel
from layerwise.models.outlook import Outlook
from layerwise.saved import fits
from layerwise.scorecard import auc

Array = NDArray[np.float64]
_HOLDOUT = (names.HOLDOUT_ORDERS, names.HOLDOUT_DAYS)


def compare(models: Mapping[str, Any], customers: object) -> pd.DataFrame:
    """Return one table: how well each model and each baseline foretells the holdout period.

    Args:
        models: name=spec or fitted model, e.g. `{"BG/NBD": BGNBD(), "Pareto/NBD": ParetoNBD()}`;
            specs are fitted to the table first. Those `WithCovariates` and the result of `fit_by`
            are models too.
        customers: One row per customer of a calibration period, with `holdout_orders` and
            `holdout_days` of the period after it (see `layerwise.calibration_holdout`).

    Returns:
        One row a model, then the baselines: `rate x time` (repeat orders a day so far),
        `same as last period` (where the table has that window) and `days of silence`. Columns:
        `log_likelihood`, `aic`; orders in the holdout `total` and `actual`, `mae`, `rmse`, `bias`
        (expected − actual, per customer), `correlation`; of P(no purchase) `brier` and `auc`.
        Missing where a number does not exist.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Histories are impossible, or the holdout has no single length.
        FitError: A model cannot be fitted.
        SpecError: A model is neither a spec nor a fitted model.

    Example:
        >>> import layerwise as lw
        >>> split = {"split": "1997-09-30", "end": "1998-06-30", "amount": None}
        >>> customers = lw.calibration_holdout(lw.datasets.load_cdnow(), **split)
        >>> models = {"BG/NBD": lw.BGNBD(), "Pareto/NBD": lw.models.ParetoNBD()}
        >>> compare(models, customers)[["total", "actual", "mae", "auc"]].round(2)
                           total  actual   mae   auc
        BG/NBD           1653.41  1882.0  0.79  0.76
        Pareto/NBD       1665.51  1882.0  0.75  0.77
        rate x time      2930.10  1882.0  1.02  0.76
        days of silence      NaN     NaN   NaN  0.77
    """
    rows = read_histories(customers, allow_missing=False)
    actual, h = _holdout(customers)
    table = {
        name: _judged(_fitted(name, model, customers), customers, actual, h)
        for name, model in models.items()
    }
    return pd.DataFrame.from_dict(table | _baselines(customers, rows, actual, h), orient="index")


_MOST_GROUPS = 10_000


def calibration(model: Outlook, customers: object, *, groups: int = 10) -> pd.DataFrame:
    """Return how often customers of like P(no purchase) did not purchase.

    Args:
        model: A fitted model of orders.
        customers: As in `compare`.
        groups: Equal values stay together, so there may be fewer.

    Returns:
        One row a group from the lowest P(no purchase) up: `customers`, `expected` (mean
        P(no purchase)), `silent` (share without an order), `expected_orders` and `orders` (means).

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Histories are impossible, or the holdout has no single length.

    Example:
        >>> import layerwise as lw
        >>> split = {"split": "1997-09-30", "end": "1998-06-30", "amount": None}
        >>> customers = lw.calibration_holdout(lw.datasets.load_cdnow(), **split)
        >>> calibration(lw.BGNBD().fit(customers), customers, groups=4).round(3)
           customers  expected  silent  expected_orders  orders
        0        590     0.447   0.369            2.028   2.205
        1        590     0.807   0.753            0.334   0.461
        2        601     0.839   0.862            0.229   0.238
        3        576     0.861   0.856            0.212   0.288
    """
    if not isinstance(model, Outlook):
        raise SpecError(
            f"calibration judges a fitted model of orders, no {type(model).__name__}.",
            hint="calibration(BGNBD().fit(customers), customers).",
        )
    if not fits(groups, int) or not 1 <= groups <= _MOST_GROUPS:
        raise SpecError(
            f"groups must be a whole number from 1 to {_MOST_GROUPS:,}.", hint="groups=10."
        )
    read_histories(customers, allow_missing=False)
    actual, h = _holdout(customers)
    fitted: Any = model
    silent = fitted.p_no_purchase(customers, h)
    edges = np.unique(np.quantile(silent, np.arange(1, groups) / groups))
    frame = pd.DataFrame(
        {
            "expected": silent,
            "silent": (actual == 0).astype(float),
            "expected_orders": fitted.expected_orders(customers, h),
            "orders": actual,
        }
    )
    by = frame.groupby(np.searchsorted(edges, silent, side="left"))
    found: pd.DataFrame = by.mean()
    found.insert(0, "customers", by.size())
    return found.reset_index(drop=True)


def _fitted(name: str, model: Any, customers: object) -> Any:
    if isinstance(model, Outlook):
        return model
    if isinstance(model, PurchaseModel | WithCovariates):
        return model.fit(customers)
    raise SpecError(
        f"{name} is a {type(model).__name__}, neither a spec nor a fitted model of orders.",
        hint='compare({"BG/NBD": BGNBD()}, customers); BG/BB counts opportunities, not days.',
    )


def _holdout(customers: object) -> tuple[Array, float]:
    frame = frames.eager(customers, doing="compare")
    title = "The customer table lacks the holdout period."
    arguments.require(frames.column_names(frame), dict.fromkeys(_HOLDOUT, "compare"), title=title)
    columns = vectors.read(frame, _HOLDOUT)
    orders, days = (np.asarray(columns[name], dtype=np.float64) for name in _HOLDOUT)
    if np.isnan(orders).any() or (orders < 0).any() or np.ptp(days) != 0 or not days[0] > 0:
        raise DataError(
            "holdout_orders must be counts, and holdout_days one positive number for all rows.",
            hint="calibration_holdout(orders, split=..., end=...) makes such a table.",
        )
    return orders, float(days[0])


def _judged(model: Any, customers: object, actual: Array, h: float) -> dict[str, Any]:
    expected = model.expected_orders(customers, h)
    silent = model.p_no_purchase(customers, h)
    _refuse_missing(expected)
    fit = {"log_likelihood": model.log_likelihood, "aic": model.aic}
    return fit | _errors(expected, actual) | _silence(silent, actual)


def _refuse_missing(expected: Array) -> None:
    if count := np.count_nonzero(np.isnan(expected)):
        raise DataError(
            f"A model cannot judge {count:,} of {len(expected):,} customers: covariates missing.",
            hint="compare the models on the customers that all of them can judge.",
        )


def _baselines(
    customers: object, rows: Histories, actual: Array, h: float
) -> dict[str, dict[str, Any]]:
    rate = rows.x * h / np.maximum(rows.T, 1.0)
    found = {"rate x time": _errors(rate, actual) | {"auc": auc(-rate, actual == 0)}}
    frame = frames.wrap(customers)
    if (window := names.orders_in(round(h))) in frames.column_names(frame):
        last = np.asarray(vectors.read(frame, [window])[window], dtype=np.float64)
        found["same as last period"] = _errors(last, actual) | {"auc": auc(-last, actual == 0)}
    silence = np.asarray(rows.T - rows.t_x, dtype=np.float64)
    return found | {"days of silence": {"auc": auc(silence, actual == 0)}}


def _errors(expected: Array, actual: Array) -> dict[str, Any]:
    gap = expected - actual
    varied = np.ptp(expected) > 0 and np.ptp(actual) > 0
    return {
        "total": float(expected.sum()),
        "actual": float(actual.sum()),
        "mae": float(np.abs(gap).mean()),
        "rmse": float(np.sqrt((gap * gap).mean())),
        "bias": float(gap.mean()),
        "correlation": float(np.corrcoef(expected, actual)[0, 1]) if varied else None,
    }


def _silence(p: Array, actual: Array) -> dict[str, Any]:
    silent = actual == 0
    return {"brier": float(((p - silent) ** 2).mean()), "auc": auc(p, silent)}
