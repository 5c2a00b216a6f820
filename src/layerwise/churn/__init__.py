"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.classifier import Classifier, FittedClassifier, fit_classifier
from layerwise.churn.contacts import ContactPlan, choose_contacts
from layerwise.churn.risk import ChurnModel, risk_table, score_risk
from layerwise.churn.silence import silence_surprise, usual_gap_days

__all__ = [
    "ChurnModel",
    "Classifier",
    "ContactPlan",
    "FittedClassifier",
    "choose_contacts",
    "fit_classifier",
    "risk_table",
    "score_risk",
    "silence_surprise",
    "usual_gap_days",
]
