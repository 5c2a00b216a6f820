"""Arguments that name columns, those that list things, and columns that a table must have."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from layerwise.errors import ColumnsError, SpecError, problems
from layerwise.odd_cells import is_utf8


def check_named(needed: Mapping[str, object], optional: Mapping[str, object] | None = None) -> None:
    """Check that arguments that name columns are texts; both map a role, such as "by=", to it.

    Args:
        needed: None is no name here.
        optional: None stands for no column here.

    Raises:
        SpecError: With every one that is none.
    """
    given = dict(needed) | {role: v for role, v in (optional or {}).items() if v is not None}
    wrong = [
        f"{role} is a {type(value).__name__}, not the name of a column"
        for role, value in given.items()
        if not isinstance(value, str)
    ]
    wrong += [
        f"{role} is a text that UTF-8 cannot write"
        for role, value in given.items()
        if isinstance(value, str) and not is_utf8(value)
    ]
    if wrong:
        raise SpecError(
            problems("Columns are named by text:", wrong), hint='one name each, such as by="tier".'
        )


def is_several(given: object) -> bool:
    """Say whether an argument lists things; one text, a mapping and an array of nothing do not.

    >>> is_several(["a", "b"]), is_several("ab"), is_several(3), is_several({"a": 1})
    (True, False, False, False)
    """
    one = isinstance(given, str | bytes | Mapping) or getattr(given, "ndim", 1) == 0
    return isinstance(given, Iterable) and not one


def several(given: Any) -> tuple[Any, ...]:
    """Return what an argument lists as a tuple; one thing is a tuple of one.

    >>> several(["a", "b"]), several("ab"), several(None)
    (('a', 'b'), ('ab',), (None,))
    """
    return tuple(given) if is_several(given) else (given,)


def require(
    found: Sequence[str], needed: Mapping[str, str], *, title: str, hint: str | None = None
) -> None:
    """Check that every needed column is there; `needed` maps it to what needs it.

    The hint is that of a customer table, unless another is given. Where each missing column is
    one that an argument names (`needed` maps it to "customer="), the hint says so.

    Raises:
        ColumnsError: With all missing columns at once, and what was found.
    """
    missing = [name for name in needed if name not in found]
    if not missing:
        return
    width = max(map(len, missing))
    lines = [f"{name:<{width}}  needed by {needed[name]}" for name in missing]
    shown = ", ".join(list(found)[:30]) + (", ..." if len(found) > 30 else "")
    raise ColumnsError(
        f"{problems(title, lines)}\nFound: {shown or 'no columns'}.",
        hint=hint or _name_or_make(missing, needed),
    )


def _name_or_make(missing: Sequence[str], needed: Mapping[str, str]) -> str:
    made = _hint(missing)
    if not all(needed[name].endswith("=") for name in missing):
        return made
    yours = ", ".join(dict.fromkeys(f'{needed[name]}"your_column"' for name in missing))
    if made == _GENERAL:
        return f"name the column that you have: {yours}."
    return f"{made.removesuffix('.')}; or name the column that you have: {yours}."


_GENERAL = "summarize(orders, as_of=...) makes the customer table; earlier layers add theirs."
_SPEND = (
    "GammaGamma(horizon_days=...), fitted after a model of orders such as "
    "BGNBD(horizon_days=...), adds its columns."
)
_BASKETS = ("basket_", "special_", "custom_orders", "share_")


def _hint(missing: Sequence[str]) -> str:
    if any(name.startswith(_BASKETS) for name in missing):
        return "add_baskets(customers, orders, as_of=..., tags=...) adds the basket columns."
    days = sorted({name.rsplit("_", 1)[1][:-1] for name in missing if _windowed(name)}, key=int)
    if days:
        return f"summarize(orders, window_days=({', '.join(days)},)) adds the windowed columns."
    if any(name.startswith("gap_") for name in missing):
        return "summarize(orders, gaps=True) adds the columns of gaps."
    if any(name.startswith("spend") for name in missing):
        return "summarize(orders, amount=...) adds the spend columns."
    if any(name.startswith("holdout_") for name in missing):
        return "calibration_holdout(orders, split=..., end=...) adds the holdout columns."
    if any(name.startswith("expected_spend") for name in missing):
        return _SPEND
    if any(name.startswith(("p_", "expected_")) for name in missing):
        return "a model such as BGNBD(horizon_days=...), fitted before, adds its columns."
    if "churn" in missing:
        return "ChurnStatus().fit(customers).transform(customers) adds churn."
    return _GENERAL


def _windowed(name: str) -> bool:
    head, _, tail = name.rpartition("_")
    return head in {"orders", "spend"} and tail.endswith("d") and tail[:-1].isdigit()
