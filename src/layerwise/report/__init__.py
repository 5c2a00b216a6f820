"""The report of a month, for those who decide: plain values, one HTML page, Markdown."""

from layerwise.report.monthly import Report, report

__all__ = ["Report", "report"]
