"""Customers' data kept safe: consent, only what is needed, pseudonyms, publication, exports."""

from layerwise.privacy.compliance import compliance_table
from layerwise.privacy.csv_files import csv_text, write_csv
from layerwise.privacy.export import check_export, scan
from layerwise.privacy.gates import Gated, consent, erase, minimise, retain
from layerwise.privacy.normal import normalise
from layerwise.privacy.pseudonyms import pseudonymise, pseudonymise_columns
from layerwise.privacy.publication import Published, publish
from layerwise.privacy.record import RunRecord, TableRecord, run_record
from layerwise.privacy.safe import SafeTable, safe_table

__all__ = [
    "Gated",
    "Published",
    "RunRecord",
    "SafeTable",
    "TableRecord",
    "check_export",
    "compliance_table",
    "consent",
    "csv_text",
    "erase",
    "minimise",
    "normalise",
    "pseudonymise",
    "pseudonymise_columns",
    "publish",
    "retain",
    "run_record",
    "safe_table",
    "scan",
    "write_csv",
]
