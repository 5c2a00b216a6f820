"""Customers' data kept safe: consent, only what is needed, pseudonyms, publication, exports."""

from layerwise.privacy.export import check_export, csv_text, scan, write_csv
from layerwise.privacy.normal import normalise
from layerwise.privacy.pseudonyms import pseudonymise, pseudonymise_columns

__all__ = [
    "check_export",
    "csv_text",
    "normalise",
    "pseudonymise",
    "pseudonymise_columns",
    "scan",
    "write_csv",
]
