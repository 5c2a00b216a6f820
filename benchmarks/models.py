"""Purchase models for many customers, beside lifetimes and (if installed) clvkit.

Run: python benchmarks/models.py [fit|predict|spend|value|pareto|intervals|memory ...]
[--customers 100000]

Ratios are medians over rounds in which the ways take turns on the same table. clvkit is looked for
in the environment: pip install clvkit --no-deps --target DIR, and add DIR to PYTHONPATH.
"""

import argparse
import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pandas as pd
from timing import compare, peak_bytes

from layerwise.datasets import load_cdnow_summary
from layerwise.models import BGNBD, MBGNBD, GammaGamma, ParetoNBD, residual_value

HISTORY = ["repeat_orders", "first_to_last_days", "age_days"]


def customers(n: int, *, whole_days: bool = True, seed: int = 0) -> pd.DataFrame:
    """Return simulated BG/NBD customers of up to two years of age, with their spend."""
    rng = np.random.default_rng(seed)
    T = rng.integers(1, 731, n).astype(float) if whole_days else rng.uniform(1, 730, n)
    rate, p = rng.gamma(0.55, 1 / 60, n), rng.beta(0.8, 2.4, n)
    x, t, last, alive = np.zeros(n, int), np.zeros(n), np.zeros(n), np.arange(n)
    while len(alive):
        t[alive] += rng.exponential(1 / np.maximum(rate[alive], 1e-12))
        alive = alive[t[alive] <= T[alive]]
        x[alive] += 1
        last[alive] = t[alive]
        alive = alive[rng.uniform(size=len(alive)) > p[alive]]
    if whole_days:
        last, T = np.ceil(last).astype(int), T.astype(int)
    mean = rng.gamma(6 * np.maximum(x, 1), 1 / rng.gamma(4.0, 1 / 15.0, n)) / np.maximum(x, 1)
    table = pd.DataFrame(dict(zip(HISTORY, (x, last, T), strict=True)))
    return table.assign(spend_repeat_mean=np.where(x > 0, mean, np.nan))


def fit(n: int) -> None:
    """Maximum likelihood with standard errors."""
    from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter

    table = customers(n)
    x, t_x, T = (table[name] for name in HISTORY)
    for spec, fitter in ((BGNBD(), BetaGeoFitter), (MBGNBD(), ModifiedBetaGeoFitter)):
        ways: dict[str, Callable[[], object]] = {
            "layerwise": lambda spec=spec: spec.fit(table).standard_errors,
            "lifetimes": lambda fitter=fitter: fitter().fit(x, t_x, T),
        }
        slow = {}
        if find_spec("clvkit") and fitter is BetaGeoFitter:  # minutes for a million customers
            (ways if n <= 20_000 else slow)["clvkit"] = _clvkit(table)
        print(f"\n{type(spec).__name__} fit, {n:,} customers")
        compare(ways, per=n, rounds=5 if n <= 100_000 else 3, once=slow)


def _clvkit(table: pd.DataFrame) -> Callable[[], object]:
    from clvkit import BGNBD as Theirs  # type: ignore[import-not-found]  # noqa: N811
    from clvkit import CustomerBase

    names = dict(zip(HISTORY, ("frequency", "recency", "T"), strict=True))
    summary = table[HISTORY].rename(columns=names).astype(float)
    base = CustomerBase(
        summary,
        time_unit="D",
        observation_period_end=pd.Timestamp("2024-01-01"),
        has_monetary=False,
        on_negative="drop",
    )
    return lambda: Theirs().fit(base)


def predict(n: int) -> None:
    """P(alive) and orders expected in 90 days."""
    from lifetimes import BetaGeoFitter

    for whole in (True, False):
        table = customers(n, whole_days=whole)
        x, t_x, T = (table[name] for name in HISTORY)
        fitted = BGNBD().fit(table)
        theirs = fitted.to_lifetimes()
        assert isinstance(theirs, BetaGeoFitter)
        ways: dict[str, Callable[[], object]] = {
            "layerwise": lambda f=fitted, c=table: (f.p_alive(c), f.expected_orders(c, 90)),
            "lifetimes": lambda f=theirs, a=(x, t_x, T): (
                f.conditional_probability_alive(*a),
                f.predict(90, *a),
            ),
        }
        grain = "whole days" if whole else "hours"
        print(f"\nP(alive) + expected orders, {n:,} customers, {grain}")
        compare(ways, per=n)


def spend(n: int) -> None:
    """Gamma-Gamma fit and expected spend."""
    from lifetimes import GammaGammaFitter

    table = customers(n)
    again = table[table["repeat_orders"] > 0]
    x, m = again["repeat_orders"], again["spend_repeat_mean"]

    def theirs() -> object:
        return GammaGammaFitter().fit(x, m).conditional_expected_average_profit(x, m)

    print(f"\nGamma-Gamma fit and expected spend, {n:,} customers, {len(again):,} repeat buyers")
    ways = {"layerwise": lambda: GammaGamma().fit(table).expected_spend(table), "lifetimes": theirs}
    compare(ways, per=n, rounds=3)


