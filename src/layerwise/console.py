"""What the command line prints: layers, churn probability and plan, as text."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

import pandas as pd

from layerwise.columns import CUSTOMER, CUSTOMERS, OBJECTIVE, SPEND_TOTAL, STRATEGY, p_no_purchase
from layerwise.overview import Overview
from layerwise.strategy import plan_summary

_SHOWN = ("tier", "rfm", "value", "frequency", "loyalty", "churn")


def tell(result: Overview, written: Iterable[Path], *, as_of: Any) -> str:
    """Return the whole report of a run."""
    parts = [
        _section("Orders", f"as of {as_of}\n{result.check}"),
        _section("Layers: customers and share of spend", _layers(result.customers)),
        _section(_churn_title(result), _churn(result)),
        _section("Strategy plan", _plan(result)),
        *([_section("Notes", "\n".join(result.notes))] if result.notes else []),
        _section("Written", "\n".join(str(path) for path in written)),
    ]
    return "\n\n".join(parts)


def layer_sizes(customers: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Return customers, share of customers and share of spend by label, the best first."""
    groups = customers.groupby(layer, observed=True)[SPEND_TOTAL].agg(["size", "sum"])
    table = groups.iloc[::-1].reset_index(names=layer)
    table["share"] = table["size"] / len(customers)
    table["spend_share"] = table.pop("sum") / customers[SPEND_TOTAL].sum()
    return table.rename(columns={"size": "customers"})


def _layers(customers: pd.DataFrame) -> str:
    blocks = []
    for layer in [name for name in _SHOWN if name in customers]:
        table = layer_sizes(customers, layer)
        lines = [f"{layer:<20} customers   share  of spend"]
        lines += [
            f"  {row[0]:<18} {row[1]:>9,} {row[2]:>7.1%} {row[3]:>9.1%}"
            for row in table.itertuples(index=False)
        ]
        blocks.append("\n".join(lines))
    return "\n".join(blocks)


def _churn_title(result: Overview) -> str:
    return f"Churn probability: P(no purchase in the next {result.horizon_days} days)"


def _churn(result: Overview) -> str:
    column = p_no_purchase(result.horizon_days)
    lines: list[str] = []
    if column in result.customers:
        by_tier = result.customers.groupby("tier", observed=True)[column].mean().iloc[::-1]
        means = ", ".join(f"{tier} {mean:.2f}" for tier, mean in by_tier.items())
        lines.append(f"mean {result.customers[column].mean():.2f}; by tier: {means}")
    if result.scorecard is not None:
        lines += [f"judged on the last {result.horizon_days} days, fitted on what came before:"]
        lines += [str(result.scorecard)]
    return "\n".join(lines) or "not available, see the notes"


def _plan(result: Overview) -> str:
    summary = plan_summary(result.plan)
    first = result.plan.drop_duplicates(STRATEGY)
    texts = dict(zip(first[STRATEGY].astype(str), first[OBJECTIVE], strict=True))
    reached = result.plan[CUSTOMER].nunique()
    lines = [f"{reached:,} of {len(result.customers):,} customers, {len(result.plan):,} rows"]
    lines += [f"{'strategy':<20} customers  held out  objective"]
    lines += [
        f"{row.strategy_id:<20} {getattr(row, CUSTOMERS):>9,} {row.holdout:>9,}  "
        f"{texts[str(row.strategy_id)]}"
        for row in summary.itertuples()
    ]
    return "\n".join(lines)


def _section(title: str, body: str | Sequence[str]) -> str:
    return f"{title}\n{'-' * len(title)}\n{indent(str(body), '  ')}"
