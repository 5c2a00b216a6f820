"""For running the examples of one file, and those of guides that need an engine."""

import sys

import pytest

import layerwise  # noqa: F401 - else a module that pytest loads alone would be there twice

GUIDES = {"spark.md": "spark", "warehouse.md": "ibis_postgres"}
"""Guides that run with `pytest -m engines`, and the engine that each needs."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the guides that need an engine; skip them with a reason where it is not there."""
    needing = [item for item in items if item.path.name in GUIDES]
    if not needing:
        return
    from tests.engines.backends import BACKENDS, NOISE

    for item in needing:
        item.add_marker(pytest.mark.engines)
        for noise in NOISE:
            item.add_marker(pytest.mark.filterwarnings(noise))
        if why := BACKENDS[GUIDES[item.path.name]].lacking():
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_unconfigure() -> None:
    """Stop the sessions and servers that the engines' tests started."""
    if "tests.engines.backends" in sys.modules:
        sys.modules["tests.engines.backends"].close()
