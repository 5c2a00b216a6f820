"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.agreement import CoderAgreement, coder_agreement, kappa
from layerwise.churn.backtesting import Backtest, backtest
from layerwise.churn.classifier import Classifier, FittedClassifier, fit_classifier
from layerwise.churn.contacts import ContactPlan, choose_contacts
from layerwise.churn.evidence import EVIDENCE
from layerwise.churn.feedback import CodedFeedback, code_feedback
from layerwise.churn.flow import customer_flow
from layerwise.churn.impact import Costs, assess_impact
from layerwise.churn.impact_table import impact_table
from layerwise.churn.lost import lost_spend
from layerwise.churn.risk import ChurnModel, risk_table, score_risk
from layerwise.churn.sensitivity import clv_sensitivity
from layerwise.churn.service_times import service_times
from layerwise.churn.signs import warning_table
from layerwise.churn.silence import silence_surprise, usual_gap_days
from layerwise.churn.terms import feedback_terms
from layerwise.churn.type_table import type_table
from layerwise.churn.types import ChurnTypes, churn_types
from layerwise.churn.warning import Warnings, early_warning

__all__ = [
    "EVIDENCE",
    "Backtest",
    "ChurnModel",
    "ChurnTypes",
    "Classifier",
    "CodedFeedback",
    "CoderAgreement",
    "ContactPlan",
    "Costs",
    "FittedClassifier",
    "Warnings",
    "assess_impact",
    "backtest",
    "choose_contacts",
    "churn_types",
    "clv_sensitivity",
    "code_feedback",
    "coder_agreement",
    "customer_flow",
    "early_warning",
    "feedback_terms",
    "fit_classifier",
    "impact_table",
    "kappa",
    "lost_spend",
    "risk_table",
    "score_risk",
    "service_times",
    "silence_surprise",
    "type_table",
    "usual_gap_days",
    "warning_table",
]
