"""Write reference_*.json: values of the models by mpmath at 50 digits, on a grid of hard cases.

Textbook formulas, evaluated with so many digits that their cancellations and overflows do not
matter. Run `python tests/models/make_reference.py` after adding a case; the tests only read.
"""

import json
import random
from pathlib import Path

import mpmath as mp

HERE = Path(__file__).parent
HISTORIES = [  # x, t_x, T in days
    (0, 0, 0), (0, 0, 1), (0, 0, 300), (1, 1, 1), (1, 5, 10_000), (2, 213, 272), (3, 700, 705),
    (26, 216, 217), (150, 360, 360), (150, 360, 366), (1_000, 3_000, 3_000), (5_000, 9_990, 10_000),
    (40, 10, 400),
]  # fmt: skip
HORIZONS = [0, 1, 90, 3_650]


def rising(z, m):
    return mp.loggamma(z + m) - mp.loggamma(z)


def log_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def dropout(first, r, alpha, a, b, x, t_x, T, h):
    """Fader, Hardie and Lee (2005) eqs. 6 and 10; Batislam et al. (2007) for first = 1."""
    m, n = x + first, r + x
    stay = log_beta(a, b + m) - log_beta(a, b) - n * mp.log(alpha + T)
    leave = 0
    if m > 0:
        leave = mp.exp(log_beta(a + 1, b + m - 1) - log_beta(a, b) - n * mp.log(alpha + t_x) - stay)
    value = rising(r, x) + r * mp.log(alpha) + stay + mp.log1p(leave)
    alive = 1 / (1 + leave)
    silent = ((alpha + T) / (alpha + T + h)) ** n
    return {
        "log_likelihood": value,
        "p_alive": alive,
        "p_no_purchase": alive * (leave + silent),
        "expected_orders": alive * while_alive(n, a, b + m, h / (alpha + T)),
    }


def bgnbd(**arguments):
    return dropout(0, **arguments)


def mbgnbd(**arguments):
    return dropout(1, **arguments)


def pareto(r, alpha, s, beta, x, t_x, T, h):
    """Fader and Hardie (2005), eq. 17 with the integral over the time of leaving kept as it is."""
    n = r + x
    stay = -n * mp.log(alpha + T) - s * mp.log(beta + T)
    leave = leaving(alpha, s, beta, n, t_x, T) * mp.exp(-stay)
    silent_to_the_end = ((alpha + T) / (alpha + T + h)) ** n * ((beta + T) / (beta + T + h)) ** s
    silent = silent_to_the_end + leaving(alpha, s, beta, n, T, T + h) * mp.exp(-stay)
    alive = 1 / (1 + leave)
    grown = mp.log1p(h / (beta + T))
    k = s - 1
    time = grown if k == 0 else -mp.expm1(-k * grown) / k
    return {
        "log_likelihood": rising(r, x) + r * mp.log(alpha) + s * mp.log(beta) + stay
        + mp.log1p(leave),
        "p_alive": alive,
        "p_no_purchase": alive * (leave + silent),
        "expected_orders": alive * n * (beta + T) / (alpha + T) * time,
    }  # fmt: skip


def leaving(alpha, s, beta, n, start, end):
    """Return s ∫ (alpha+t)^(−n) (beta+t)^(−s−1) dt by mpmath's quadrature in ln(least + t)."""
    least = min(alpha, beta)

    def log_part(tau):
        t = least * mp.exp(tau) - least
        return tau - n * mp.log(alpha + t) - (s + 1) * mp.log(beta + t) + mp.log(s * least)

    low, high = mp.log1p(start / least), mp.log1p(end / least)
    if high == low:
        return mp.mpf(0)
    while log_part((low + high) / 2) < log_part(low) - 130:
        high = (low + high) / 2
    points = [low + (high - low) * mp.mpf(k) / 8 for k in range(9)]
    top = max(log_part(point) for point in points)
    return mp.quad(lambda tau: mp.exp(log_part(tau) - top), points) * mp.exp(top)


def beta_mean(f, a, b):
    """Return E[f(p)] for p ~ Beta(a, b) by the trapezoidal rule in logit(p).

    The sum goes out from the peak until terms vanish; where f has become constant the rest of the
    infinite sum is a geometric series. The error falls as exp(−2π²/step).
    """
    spread = mp.sqrt((a + b) / (a * b))
    step, peak = min(mp.mpf(3) / 20, spread * 2 / 5), mp.log(a / b)
    log_b = log_beta(a, b)

    def term(t):
        log_p, log_q = -mp.log1p(mp.exp(-t)), -mp.log1p(mp.exp(t))
        return mp.exp(a * log_p + b * log_q - log_b) * f(mp.exp(log_p), mp.exp(log_q))

    total = term(peak)
    for sign, tail in ((1, b), (-1, a)):
        t = peak
        while True:
            t += sign * step
            value = term(t)
            total += value
            if value < total * mp.mpf(10) ** -45:
                break
            if sign * t > 130:
                total += value / mp.expm1(tail * step)
                break
    return total * step


def while_alive(n, a, b, y):
    """E[(1 − (1 + py)^(−n)) / p], p ~ Beta(a, b): what the literature writes with a 2F1."""
    if y == 0:
        return mp.mpf(0)
    return beta_mean(lambda p, _: -mp.expm1(-n * mp.log1p(p * y)) / p, a, b)


