"""Customers' data kept safe: consent, only what is needed, pseudonyms, publication, exports."""

from layerwise.privacy.export import check_export, csv_text, scan, write_csv
from layerwise.privacy.gates import Gated, consent, erase, minimise, retain
from layerwise.privacy.normal import normalise
from layerwise.privacy.pseudonyms import pseudonymise, pseudonymise_columns

__all__ = [
    "Gated",
    "check_export",
    "consent",
    "csv_text",
    "erase",
    "minimise",
    "normalise",
    "pseudonymise",
    "pseudonymise_columns",
    "retain",
    "scan",
    "write_csv",
]
