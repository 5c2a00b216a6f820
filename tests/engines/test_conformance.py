"""One body for each feature, run on every engine: the same numbers, or an error that says why."""

import pytest

from layerwise.errors import EngineError
from tests.engines.backends import BACKENDS, NOISE
from tests.engines.features import FEATURES

PARAMS = [
    pytest.param(name, marks=[pytest.mark.engines] if backend.level == "B" else [])
    for name, backend in BACKENDS.items()
]
pytestmark = [pytest.mark.filterwarnings(noise) for noise in NOISE]


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("name", PARAMS)
def test_every_engine_agrees(name: str, feature: str) -> None:
    """The engine gives what pandas gives; where it may refuse, it refuses and says what to do."""
    backend, what = BACKENDS[name], FEATURES[feature]
    if why := backend.lacking():
        pytest.skip(why)
    if name not in what.refused:
        what.check(backend)
        return
    with pytest.raises(EngineError, match="Hint: ") as caught:
        what.check(backend)
    assert "ollect" in str(caught.value)
