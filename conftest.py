"""For running the examples of one file: the package is imported whole before its modules."""

import layerwise  # noqa: F401 - else a module that pytest loads alone would be there twice
