"""Customers' data kept safe: consent, only what is needed, pseudonyms, publication, exports."""

from layerwise.privacy.normal import normalise
from layerwise.privacy.pseudonyms import pseudonymise, pseudonymise_columns

__all__ = [
    "normalise",
    "pseudonymise",
    "pseudonymise_columns",
]
