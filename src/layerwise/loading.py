"""Saved fits back from JSON. A file may hold any layer or model, so all of them are known here."""

import os
from pathlib import Path
from typing import Any

import layerwise.evaluate
import layerwise.layers
import layerwise.models
import layerwise.returns  # noqa: F401 - these register what can be loaded
from layerwise import saved
from layerwise.errors import SavedFileError
from layerwise.writing import as_path


def loads(text: str | bytes) -> Any:
    """Return the fitted object that `to_json` wrote.

    Raises:
        SavedFileError: The text is not such a saved object.

    Example:
        >>> import pandas as pd
        >>> from layerwise.layers.value import Value
        >>> fitted = Value().fit(pd.DataFrame({"spend_365d": [10.0, 20.0, 30.0, 40.0, 500.0]}))
        >>> loads(fitted.to_json()) == fitted
        True
    """
    return saved.loads(text)


def load(path: str | os.PathLike[str]) -> Any:
    """Return the fitted object that `save` wrote to a file.

    Raises:
        SavedFileError: The file cannot be read or does not hold such an object.

    Example:
        >>> import pandas as pd, tempfile
        >>> from layerwise.layers.value import Value
        >>> fitted = Value().fit(pd.DataFrame({"spend_365d": [10.0, 20.0, 30.0, 40.0, 500.0]}))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fitted.save(f"{folder}/value.json")
        ...     load(f"{folder}/value.json") == fitted
        True
    """
    try:
        return loads(_read(as_path(path)))
    except OSError as error:
        raise SavedFileError(
            f"The file cannot be read: {error.strerror or error}.",
            hint="give the path that fitted.save(path) wrote.",
        ) from None


def _read(path: Path) -> bytes:
    """Return the bytes of a file; what is too large is refused unread.

    Raises:
        OSError: It cannot be read.
        SavedFileError: It is too large.
    """
    with path.open("rb") as file:
        saved.check_size(os.fstat(file.fileno()).st_size)
        return file.read(saved.MAX_BYTES + 1)  # a pipe tells no size
