"""What was only chosen, not fitted, says so when asked for what fitting gives."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, ForwardRef, TypeVar, get_type_hints

from layerwise.errors import NotFittedError


class Unfitted:
    """Something with a `fit`: names that only its fitted form has are told as such.

    >>> import layerwise as lw
    >>> lw.RFM().transform
    Traceback (most recent call last):
        ...
    layerwise.errors.NotFittedError: RFM has no transform before it is fitted.
    Hint: fitted = spec.fit(customers); fitted.transform is what you want.
    """

    __slots__ = ()

    if not TYPE_CHECKING:  # type checkers shall know that it has no such names

        def __getattr__(self, name: str) -> Any:
            own = type(self).__name__
            if name.startswith("_") or name not in _names(type(self)):
                raise AttributeError(f"{own!r} object has no attribute {name!r}")
            raise NotFittedError(
                f"{own} has no {name} before it is fitted.",
                hint=f"fitted = spec.fit(customers); fitted.{name} is what you want.",
            )


def _names(kind: Any) -> set[str]:
    """Return the names that the fitted form has, by what `fit` and `learn` say they return."""
    hints: dict[str, Any] = get_type_hints(kind.fit)
    with suppress(AttributeError, NameError):  # names that only type checkers import
        hints |= get_type_hints(kind.learn)
    found = hints.get("return", object)
    fitted: Any = found.__bound__ if isinstance(found, TypeVar) else found
    if isinstance(fitted, ForwardRef):
        fitted = kind.fit.__globals__[fitted.__forward_arg__]
    fields = [name for base in fitted.__mro__ for name in vars(base).get("__annotations__", {})]
    return {*dir(fitted), *fields}
