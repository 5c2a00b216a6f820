"""From order log to customers: CPU time and memory beside the peers.

These are lifetimes, clvkit, plain pandas, Polars and DuckDB.

All ways give the same thirteen columns but lifetimes and clvkit, which give four. The log is drawn
at random: 0.15 customers a row, two years, amounts in cents, in no order. Peers that are not
installed are left out. DuckDB reads a table of its own, with two threads; its CPU time counts both.

Run: PYTHONPATH=src python benchmarks/summarize.py [--rows 1000000] [--ids int text] [--rounds 5]
or with --growth in place of --rows.

`lifetimes` cannot split a log on pandas 3. To time its split, name an interpreter that has
lifetimes with an older pandas: --lifetimes-python OLD/bin/python (a process of its own).

--growth prints how time grows from 1 to 10 million rows, each size in a process of its own. The
smaller log is counted whole and the larger one in parts, as users would have them.
"""

import argparse
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from timing import compare, cpu

from layerwise.summary import calibration_holdout, summarize

AS_OF, SPLIT = "2023-12-31", "2023-06-30"
WAYS = ("layerwise", "pandas", "polars", "duckdb", "clvkit", "lifetimes")
MOST = {"lifetimes": 1_000_000, "clvkit": 1_000_000}

SQL = """
create or replace temp table answer as
with occasions as (
    select customer_id, ordered_at::date as day, sum(amount) as net from log
    group by all having net > 0
)
select customer_id, min(day) as first_order, max(day) as last_order, count(*) as orders,
    count(*) - 1 as repeat_orders, max(day) - min(day) as first_to_last_days,
    date '2023-12-31' - min(day) as age_days, date '2023-12-31' - max(day) as days_since_last,
    sum(net) as spend_total, avg(net) as spend_mean,
    case when count(*) > 1 then (sum(net) - arg_min(net, day)) / (count(*) - 1) end as repeat_mean,
    count(*) filter (day > date '2022-12-31') as orders_365d,
    sum(net) filter (day > date '2022-12-31') as spend_365d
from occasions group by customer_id
"""

OLD_SPLIT = """
import gc, sys, time, warnings
warnings.simplefilter("ignore")
import pandas as pd
from lifetimes.utils import calibration_and_holdout_data as split
log = pd.read_csv(sys.argv[1], parse_dates=["ordered_at"])
names = "customer_id", "ordered_at"
for _ in sys.stdin:
    gc.collect()
    begin = time.process_time()
    split(log, *names, sys.argv[2], sys.argv[3], monetary_value_col="amount")
    print(time.process_time() - begin, flush=True)
"""


