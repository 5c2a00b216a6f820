"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.backtesting import Backtest, backtest
from layerwise.churn.classifier import Classifier, FittedClassifier, fit_classifier
from layerwise.churn.contacts import ContactPlan, choose_contacts
from layerwise.churn.flow import customer_flow
from layerwise.churn.impact import Costs, assess_impact
from layerwise.churn.impact_table import impact_table
from layerwise.churn.lost import lost_spend
from layerwise.churn.risk import ChurnModel, risk_table, score_risk
from layerwise.churn.sensitivity import clv_sensitivity
from layerwise.churn.signs import warning_table
from layerwise.churn.silence import silence_surprise, usual_gap_days
from layerwise.churn.warning import Warnings, early_warning

__all__ = [
    "Backtest",
    "ChurnModel",
    "Classifier",
    "ContactPlan",
    "Costs",
    "FittedClassifier",
    "Warnings",
    "assess_impact",
    "backtest",
    "choose_contacts",
    "clv_sensitivity",
    "customer_flow",
    "early_warning",
    "fit_classifier",
    "impact_table",
    "lost_spend",
    "risk_table",
    "score_risk",
    "silence_surprise",
    "usual_gap_days",
    "warning_table",
]
