"""A bar over long work, for those who ask for one."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from layerwise.errors import MissingExtraError

T = TypeVar("T")


def track(items: Iterable[T], progress: bool | None, label: str) -> Iterable[T]:
    """Return the items, with a tqdm bar around them if progress is true."""
    if not progress:
        return items
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise MissingExtraError(
            "progress=True needs tqdm.", hint='pip install "layerwise[progress]"'
        ) from error
    bar: Iterable[T] = tqdm(items, desc=label)
    return bar


def steps(progress: bool | None, label: str, total: int) -> Callable[[], None]:
    """Return a function to call after each of `total` steps; it moves a bar if one is wanted."""
    walk = iter(track(range(total + 1), progress, label))
    next(walk)

    def done() -> None:
        next(walk, None)

    return done
