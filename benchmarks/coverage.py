"""How often 95 % intervals of the parameters hold the truth, over simulated tables.

Run: python benchmarks/coverage.py [--runs 200] [--customers 3000] [MODEL ...]

Intervals are ± 1.96 standard errors of the log parameters. Fits whose likelihood is flat have no
standard errors; they are counted apart.
"""

import argparse
import warnings
from collections.abc import Callable

import numpy as np

from layerwise.models import BGBB, BGNBD, MBGNBD, GammaGamma, ParetoNBD
from layerwise.models.gamma_gamma import FittedGammaGamma

Draw = Callable[[np.random.Generator, int], object]


def dropout(first: int) -> Draw:
    """Return a simulator of BG/NBD (0) or MBG/NBD (1) that fits its own table."""

    def draw(rng: np.random.Generator, n: int) -> object:
        T = rng.uniform(200, 400, n)
        rate, p = rng.gamma(0.8, 1 / 30, n), rng.beta(1.0, 2.5, n)
        x, t, last = np.zeros(n), np.zeros(n), np.zeros(n)
        alive = np.flatnonzero(rng.uniform(size=n) >= p * first)
        while len(alive):
            t[alive] += rng.exponential(1 / np.maximum(rate[alive], 1e-12))
            alive = alive[t[alive] <= T[alive]]
            x[alive] += 1
            last[alive] = t[alive]
            alive = alive[rng.uniform(size=len(alive)) > p[alive]]
        return (MBGNBD() if first else BGNBD()).fit_counts(x, last, T, np.ones(n))

    return draw


def pareto(rng: np.random.Generator, n: int) -> object:
    """Simulate and fit Pareto/NBD."""
    rate, life = rng.gamma(0.8, 1 / 30, n), rng.exponential(1 / rng.gamma(0.8, 1 / 90.0, n))
    T = rng.uniform(200, 400, n)
    x = rng.poisson(rate * np.minimum(life, T))
    last = np.minimum(life, T) * rng.uniform(size=n) ** (1 / np.maximum(x, 1)) * (x > 0)
    return ParetoNBD().fit_counts(x, last, T, np.ones(n))


def bgbb(rng: np.random.Generator, n: int) -> object:
    """Simulate and fit BG/BB with twelve opportunities."""
    p, theta = rng.beta(1.2, 0.75, n), rng.beta(0.7, 2.8, n)
    lives = rng.geometric(theta) - 1
    bought = rng.uniform(size=(n, 12)) < p[:, None]
    bought &= np.arange(1, 13) <= lives[:, None]
    last = np.where(bought.any(axis=1), 12 - bought[:, ::-1].argmax(axis=1), 0)
    return BGBB().fit_counts(bought.sum(axis=1), last, np.full(n, 12), np.ones(n))


def gamma_gamma(rng: np.random.Generator, n: int) -> FittedGammaGamma:
    """Simulate and fit Gamma-Gamma."""
    x = rng.integers(1, 6, n)
    mean = rng.gamma(6.0 * x, 1 / rng.gamma(4.0, 1 / 15.0, n)) / x
    return GammaGamma().learn({"repeat_orders": x, "spend_repeat_mean": mean}, "spend")


MODELS: dict[str, tuple[Draw, tuple[float, ...]]] = {
    "bgnbd": (dropout(0), (0.8, 30.0, 1.0, 2.5)),
    "mbgnbd": (dropout(1), (0.8, 30.0, 1.0, 2.5)),
    "pareto_nbd": (pareto, (0.8, 30.0, 0.8, 90.0)),
    "bgbb": (bgbb, (1.2, 0.75, 0.7, 2.8)),
    "gamma_gamma": (gamma_gamma, (6.0, 4.0, 15.0)),
}


def coverage(name: str, runs: int, customers: int) -> None:
    """Print the share of runs whose interval holds each parameter."""
    draw, truth = MODELS[name]
    inside, flat = np.zeros(len(truth)), 0
    for seed in range(runs):
        fitted = draw(np.random.default_rng(seed), customers)
        values = np.array(list(fitted.parameters.values()))  # type: ignore[attr-defined]
        errors = fitted.standard_errors  # type: ignore[attr-defined]
        if errors is None:
            flat += 1
            continue
        inside += np.abs(np.log(values / truth)) <= 1.96 * np.array(errors) / values
    shares = "  ".join(f"{share:.1%}" for share in inside / max(runs - flat, 1))
    print(f"{name:<14}{shares}   ({runs - flat} runs, {flat} flat)")


def main() -> None:
    """Run the chosen models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(MODELS))
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--customers", type=int, default=3000)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in chosen.models:
        coverage(name, chosen.runs, chosen.customers)


if __name__ == "__main__":
    main()
