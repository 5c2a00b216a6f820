"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.agreement import CoderAgreement, coder_agreement, kappa
from layerwise.churn.evidence import EVIDENCE
from layerwise.churn.feedback import CodedFeedback, code_feedback
from layerwise.churn.service_times import service_times
from layerwise.churn.terms import feedback_terms
from layerwise.churn.type_table import type_table
from layerwise.churn.types import ChurnTypes, churn_types

__all__ = [
    "EVIDENCE",
    "ChurnTypes",
    "CodedFeedback",
    "CoderAgreement",
    "churn_types",
    "code_feedback",
    "coder_agreement",
    "feedback_terms",
    "kappa",
    "service_times",
    "type_table",
]
