"""The same summary on every engine: layerwise beside the engine's own query, and up to 100 M rows.

    export PYTHONPATH=src
    python benchmarks/engines.py compare                     10 M rows, all engines, in turns
    python benchmarks/engines.py grow --rows 1e6 1e7 1e8     layerwise alone, rows into a CSV
    python benchmarks/engines.py whole --rows 1e8            orders to labels and plan, step by step

Needs `pip install "layerwise[engines]"`, Java for Spark, Linux, and room for the log (1.2 GB at
100 M rows, in a temporary folder that is removed). The log is that of benchmarks/summarize.py: 0.15
customers a row, two years, cents, in no order, ten Parquet files; above 10 M rows the same log
again with other ids. Each engine runs in a process of its own. CPU seconds and memory are those of
the whole process tree, the peak sampled every 50 ms. Other work on the machine makes every figure
worse, so the load is printed beside it.
"""

import argparse
import csv
import datetime as dt
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from engine_queries import ENGINES
from engine_whole import WHOLE
from processes import cpu_seconds, watched
from summarize import make_log

RESULTS = Path(__file__).parents[1] / "docs" / "assets" / "engines.csv"
TITLES = {
    "pandas": "pandas",
    "polars": "Polars",
    "polars_lazy": "Polars, lazy",
    "duckdb": "DuckDB",
    "ibis": "ibis on DuckDB",
    "dask": "Dask",
    "spark": "Spark",
}
FIELDS = ("engine", "rows", "wall_s", "cpu_s", "peak_gb", "load", "date")
BASE = 10_000_000
EXACT = (
    "first_order", "last_order", "orders", "repeat_orders", "first_to_last_days", "age_days",
    "days_since_last", "orders_365d",
)  # fmt: skip
MONEY = ("spend_total", "spend_mean", "spend_repeat_mean", "spend_365d")


