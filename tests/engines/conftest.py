"""Sessions and servers of the suite end with it."""

from collections.abc import Iterator

import pytest

from tests.engines import backends


@pytest.fixture(scope="session", autouse=True)
def _engines() -> Iterator[None]:
    yield
    backends.close()