def value(n: int) -> None:
    """Gamma-Gamma fit and discounted value of 12 months, with a BG/NBD fitted before."""
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    table = customers(n)
    x, t_x, T, m = (table[name] for name in (*HISTORY, "spend_repeat_mean"))
    orders = BGNBD().fit(table)
    fitter = BetaGeoFitter()
    fitter.params_ = pd.Series(orders.parameters)
    fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    again = x > 0

    def theirs() -> object:
        spend = GammaGammaFitter().fit(x[again], m[again])
        return spend.customer_lifetime_value(
            fitter, x, t_x, T, m.fillna(0), time=12, discount_rate=0.008, freq="D"
        )

    def ours() -> object:
        return residual_value(orders, GammaGamma().fit(table), table, horizon_days=365)

    ways = {"layerwise": ours, "lifetimes": theirs}
    if find_spec("clvkit") and n <= 100_000:
        ways["clvkit"] = _clvkit_value(table)
    print(f"\nGamma-Gamma fit and 12 months discounted, {n:,} customers")
    compare(ways, per=n, rounds=3)


def _clvkit_value(table: pd.DataFrame) -> Callable[[], object]:
    """Return the same by clvkit, in months, its BG/NBD fitted before."""
    from clvkit import BGNBD as Theirs  # type: ignore[import-not-found]  # noqa: N811
    from clvkit import CustomerBase
    from clvkit import GammaGamma as TheirSpend

    x, t_x, T, m = (table[name] for name in (*HISTORY, "spend_repeat_mean"))
    month = 365.25 / 12
    base = CustomerBase(
        pd.DataFrame(
            {
                "frequency": x.astype(float),
                "recency": t_x / month,
                "T": T / month,
                "monetary_value": m.fillna(0.0),
            }
        ),
        time_unit="M",
        observation_period_end=pd.Timestamp("2024-01-01"),
        has_monetary=True,
        on_negative="drop",
    )
    orders = Theirs().fit(base)

    def values() -> object:
        spend = TheirSpend().fit(base).predict(base).to_pandas()
        upto = [orders.predict(float(t), base).to_pandas() for t in range(1, 13)]
        each = np.diff(np.stack([np.asarray(u).ravel() for u in upto]), axis=0, prepend=0.0)
        return np.asarray(spend).ravel() * (each / 1.008 ** np.arange(1, 13)[:, None]).sum(axis=0)

    return values


def pareto(n: int) -> None:
    """Pareto/NBD fit; lifetimes takes minutes, so one run of it."""
    from lifetimes import ParetoNBDFitter

    table = customers(n)
    x, t_x, T = (table[name] for name in HISTORY)
    print(f"\nPareto/NBD fit, {n:,} customers")
    compare(
        {"layerwise": lambda: ParetoNBD().fit(table).standard_errors},
        per=n,
        once={"lifetimes": lambda: ParetoNBDFitter().fit(x, t_x, T)},
    )


def intervals(n: int) -> None:
    """Parameter and prediction intervals of CDNOW's customers, repeated up to n."""
    cdnow = load_cdnow_summary()
    many = pd.concat([cdnow] * max(1, n // len(cdnow)), ignore_index=True)
    fitted = BGNBD().fit(cdnow)
    print(f"\nIntervals of CDNOW, {len(cdnow):,} customers; last way: {len(many):,}")
    ways: dict[str, Callable[[], object]] = {
        "fit and standard errors": lambda: BGNBD().fit(cdnow).standard_errors,
        "expected orders, 200 draws": lambda: fitted.expected_orders_interval(cdnow, 273),
        "orders to come, 90 %": lambda: fitted.orders_interval(cdnow, 273),
        "expected orders, repeated": lambda: fitted.expected_orders_interval(many, 273),
    }
    compare(ways, per=len(cdnow))


def memory(n: int) -> None:
    """Peak bytes a customer above the table."""
    table = customers(n)
    fitted, spend = BGNBD().fit(table), GammaGamma().fit(table)
    ways: dict[str, Callable[[], object]] = {
        "fit": lambda: BGNBD().fit(table),
        "p_alive": lambda: fitted.p_alive(table),
        "expected_orders": lambda: fitted.expected_orders(table),
        "Gamma-Gamma fit": lambda: GammaGamma().fit(table),
        "value": lambda: residual_value(fitted, spend, table, horizon_days=365),
        "Pareto/NBD fit": lambda: ParetoNBD().fit(table),
    }
    print(f"\nPeak memory, {n:,} customers")
    for name, way in ways.items():
        print(f"{name:<28}{peak_bytes(way) / n:>8.0f} bytes a customer")


SIZES = (10_000, 100_000, 1_000_000)
STEPS = {
    "fit": (fit, SIZES),
    "predict": (predict, SIZES),
    "spend": (spend, SIZES),
    "value": (value, SIZES),
    "pareto": (pareto, (50_000,)),
    "intervals": (intervals, (20_000,)),
    "memory": (memory, SIZES),
}


def main() -> None:
    """Run the chosen steps, each at its own sizes unless others are chosen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", default=list(STEPS), choices=[*STEPS, []])
    parser.add_argument("--customers", nargs="+", type=int)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    for step in chosen.steps:
        run, sizes = STEPS[step]
        for n in chosen.customers or sizes:
            run(n)


if __name__ == "__main__":
    main()