def make_log(rows: int, ids: str) -> pd.DataFrame:
    """Return a random order log."""
    rng = np.random.default_rng(0)
    customers = max(rows * 15 // 100, 1)
    code = rng.integers(0, customers, rows)
    names = ("C" + pd.Series(range(customers)).astype("str").str.zfill(15)).to_numpy()
    seconds = rng.integers(0, 730 * 86_400, rows).astype("m8[s]")
    return pd.DataFrame(
        {
            "customer_id": code if ids == "int" else pd.Series(names[code], dtype="str"),
            "ordered_at": np.datetime64("2022-01-01", "us") + seconds,
            "amount": rng.integers(100, 20_000, rows) / 100,
        }
    )


def by_pandas(log: pd.DataFrame) -> pd.DataFrame:
    """Return the customers by two group-bys, as one would write it with care."""
    day = log["ordered_at"].dt.floor("D")
    keys = [log["customer_id"], day.rename("day")]
    occasions = log["amount"].groupby(keys, sort=True).sum().reset_index()
    occasions = occasions[occasions["amount"] > 0]
    grouped = occasions.groupby("customer_id")
    table = grouped.agg(
        first_order=("day", "first"),
        last_order=("day", "last"),
        orders=("day", "size"),
        spend_total=("amount", "sum"),
        at_first=("amount", "first"),
    )
    recent = occasions[occasions["day"] > pd.Timestamp(AS_OF) - pd.Timedelta(days=365)]
    window = recent.groupby("customer_id")["amount"].agg(["size", "sum"])
    now, last, first = pd.Timestamp(AS_OF), table["last_order"], table["first_order"]
    repeat = table["orders"] - 1
    return table.assign(
        repeat_orders=repeat,
        first_to_last_days=(last - first).dt.days,
        age_days=(now - first).dt.days,
        days_since_last=(now - last).dt.days,
        spend_mean=table["spend_total"] / table["orders"],
        repeat_mean=(table["spend_total"] - table["at_first"]) / repeat.where(repeat > 0),
        orders_365d=window["size"].reindex(table.index, fill_value=0),
        spend_365d=window["sum"].reindex(table.index, fill_value=0.0),
    )


def by_polars(log: object, engine: str = "auto") -> object:
    """Return the customers by a lazy Polars query."""
    import polars as pl

    day, net, now = pl.col("day"), pl.col("net"), pl.lit(AS_OF).str.to_date()
    recent = day > now - pl.duration(days=365)
    occasions = (
        log.lazy()
        .group_by("customer_id", pl.col("ordered_at").dt.date().alias("day"))
        .agg(net=pl.col("amount").sum())
        .filter(net > 0)
    )
    table = occasions.group_by("customer_id").agg(
        first_order=day.min(),
        last_order=day.max(),
        orders=pl.len(),
        spend_total=net.sum(),
        at_first=net.get(day.arg_min()),
        orders_365d=recent.sum(),
        spend_365d=(net * recent).sum(),
    )
    repeat = pl.col("orders").cast(pl.Int64) - 1
    return table.with_columns(
        repeat_orders=repeat,
        first_to_last_days=(pl.col("last_order") - pl.col("first_order")).dt.total_days(),
        age_days=(now - pl.col("first_order")).dt.total_days(),
        days_since_last=(now - pl.col("last_order")).dt.total_days(),
        spend_mean=pl.col("spend_total") / pl.col("orders"),
        repeat_mean=pl.when(repeat > 0).then((pl.col("spend_total") - pl.col("at_first")) / repeat),
    ).collect(engine=engine)


def by_lifetimes(log: pd.DataFrame) -> object:
    """Return the four columns of lifetimes."""
    from lifetimes.utils import summary_data_from_transaction_data as theirs

    return theirs(log, "customer_id", "ordered_at", "amount", observation_period_end=AS_OF)


def by_clvkit(log: pd.DataFrame) -> object:
    """Return the four columns of clvkit."""
    from clvkit.customer_base import CustomerBase

    names = {"customer_id_col": "customer_id", "datetime_col": "ordered_at", "amount_col": "amount"}
    end = f"{AS_OF} 23:59:59.999999"
    return CustomerBase.from_transactions(log, **names, observation_period_end=end)


def way(name: str, log: pd.DataFrame) -> Callable[[], object]:
    """Return one way of summarising, with the log in its own kind of table."""
    if name == "polars":
        import polars as pl

        return partial(by_polars, pl.from_pandas(log))
    if name == "duckdb":
        import duckdb
        import pyarrow as pa

        base = duckdb.connect(config={"threads": 2})
        base.register("given", pa.Table.from_pandas(log, preserve_index=False))
        base.execute("create table log as select * from given").unregister("given")
        return lambda: base.execute(SQL)
    ours = partial(summarize, as_of=AS_OF)
    plain = {"layerwise": ours, "pandas": by_pandas}
    peers = {"lifetimes": by_lifetimes, "clvkit": by_clvkit}
    return partial((plain | peers)[name], log)


def installed(rows: int) -> list[str]:
    """Return the ways that can run at this size."""
    there = [n for n in WAYS if n == "layerwise" or importlib.util.find_spec(n)]
    return [n for n in there if rows <= MOST.get(n, rows)]


def resident(key: str) -> int:
    """Return a memory figure of this process in bytes (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def peak(name: str, rows: int, ids: str) -> float:
    """Return the bytes a row that a way needs at most beyond what lay in memory before."""
    way(name, make_log(10_000, ids))()
    run = way(name, make_log(rows, ids))
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    answer = run()
    peak_bytes = resident("VmHWM") - before
    del answer
    return peak_bytes / rows


def peaks(rows: int, ids: str) -> None:
    """Print the peak memory of each way, each in a process of its own."""
    print(f"\npeak memory above the input, bytes a row, {rows:,} rows, {ids} ids")
    for name in installed(rows):
        command = [sys.executable, __file__, "--rows", str(rows), "--ids", ids, "--peak", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(f"{name:<28}{done.stdout.strip() or 'failed':>10}")


def split_by_pandas(log: pd.DataFrame) -> pd.DataFrame:
    """Return summary and holdout by pandas."""
    early = log["ordered_at"] < pd.Timestamp(SPLIT) + pd.Timedelta(days=1)
    late = log[~early]
    day = late["ordered_at"].dt.floor("D").rename("day")
    held = late["amount"].groupby([late["customer_id"], day]).sum().groupby("customer_id")
    return by_pandas(log[early]).join(held.agg(["size", "sum"])).fillna({"size": 0, "sum": 0})


def split_by_clvkit(log: pd.DataFrame) -> object:
    """Return summary and holdout by clvkit."""
    return by_clvkit(log).split(calibration_period_end=SPLIT)


def splits(rows: int, rounds: int, old_python: str | None) -> None:
    """Compare the calibration / holdout split."""
    log = make_log(rows, "int")
    ways = {"layerwise": lambda: calibration_holdout(log, split=SPLIT, end=AS_OF)}
    ways["pandas"] = partial(split_by_pandas, log)
    if importlib.util.find_spec("clvkit"):
        ways["clvkit"] = partial(split_by_clvkit, log)
    print(f"\ncalibration / holdout split, {rows:,} rows")
    compare(ways, per=rows, rounds=rounds)
    if old_python is None:
        print("lifetimes: its split fails on pandas 3; see --lifetimes-python")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        log.to_csv(path, index=False)
        beside(ways["layerwise"], [old_python, "-c", OLD_SPLIT, path, SPLIT, AS_OF], rows, rounds)


def beside(ours: Callable[[], object], command: list[str | Path], rows: int, rounds: int) -> None:
    """Print the time of another process, which works in turn with this one, and the ratio."""
    theirs, ratios = [], []
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        for count in range(rounds + 1):
            mine = cpu(ours)
            print(file=other.stdin, flush=True)
            spent = float(other.stdout.readline())
            if count:  # the first warms up
                theirs.append(spent)
                ratios.append(spent / mine)
        other.stdin.close()
    middle, ratio = statistics.median(theirs), statistics.median(ratios)
    name = "lifetimes (old pandas)"
    print(f"{name:<28}{middle:>10.4f}{middle / rows * 1e9:>10.0f}{ratio:>8.1f}x")


def growth(ids: str, rounds: int) -> None:
    """Print ns a row at two sizes, and the exponent between them."""
    print(f"\ngrowth, {ids} ids (medians of {rounds})")
    spent = []
    for rows in (1_000_000, 10_000_000):
        names = ["--rows", str(rows), "--ids", ids, "--rounds", str(rounds), "--alone"]
        command = [sys.executable, __file__, *names]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        spent.append(float(done.stdout))
        print(f"{rows:>12,} rows{spent[-1] / rows * 1e9:>10.0f} ns a row")
    print(f"exponent {np.log10(spent[1] / spent[0]):.2f}")


def alone(rows: int, ids: str, rounds: int) -> float:
    """Return the median CPU seconds of layerwise; the first call is not counted."""
    run = way("layerwise", make_log(rows, ids))
    run()
    return statistics.median(cpu(run) for _ in range(rounds))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--ids", nargs="+", choices=["int", "text"], default=["int", "text"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--split-rows", type=int, default=100_000)
    parser.add_argument("--lifetimes-python")
    parser.add_argument("--growth", action="store_true", help="1 and 10 million rows, alone")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--peak", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.peak:
        print(f"{peak(given.peak, given.rows, given.ids[0]):.0f}")
        return
    if given.alone:
        print(alone(given.rows, given.ids[0], given.rounds))
        return
    if given.growth:
        for ids in given.ids:
            growth(ids, given.rounds)
        return
    for ids in given.ids:
        print(f"\nsummarize, {given.rows:,} rows, {ids} ids")
        log = make_log(given.rows, ids)
        ways = {name: way(name, log) for name in installed(given.rows)}
        compare(ways, per=given.rows, rounds=given.rounds)
        del ways, log
        peaks(given.rows, ids)
    splits(given.split_rows, given.rounds, given.lifetimes_python)


if __name__ == "__main__":
    main()
