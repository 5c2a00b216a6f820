"""Axes without pyplot, and a model and its data to draw."""

from typing import Any

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from layerwise import BGNBD, calibration_holdout, datasets


@pytest.fixture
def ax() -> Axes:
    """Axes on the canvas that draws to memory."""
    return Figure(figsize=(6.4, 3.6), layout="constrained").subplots()


@pytest.fixture(scope="session")
def orders() -> pd.DataFrame:
    """The orders of CDNOW."""
    return datasets.load_cdnow()


@pytest.fixture(scope="session")
def both(orders: pd.DataFrame) -> pd.DataFrame:
    """CDNOW after 39 weeks, with the 39 weeks that follow."""
    return calibration_holdout(orders, split="1997-09-30", end="1998-06-30", amount=None)


@pytest.fixture(scope="session")
def model(both: pd.DataFrame) -> Any:
    """BG/NBD fitted to 39 weeks."""
    return BGNBD(horizon_days=273).fit(both)
