"""Customer ids that are probably not one customer each: of two spellings, or shared by guests."""

import numpy as np
import pandas as pd

# A customer may buy three times as often as all others; one id in fifty orders and more is rare.
_TIMES = 3
_FEWEST = 50
_MOST_IDS = 10
_CUSTOMERS = 100


def similar_ids(ids: pd.Series) -> int:
    """Return how many text ids differ from another one only by case or by blanks around them.

    >>> similar_ids(pd.Series(["Ann@x", " ann@x", "ann@x", "bob@x"]))
    2
    """
    texts = [value for value in ids.astype(object).tolist() if isinstance(value, str)]
    return len(texts) - len({text.strip().casefold() for text in texts})


def shared_ids(orders: np.ndarray) -> np.ndarray:
    """Return the places of at most ten ids that have three times the orders of all others.

    Ids of guests ("0", "-", "guest") are one customer to a log, and its best one.

    Args:
        orders: The number of orders of each id; below 100 ids nothing can be said.

    >>> shared_ids(np.array([300] + [9] * 99)).tolist()
    [0]
    """
    if len(orders) < _CUSTOMERS:
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(-orders, kind="stable")[: _MOST_IDS + 1]
    top = orders[order]
    apart = np.flatnonzero((top[:-1] >= _FEWEST) & (top[:-1] >= _TIMES * top[1:]))
    return order[: apart[-1] + 1] if len(apart) else order[:0]