def write_log(folder: Path, rows: int) -> Path:
    """Write the order log as ten Parquet files or more."""
    log = make_log(min(rows, BASE), "int")
    step = int(log["customer_id"].max()) + 1
    target = folder / f"log-{rows}"
    if target.exists():
        return target
    target.mkdir()
    pieces = 10 if rows <= BASE else 1
    for copy in range(max(rows // BASE, 1)):
        shifted = log.assign(customer_id=log["customer_id"] + copy * step)
        for i, part in enumerate(np.array_split(np.arange(len(log)), pieces)):
            name = f"part-{copy:03}-{i}.parquet"
            piece = shifted.iloc[part[0] : part[-1] + 1]
            piece.to_parquet(target / name, index=False, row_group_size=1_000_000)
    return target


def timed(name: str, way: str, folder: Path, *, opened: object = None) -> tuple[object, dict]:
    """Open a log, or take one opened before, answer, and return the answer and what it took."""
    pid = os.getpid()
    wall, cpu = time.perf_counter(), cpu_seconds(pid)
    engine = opened or ENGINES[name](folder)
    answer = engine.keep(getattr(engine, way)())
    spent = {"wall": time.perf_counter() - wall, "cpu": cpu_seconds(pid) - cpu}
    return (engine, answer), spent


def once(name: str, way: str, folder: Path, scratch: Path) -> None:
    """Print what one answer took, file reading included; leave the answer as a Parquet file."""
    timed(name, way, scratch / "small")  # imports, sessions and compilers are warm afterwards
    (engine, answer), spent = timed(name, way, folder)
    (scratch / "done").touch()
    print(json.dumps(spent))
    engine.write(answer, scratch / f"{way}.parquet")


def turns(name: str, folder: Path, rounds: int, scratch: Path) -> None:
    """Print what both ways take, in turns, on a log that is open already."""
    timed(name, "ours", scratch / "small")
    engine = ENGINES[name](folder)
    found: dict[str, list[dict]] = {"native": [], "ours": []}
    for _ in range(rounds):
        for way, runs in found.items():
            kept, spent = timed(name, way, folder, opened=engine)
            runs.append(spent)
            del kept
    print(json.dumps(found))


def child(scratch: Path, *words: object) -> tuple[dict, float]:
    """Run this script in a process of its own; return what it prints and its peak in GB."""
    done = scratch / "done"
    done.unlink(missing_ok=True)
    command = [sys.executable, "-W", "ignore", __file__, *map(str, words), "--scratch", scratch]
    printed, peak = watched([*map(str, command)], done)
    return json.loads(printed.splitlines()[-1]), peak / 1e9


def differences(scratch: Path) -> str:
    """Say whether the two answers agree: days and counts exactly, money to rounding."""
    sides = [f"read_parquet('{scratch}/{way}.parquet{_star(scratch, way)}')" for way in WAYS]
    checks = [f"count(*) filter (n.{c}::{_kind(c)} is distinct from o.{c}::{_kind(c)}) as {c}"
              for c in EXACT]  # fmt: skip
    near = (
        "abs(n.{0} - o.{0}) > 1e-9 * greatest(abs(o.{0}), 1) or (n.{0} is null) <> (o.{0} is null)"
    )
    checks += [f"count(*) filter ({near.format(c)}) as {c}" for c in MONEY]
    both = f"from {sides[0]} n full join {sides[1]} o using (customer_id)"
    counted = duckdb.sql(f"select count(*) as n, {', '.join(checks)} {both}").df().iloc[0]
    wrong = {name: int(n) for name, n in counted.drop("n").items() if n}
    return f"{int(counted['n']):,} customers equal" if not wrong else f"DIFFERENT: {wrong}"


WAYS = ("native", "ours")


def _same_bits(scratch: Path) -> str:
    """Say whether layerwise gives what it gave on the first engine, spend to the last bit."""
    first, found = scratch / "first.parquet", scratch / "ours.parquet"
    if not first.exists():
        found.rename(first)
        return "the first"
    picked = [f"{c}::{_kind(c)}" for c in EXACT] + [*MONEY]
    pick = f"select customer_id, {', '.join(picked)} from"
    sides = [f"{pick} read_parquet('{p}')" for p in (f"{found}{_star(scratch, 'ours')}", first)]
    query = f"select count(*) from ({sides[0]} except {sides[1]})"
    ((count,),) = duckdb.sql(query).fetchall()
    return f"{count:,} not as the first" if count else "as the first to the last bit"


def _star(scratch: Path, way: str) -> str:
    return "/*.parquet" if (scratch / f"{way}.parquet").is_dir() else ""


def _kind(column: str) -> str:
    return "date" if column in EXACT[:2] else "bigint"


def compare(names: list[str], rows: int, rounds: int, scratch: Path) -> None:
    """Print both ways of every engine, and whether their answers agree."""
    folder = write_log(scratch, rows)
    print(f"summary of {rows:,} rows, medians, wall s / CPU s / peak GB, {_machine()}")
    for name in names:
        peaks = {way: child(scratch, "once", name, way, folder)[1] for way in WAYS}
        verdict = f"{differences(scratch)}, {_same_bits(scratch)}"
        runs, _ = child(scratch, "turns", name, folder, 2 if name == "spark" else rounds)
        middle = {
            way: [statistics.median(run[what] for run in runs[way]) for what in ("wall", "cpu")]
            for way in WAYS
        }
        ratio = [
            ours / theirs for theirs, ours in zip(middle["native"], middle["ours"], strict=True)
        ]
        cells = [f"{w:6.1f} / {c:6.1f} / {peaks[way]:4.1f}" for way, (w, c) in middle.items()]
        told = f"{name:<12} native {cells[0]}   layerwise {cells[1]}"
        print(f"{told}   ratio {ratio[0]:.2f} / {ratio[1]:.2f}   {verdict}   {_load()}", flush=True)
        for way in WAYS:
            _remove(scratch / f"{way}.parquet")


def grow(names: list[str], sizes: list[int], scratch: Path, results: Path) -> None:
    """Measure layerwise from Parquet files to a customer table; replace the CSV's rows of these."""
    for rows in sizes:
        folder = write_log(scratch, rows)
        for name in names:
            load = f"{os.getloadavg()[0]:.1f}"
            spent, peak = child(scratch, "once", name, "ours", folder)
            _remove(scratch / "ours.parquet")
            row = {"engine": TITLES[name], "rows": rows, "wall_s": round(spent["wall"], 2)}
            row |= {"cpu_s": round(spent["cpu"], 2), "peak_gb": round(peak, 2), "load": load}
            row["date"] = dt.datetime.now(dt.UTC).date().isoformat()
            print(row, flush=True)
            _record(results, row)


def _record(results: Path, row: dict) -> None:
    kept = pd.read_csv(results, dtype=str).to_dict("records") if results.exists() else []
    kept = [r for r in kept if (r["engine"], int(r["rows"])) != (row["engine"], row["rows"])]
    order = [*TITLES.values()]
    kept = sorted([*kept, row], key=lambda r: (order.index(r["engine"]), int(r["rows"])))
    with results.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)


def whole(names: list[str], rows: int, scratch: Path) -> None:
    """Print what each step from the files to the plan takes."""
    folder = write_log(scratch, rows)
    print(f"{rows:,} rows from Parquet to labels and plan, {_machine()}")
    for name in names:
        start = _load()
        found, peak = child(scratch, "steps", name, folder)
        print(f"{name}, peak {peak:.1f} GB, {start} at the start")
        for step, spent in found.items():
            print(
                f"  {step:<28}{spent['wall']:>8.1f} s{spent['cpu']:>8.1f} CPU s   {spent['told']}"
            )
        for left in scratch.glob("customers*.parquet"):
            _remove(left)


def steps(name: str, folder: Path, scratch: Path) -> None:
    """Print what each step of one engine took."""
    pid, found = os.getpid(), {}
    running = WHOLE[name](folder, scratch)
    while True:
        wall, cpu = time.perf_counter(), cpu_seconds(pid)
        told = next(running, None)
        if told is None:
            break
        step, words = told
        spent = {"wall": time.perf_counter() - wall, "cpu": cpu_seconds(pid) - cpu}
        found[step] = spent | {"told": words}
        print(step, spent, words, file=sys.stderr, flush=True)
    print(json.dumps(found))


def _machine() -> str:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores, {gigabytes:.0f} GB, {_load()}"


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


def _remove(path: Path) -> None:
    if path.is_dir():
        for below in path.iterdir():
            _remove(below)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def main() -> None:
    """Run one of the three, or a part of it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["compare", "grow", "whole", "once", "turns", "steps"])
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--engines", nargs="+", choices=ENGINES)
    parser.add_argument("--rows", nargs="+", type=float, default=[BASE])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--folder", type=Path, help="keep the logs there for the next run")
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    words, sizes = given.words, [int(n) for n in given.rows]
    if given.what == "once":
        once(words[0], words[1], Path(words[2]), given.scratch)
    elif given.what == "turns":
        turns(words[0], Path(words[1]), int(words[2]), given.scratch)
    elif given.what == "steps":
        steps(words[0], Path(words[1]), given.scratch)
    else:
        with tempfile.TemporaryDirectory(prefix="layerwise-engines-") as name:
            scratch = given.folder or Path(name)
            if not (scratch / "small").exists():
                write_log(scratch, 10_000).rename(scratch / "small")
            if given.what == "compare":
                compare(given.engines or [*ENGINES], sizes[0], given.rounds, scratch)
            elif given.what == "grow":
                grow(given.engines or [*ENGINES], sizes, scratch, given.results)
            else:
                whole(given.engines or [*WHOLE], sizes[0], scratch)


if __name__ == "__main__":
    main()
