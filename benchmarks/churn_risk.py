"""Risk table, contact list, classifier, flow and impact: CPU seconds, growth, peak memory.

Run: python benchmarks/churn_risk.py [customers]
"""

import sys
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from timing import cpu, peak_bytes

import layerwise as lw
from layerwise import churn

SPLIT, END = "2024-06-30", "2024-12-27"


def steps(n: int) -> dict[str, Callable[[], object]]:
    """Return what is measured for a simulated shop of two years, in order; later use earlier."""
    orders = lw.datasets.simulate_orders(n, seed=11)
    print(f"{n:,} customers, {len(orders):,} orders")
    both = lw.calibration_holdout(orders, split=SPLIT, end=END)
    status = lw.ChurnStatus().fit(both)
    labelled: pd.DataFrame = status.transform(both)
    dates = lw.snapshots(orders, as_of=[SPLIT, "2024-09-30", END])
    model, spend = lw.BGNBD(horizon_days=180).fit(both), lw.GammaGamma().fit(both)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    risks = churn.risk_table(both, model=model, spend=spend)
    flow = churn.customer_flow(status.transform(dates))
    learned = churn.fit_classifier(both, classifier=pipeline)
    costs: Any = {"contact_cost": 0.6, "margin": 0.3, "save_rate": 0.1}
    known = churn.Costs(margin=0.3, acquisition_cost=12.0)
    return {
        "risk_table": lambda: churn.risk_table(both, model=model, spend=spend),
        "choose_contacts by cost": lambda: churn.choose_contacts(risks, horizon_days=180, **costs),
        "choose_contacts, 10 %": lambda: churn.choose_contacts(
            risks, horizon_days=180, capacity=n // 10, **costs
        ),
        "score_risk": lambda: churn.score_risk(both, model=model),
        "fit_classifier (logistic)": lambda: churn.fit_classifier(both, classifier=pipeline),
        "score_risk of it": lambda: churn.score_risk(both, model=learned),
        "customer_flow, 3 dates": lambda: churn.customer_flow(status.transform(dates)),
        "lost_spend": lambda: churn.lost_spend(labelled, model=model, spend=spend),
        "assess_impact": lambda: churn.assess_impact(
            labelled, model=model, spend=spend, costs=known, flow=flow
        ),
    }


def main() -> None:
    """Print CPU seconds of each step for a tenth of the customers and all, and peak memory."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    warnings.simplefilter("ignore", lw.LayerwiseWarning)
    seconds: dict[str, list[float]] = {}
    for size in (n // 10, n):
        ways = steps(size)
        for name, way in ways.items():
            seconds.setdefault(name, []).append(min(cpu(way) for _ in range(3)))
    peaks = {name: peak_bytes(way) / 1e6 for name, way in ways.items()}
    print(f"{'CPU seconds':<28}{n // 10:>12,}{n:>12,}   growth    peak MB")
    for name, (small, large) in seconds.items():
        growth = large / small
        print(f"{name:<28}{small:>12.3f}{large:>12.3f}{growth:>8.1f}x{peaks[name]:>11.0f}")
    print(f"{'all':<28}{'':>12}{sum(large for _, large in seconds.values()):>12.2f}")


if __name__ == "__main__":
    main()
