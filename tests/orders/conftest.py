"""A small order log to spoil in one place at a time."""

import warnings

import pandas as pd
import pytest

from layerwise.summary import summarize

LOG = {
    "customer_id": [1, 1, 2],
    "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-02"]),
    "amount": [12.05, 1.1, 2.2],
}


@pytest.fixture
def log():
    """Return a function that makes the log with some columns replaced."""
    return lambda **columns: pd.DataFrame({**LOG, **columns})


@pytest.fixture
def run(log):
    """Return a function that summarises the log with some columns replaced."""

    def summarised(quiet=False, as_of="2024-12-31", **given):
        columns = {name: given.pop(name) for name in LOG if name in given}
        with warnings.catch_warnings():
            if quiet:
                warnings.simplefilter("ignore")
            return summarize(log(**columns), as_of=as_of, **given)

    return summarised
