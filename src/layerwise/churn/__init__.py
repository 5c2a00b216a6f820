"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.classifier import Classifier, FittedClassifier, fit_classifier
from layerwise.churn.contacts import ContactPlan, choose_contacts
from layerwise.churn.flow import customer_flow
from layerwise.churn.impact import Costs, assess_impact
from layerwise.churn.impact_table import impact_table
from layerwise.churn.lost import lost_spend
from layerwise.churn.risk import ChurnModel, risk_table, score_risk
from layerwise.churn.sensitivity import clv_sensitivity
from layerwise.churn.silence import silence_surprise, usual_gap_days

__all__ = [
    "ChurnModel",
    "Classifier",
    "ContactPlan",
    "Costs",
    "FittedClassifier",
    "assess_impact",
    "choose_contacts",
    "clv_sensitivity",
    "customer_flow",
    "fit_classifier",
    "impact_table",
    "lost_spend",
    "risk_table",
    "score_risk",
    "silence_surprise",
    "usual_gap_days",
]