def discounted(model, x, t_x, T, h, annual, **p):
    """∫ e^(−δt) dE over 0 < t < h: mpmath's quadrature of the rate of orders, in ln(1 + t/bend)."""
    rate, n = mp.log1p(annual) / mp.mpf("365.25"), p["r"] + x
    now = n / (p["alpha"] + T)
    if model is pareto:
        alive = pareto(**p, x=x, t_x=t_x, T=T, h=0)["p_alive"]
        age, bend = p["beta"] + T, (p["beta"] + T) / (1 + p["s"])

        def orders(t):
            return now * (1 + t / age) ** -p["s"]
    else:
        first = int(model is mbgnbd)
        alive = dropout(first, **p, x=x, t_x=t_x, T=T, h=0)["p_alive"]
        a, b = p["a"], p["b"] + x + first
        bend = (p["alpha"] + T) / (1 + n * a / (a + b))

        def orders(t):
            y = t / (p["alpha"] + T)
            return now * (1 + y) ** -a * mp.hyp2f1(a, a + b - n - 1, a + b, y / (1 + y))

    def part(tau):
        t = bend * mp.expm1(tau)
        return (bend + t) * mp.exp(-rate * t) * orders(t)

    bend = 1 / (1 / bend + rate)
    length = mp.log1p(h / bend)
    steps = int(length) + 2
    points = [length * k / steps for k in range(steps + 1)]
    return alive * mp.quad(part, points, method="gauss-legendre", maxdegree=4)


def check_against_textbook():
    """The 2F1 of Fader, Hardie and Lee (2005) eq. 10, where mpmath sums it in good time."""
    for n, a, b, y in ((2.24, 0.79, 4.4, 0.9), (0.2, 0.3, 2.4, 3.0), (12, 1.5, 12.4, 0.1)):
        n, a, b, y = map(mp.mpf, (n, a, b, y))
        gauss = mp.hyp2f1(n, b, a + b - 1, y / (1 + y))
        book = (a + b - 1) / (a - 1) * (1 - (1 + y) ** -n * gauss)
        assert abs(while_alive(n, a, b, y) / book - 1) < mp.mpf(10) ** -35


def cases(names, hand, ranges, count, seed):
    """Return parameters by hand, and some drawn log-uniformly from a seed."""
    draw = random.Random(seed)
    drawn = [[10 ** draw.uniform(*ranges[name]) for name in names] for _ in range(count)]
    return [dict(zip(names, values, strict=True)) for values in [*hand, *drawn]]


def table(function, parameters, histories, horizons, seed):
    """Return rows of arguments and values, a few histories and horizons a parameter set."""
    draw, rows = random.Random(seed), []
    for p in parameters:
        for x, t_x, T in draw.sample(histories, 6):
            h = draw.choice(horizons)
            numbers = {name: mp.mpf(value) for name, value in p.items()}
            values = function(**numbers, x=x, t_x=mp.mpf(t_x), T=mp.mpf(T), h=mp.mpf(h))
            found = {name: float(value) for name, value in values.items()}
            rows.append({"parameters": p, "x": x, "t_x": t_x, "T": T, "h": h} | found)
    return rows


DROPOUT_HAND = [
    (0.2426, 30.9, 0.793, 2.426), (0.55, 60, 1.0, 2.4), (0.55, 60, 1.0, 0.6), (2, 5, 1e-6, 3),
    (2, 5, 0.8, 1e6), (0.01, 0.1, 0.9, 0.05), (1e4, 1e6, 2, 5), (3, 100, 1e4, 3e4),
    (0.3, 3, 1 + 1e-9, 1.5), (0.3, 2, 0.4, 0.6), (50, 10, 30, 0.5),
]  # fmt: skip
DROPOUT_RANGES = {"r": (-2, 2), "alpha": (-1, 3), "a": (-3, 2), "b": (-2, 3)}


PARETO_HAND = [
    (0.553277, 74.04, 0.60624, 81.68), (0.55, 60, 1.0, 80), (2, 5, 1e-6, 30), (0.5, 0.1, 3, 900),
    (1e4, 1e6, 2, 50), (3, 1000, 0.4, 0.2), (0.3, 3, 1 + 1e-9, 3), (5, 100, 200, 4e4),
]  # fmt: skip
PARETO_RANGES = {"r": (-2, 2), "alpha": (-1, 3), "s": (-3, 1.5), "beta": (-1, 4)}


def main():
    mp.mp.dps = 50
    check_against_textbook()
    chance = cases(["r", "alpha", "a", "b"], DROPOUT_HAND, DROPOUT_RANGES, 25, seed=1)
    rate = cases(["r", "alpha", "s", "beta"], PARETO_HAND, PARETO_RANGES, 22, seed=3)
    for function, parameters, seed in ((bgnbd, chance, 2), (mbgnbd, chance, 2), (pareto, rate, 4)):
        name = "pareto_nbd" if function is pareto else function.__name__
        write(name, table(function, parameters, HISTORIES, HORIZONS, seed))
        write(f"{name}_discounted", discounts(function, parameters, seed))


def discounts(function, parameters, seed):
    """Return discounted orders, a few histories, horizons and discounts a parameter set."""
    mp.mp.dps, draw, rows = 25, random.Random(seed), []
    quick = [p for p in parameters if p.get("a", 0) < 1000]  # the others' 2F1 takes hours
    for p, (x, t_x, T) in [(p, row) for p in quick for row in draw.sample(HISTORIES, 3)]:
        h, annual = draw.choice(HORIZONS[2:]), draw.choice([0.05, 0.15, 1.0, 20.0])
        numbers = {name: mp.mpf(value) for name, value in p.items()}
        times = map(mp.mpf, (t_x, T, h, annual))
        value = discounted(function, x, *times, **numbers)
        row = {"parameters": p, "x": x, "t_x": t_x, "T": T, "h": h, "annual_discount": annual}
        rows.append(row | {"discounted_orders": float(value)})
    mp.mp.dps = 50
    return rows


def write(name, rows):
    text = ",\n".join(json.dumps(row) for row in rows)
    (HERE / f"reference_{name}.json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
