"""The golden log and its customer table: everything on which engines have differed."""

import warnings
from functools import cache

import numpy as np
import pandas as pd

import layerwise as lw

AS_OF, SPLIT, END = "2025-06-30", "2025-01-31", "2025-06-30"

_EDGES = [  # (customer, time, amount, order)
    (9001, "2024-02-29 00:00", 10.10, 90001),  # leap day, first hour and last
    (9001, "2024-02-29 23:59:59", 20.20, 90002),
    (9001, "2024-03-03 23:59:59", 5.05, 90003),  # Sunday night, Monday morning
    (9001, "2024-03-04 00:00", 5.05, 90004),
    (9001, "2024-12-31 23:59:59", 7.07, 90005),  # a year's edge, and day 366
    (9001, "2025-01-01 00:00", 7.07, 90006),
    (9002, "2024-05-01 10:00", 30.00, 90007),  # refunded whole on the same day and order
    (9002, "2024-05-01 12:00", -30.00, 90007),
    (9003, "2024-05-01 10:00", 30.00, 90008),  # refunded in part, later
    (9003, "2024-07-01 10:00", -10.00, 90008),
    (9004, "2024-06-30 09:00", 0.0, 90009),  # free order only
    (9005, "2025-06-30 23:59:59", 0.01, 90010),  # the last second of as_of
    (9006, "2025-07-01 00:00", 99.99, 90011),  # and one too late
    (9007, "2025-01-31 23:59:59", 12.34, 90012),  # the last second of the split
    (9007, "2025-02-01 00:00", 43.21, 90013),
]


@cache
def _log() -> pd.DataFrame:
    rng = np.random.default_rng(20240229)
    n = 2500
    seconds = rng.integers(0, 540 * 86_400, n).astype("m8[s]")
    seconds[: n // 3] = (rng.integers(0, 80, n // 3) * 86_400).astype("m8[s]")  # ties, same days
    start = np.datetime64("2023-12-25T00:00:00", "us")
    table = pd.DataFrame(
        {
            "customer_id": rng.zipf(1.4, n) % 500,
            "ordered_at": start + seconds,
            "amount": rng.integers(-1500, 9000, n) / 100,
            "order_id": rng.integers(0, n // 2, n),
        }
    )
    edges = pd.DataFrame(_EDGES, columns=list(table)).astype(
        {"ordered_at": table["ordered_at"].dtype}
    )
    table.loc[rng.integers(0, n, 25), "amount"] = np.nan
    table.loc[rng.integers(0, n, 25), "ordered_at"] = pd.NaT
    return pd.concat([table, edges, table.iloc[:40]], ignore_index=True)


def golden(*, text_ids: bool = False) -> pd.DataFrame:
    """Return the log, with whole numbers or with text as ids; of text some are missing or blank."""
    table = _log().copy()
    if text_ids:
        odd = {0: None, 5: " \t", 10: ""}
        table["customer_id"] = [odd.get(i, f"C-{i}") for i in table["customer_id"]]
    return table


@cache
def _customers() -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = lw.summarize(golden(), as_of=AS_OF, order="order_id", window_days=[90, 365])
    return table.drop(columns=["first_order", "last_order"])


def customers() -> pd.DataFrame:
    """Return the customer table of the log, with a few windows' spend missing, and baskets."""
    table = _customers().copy()
    rng = np.random.default_rng(7)
    n = len(table)
    table.loc[::17, "spend_365d"] = np.nan
    fresh = np.where(rng.random(n) < 0.5, rng.uniform(0, 0.3, n), rng.uniform(0.7, 1, n)).round(3)
    return table.assign(
        basket_orders=table["orders"],
        custom_orders=rng.integers(0, 20, n) // 18,
        special_orders=rng.integers(0, 4, n),
        special_share=rng.uniform(0, 0.5, n).round(2),
        basket_distance=rng.uniform(0, 1, n).round(2),
        share_fresh=fresh,
        share_other=1 - fresh,
        region=np.where(np.arange(n) % 3 == 0, "north", "south"),
    )
