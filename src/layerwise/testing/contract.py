"""The contract: which checks there are, and how they are run."""

import traceback
from collections.abc import Callable, Iterator
from inspect import getdoc, isfunction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from layerwise.columns import CUSTOMER
from layerwise.datasets import simulate_orders
from layerwise.errors import LayerwiseError, SpecError
from layerwise.summary import summarize
from layerwise.testing import label_checks, spec_checks
from layerwise.testing.case import Case

Check = Callable[[], None]


def example_customers(n: int = 400) -> pd.DataFrame:
    """Return a customer table of simulated orders, with windows of 90, 180 and 365 days and gaps.

    Args:
        n: How many customers.

    Raises:
        SpecError: `n` is not a whole number from 1 up.

    Example:
        >>> example_customers(50)["customer_id"].tolist()[:3]
        [0, 1, 2]
    """
    orders = simulate_orders(n, seed=4)
    as_of = orders["ordered_at"].max()
    customers: pd.DataFrame = summarize(orders, as_of=as_of, window_days=(90, 180, 365), gaps=True)
    return customers.set_axis(np.arange(len(customers)) * 3 + 11)


def segmenter_checks(
    spec: Any, *, customers: pd.DataFrame | None = None
) -> Iterator[tuple[str, Check]]:
    """Yield every check with its name: for `pytest.mark.parametrize`.

    Args:
        spec: A layer, `Layers` or a purchase model, not fitted.
        customers: A pandas customer table it can be fitted to, with `customer_id` as whole numbers
            and 50 rows or more; None takes `example_customers()`.

    Raises:
        SpecError: The table is not such a table, or the segmenter a class or no spec.

    Example:
        >>> import layerwise as lw
        >>> names = [name for name, _ in segmenter_checks(lw.Value())]
        >>> len(names) >= 40, names[0]
        (True, 'spec_is_frozen')
    """
    if isinstance(spec, type) or not callable(getattr(spec, "fit", None)):
        name = spec.__name__ if isinstance(spec, type) else type(spec).__name__
        raise SpecError(
            f"A segmenter is a spec that can be fitted; {name} is none.",
            hint="give one that is made, such as check_segmenter(Value()), not the class Value.",
        )
    case = Case(spec, _checked(example_customers() if customers is None else customers))
    for module in (spec_checks, label_checks):
        for name, check in _public(module).items():
            yield name, lambda check=check: check(case)  # type: ignore[misc]


def check_segmenter(spec: Any, *, customers: pd.DataFrame | None = None) -> None:
    """Run every check on a segmenter.

    Args:
        spec: A layer, `Layers` or a purchase model, not fitted.
        customers: As in `segmenter_checks`.

    Raises:
        AssertionError: With every check that failed and what it says.
        SpecError: The table is not such a table, or the segmenter a class or no spec.

    Example:
        >>> import layerwise as lw
        >>> check_segmenter(lw.Value())
    """
    failed = []
    for name, check in segmenter_checks(spec, customers=customers):
        try:
            check()
        except AssertionError as error:
            failed.append(f"{name}: {error}")
        except Exception as error:
            failed.append(f"{name}: raises {_told(error)}")
    if failed:
        raise AssertionError(
            f"{type(spec).__name__} breaks the contract:\n  " + "\n  ".join(failed)
        )


def _told(error: Exception) -> str:
    """Return what an error says; of others than ours, which may show cells, only where it is."""
    kind = type(error).__name__
    if isinstance(error, LayerwiseError):
        return f"{kind}: {str(error).splitlines()[0]}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{kind} in {Path(last.filename).name}, line {last.lineno}"


def _public(module: ModuleType) -> dict[str, Callable[[Case], None]]:
    """Return the checks of a module in the order of the file."""
    return {
        name: value
        for name, value in vars(module).items()
        if isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and getdoc(value)
    }


def _is_mixed(column: pd.Series) -> bool:
    """Say whether a column holds what Polars cannot take as one column."""
    return column.dtype == object and pd.api.types.infer_dtype(column).startswith("mixed")


def _checked(customers: pd.DataFrame) -> pd.DataFrame:
    good = (
        isinstance(customers, pd.DataFrame)
        and CUSTOMER in customers
        and customers[CUSTOMER].dtype.kind == "i"
        and len(customers) >= 50
        and customers.index.is_unique
        and not any(map(_is_mixed, (customers[name] for name in customers)))
    )
    if not good:
        raise SpecError(
            "The contract needs a pandas table of 50 customers or more, with customer_id as whole "
            "numbers, columns of one kind and an index without repetitions.",
            hint="example_customers() makes one.",
        )
    return customers
