"""How the benchmarks measure: CPU seconds of this process, ways in turn, medians and ratios."""

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping


def compare(
    ways: Mapping[str, Callable[[], object]],
    *,
    per: int,
    rounds: int = 5,
    once: Mapping[str, Callable[[], object]] | None = None,
) -> dict[str, float]:
    """Run the ways in turn, print median CPU time and the ratio to the first, return medians.

    The ratio is the median of the ratios of each round, so that a busy machine, which slows a whole
    round, does not change it. The first round warms up and is not counted. Ways given as `once`
    take minutes: they run one time, after the rounds, and are compared with the median.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for count in range(rounds + 1):
        for name, way in ways.items():
            spent = cpu(way)
            if count:
                seconds[name].append(spent)
    first = next(iter(ways))
    print(f"{'':<28}{'CPU s':>10}{'ns each':>10}{'ratio':>9}   (median of {rounds})")
    for name, times in seconds.items():
        ratio = statistics.median(s / f for s, f in zip(times, seconds[first], strict=True))
        middle = statistics.median(times)
        print(f"{name:<28}{middle:>10.4f}{middle / per * 1e9:>10.0f}{ratio:>8.1f}x")
    for name, way in (once or {}).items():
        seconds[name] = [spent := cpu(way)]
        ratio = spent / statistics.median(seconds[first])
        print(f"{name + ', once':<28}{spent:>10.4f}{spent / per * 1e9:>10.0f}{ratio:>8.1f}x")
    return {name: statistics.median(times) for name, times in seconds.items()}


def cpu(way: Callable[[], object]) -> float:
    """Return the CPU seconds (user and system, all threads) of one call."""
    gc.collect()
    begin = time.process_time()
    way()
    return time.process_time() - begin


def peak_bytes(way: Callable[[], object]) -> int:
    """Return the peak of what a call allocates (numpy, pandas and Python objects; not Arrow)."""
    gc.collect()
    tracemalloc.start()
    way()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
