"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.agreement import CoderAgreement, coder_agreement, kappa
from layerwise.churn.feedback import CodedFeedback, code_feedback
from layerwise.churn.terms import feedback_terms
from layerwise.churn.type_table import type_table

__all__ = [
    "CodedFeedback",
    "CoderAgreement",
    "code_feedback",
    "coder_agreement",
    "feedback_terms",
    "kappa",
    "type_table",
]
