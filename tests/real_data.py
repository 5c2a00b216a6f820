"""Real data of others in tests/data, read once; see the README there."""

from functools import cache
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).with_name("data")


@cache
def online_retail() -> pd.DataFrame:
    """Return the orders of a UK gift shop: 4,334 customers, 2010-12-01 to 2011-12-09."""
    return pd.read_csv(FOLDER / "online_retail_days.csv.gz", parse_dates=["day"]).rename(
        columns={"day": "ordered_at"}
    )


@cache
def iranian_churn() -> pd.DataFrame:
    """Return 3,150 customers of a telecom, with complaints and who left."""
    return pd.read_csv(FOLDER / "iranian_churn.csv")
