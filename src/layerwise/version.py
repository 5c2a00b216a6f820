"""The version of layerwise, in one place."""

VERSION = "0.1.0"
