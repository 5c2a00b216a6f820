"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.agreement import CoderAgreement, coder_agreement, kappa
from layerwise.churn.attribution import (
    attributable_fraction,
    e_value,
    limit_e_value,
    mantel_haenszel,
)
from layerwise.churn.backtesting import Backtest, backtest
from layerwise.churn.cause_table import cause_table
from layerwise.churn.causes import Causes, rank_causes
from layerwise.churn.classifier import Classifier, FittedClassifier, fit_classifier
from layerwise.churn.contacts import ContactPlan, choose_contacts
from layerwise.churn.evidence import EVIDENCE
from layerwise.churn.exposures import Exposure, add_exposures
from layerwise.churn.feedback import CodedFeedback, code_feedback
from layerwise.churn.flow import customer_flow
from layerwise.churn.groups import ChurnGroups, high_churn_groups
from layerwise.churn.impact import Costs, assess_impact
from layerwise.churn.impact_table import impact_table
from layerwise.churn.joint import JointCauses, joint_causes
from layerwise.churn.likely import likely_causes
from layerwise.churn.lost import lost_spend
from layerwise.churn.risk import ChurnModel, risk_table, score_risk
from layerwise.churn.sensitivity import clv_sensitivity
from layerwise.churn.service_times import service_times
from layerwise.churn.signs import warning_table
from layerwise.churn.silence import silence_surprise, usual_gap_days
from layerwise.churn.stated import measured_and_stated, stated_causes
from layerwise.churn.terms import feedback_terms
from layerwise.churn.type_table import type_table
from layerwise.churn.types import ChurnTypes, churn_types
from layerwise.churn.warning import Warnings, early_warning

__all__ = [
    "EVIDENCE",
    "Backtest",
    "Causes",
    "ChurnGroups",
    "ChurnModel",
    "ChurnTypes",
    "Classifier",
    "CodedFeedback",
    "CoderAgreement",
    "ContactPlan",
    "Costs",
    "Exposure",
    "FittedClassifier",
    "JointCauses",
    "Warnings",
    "add_exposures",
    "assess_impact",
    "attributable_fraction",
    "backtest",
    "cause_table",
    "choose_contacts",
    "churn_types",
    "clv_sensitivity",
    "code_feedback",
    "coder_agreement",
    "customer_flow",
    "e_value",
    "early_warning",
    "feedback_terms",
    "fit_classifier",
    "high_churn_groups",
    "impact_table",
    "joint_causes",
    "kappa",
    "likely_causes",
    "limit_e_value",
    "lost_spend",
    "mantel_haenszel",
    "measured_and_stated",
    "rank_causes",
    "risk_table",
    "score_risk",
    "service_times",
    "silence_surprise",
    "stated_causes",
    "type_table",
    "usual_gap_days",
    "warning_table",
]
