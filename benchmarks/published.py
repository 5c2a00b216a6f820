"""CDNOW figures of the literature beside ours, printed with the relative difference.

Run: python benchmarks/published.py

Sources: Fader, Hardie and Lee (2005), Marketing Science 24(2), table 2; Fader and Hardie (2013),
the Gamma-Gamma note; standard errors, log-likelihoods and holdout figures as BTYDplus and lifetimes
give them on the same 2,357 customers.
"""

import numpy as np
import pandas as pd

import layerwise as lw

ORDERS = lw.datasets.load_cdnow()
WEEKS = 39
SPLIT, END = "1997-09-30", "1998-06-30"


def published() -> list[tuple[str, float, float]]:
    """Return (figure, published, ours)."""
    summary = lw.datasets.load_cdnow_summary()
    model = lw.BGNBD(unit="week").fit(summary)
    paid = ORDERS[ORDERS["amount"] > 0]
    spend = lw.GammaGamma().fit(lw.summarize(paid[paid["ordered_at"] <= SPLIT], as_of=SPLIT))
    one = pd.DataFrame(
        {"repeat_orders": [2], "first_to_last_days": [30.43 * 7], "age_days": [38.86 * 7]}
    )
    errors = model.standard_errors or (np.nan,) * 4
    names = ("r", "alpha", "a", "b")
    rows = [
        *zip(
            names, (0.242595, 4.413602, 0.792922, 2.425907), model.parameters.values(), strict=True
        ),
        ("log-likelihood", -9582.4292, model.log_likelihood or np.nan),
        *zip(
            (f"standard error of {name}" for name in names),
            (0.012557, 0.378224, 0.185734, 0.705415),
            errors,
            strict=True,
        ),
        ("orders in 39 weeks, x=2", 1.2259, float(model.expected_orders(one, WEEKS * 7)[0])),
        *zip(
            ("Gamma-Gamma p", "q", "v"), (6.25, 3.74, 15.44), spend.parameters.values(), strict=True
        ),
    ]
    return [(name, right, float(ours)) for name, right, ours in rows]


def holdout() -> list[tuple[str, float, float]]:
    """Return the figures of the 39 weeks after the fit."""
    both = lw.calibration_holdout(ORDERS, split=SPLIT, end=END, amount=None)
    model = lw.BGNBD(horizon_days=WEEKS * 7).fit(both)
    scored = model.transform(both)
    expected, actual = scored[f"expected_orders_{WEEKS * 7}d"], scored["holdout_orders"]
    card = lw.score_churn(scored, probability=f"p_no_purchase_{WEEKS * 7}d")
    return [
        ("holdout orders, actual", 1882, float(actual.sum())),
        ("holdout orders, expected", 1653.4, float(expected.sum())),
        ("mean absolute error", 0.785, float((expected - actual).abs().mean())),
        ("correlation", 0.626, float(np.corrcoef(expected, actual)[0, 1])),
        ("AUC of P(no purchase)", 0.757, card.auc),
        ("Brier of P(no purchase)", 0.161, card.brier),
        ("AUC of days of silence", 0.771, card.auc_silence),
    ]


def main() -> None:
    """Print both tables."""
    print(f"{'':<28}{'published':>14}{'layerwise':>14}{'difference':>12}")
    for name, right, ours in [*published(), *holdout()]:
        print(f"{name:<28}{right:>14.6g}{ours:>14.7g}{ours / right - 1:>12.1e}")


if __name__ == "__main__":
    main()
