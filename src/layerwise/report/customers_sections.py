"""The sections on whom the report is about: orders, layers, churn probability."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise.columns import p_no_purchase, spend_in, value_at_risk
from layerwise.console import layer_sizes
from layerwise.orders.left_out import OrderCheck
from layerwise.rates import wilson
from layerwise.report.cells import number
from layerwise.report.document import Column, Section, records, table
from layerwise.report.hidden import hide, parts, small
from layerwise.report.together import NOTHING, SHOWN, Closed, among
from layerwise.report.words import Say
from layerwise.scorecard import Scorecard

_REASONS = {
    "null_customer": "no customer",
    "null_order": "no order number",
    "null_time": "no date",
    "null_amount": "no amount",
    "after_as_of": "after the day of the report",
    "refunded_rows": "order refunded or free",
}


def orders_section(check: OrderCheck, say: Say, k: int) -> Section:
    """Return what was read, and what was left out and why."""
    left = {say(text): n for name, text in _REASONS.items() if (n := getattr(check, name))}
    text = "{n:,} customers bought from {first} to {last}; no row is left out."
    if check.left_out:
        text = "{n:,} customers bought from {first} to {last}; {share} of the rows are left out."
    share = number(check.left_out / check.rows if check.rows else 0.0, "percent")
    times = {"first": check.first_order, "last": check.last_order}
    headline = say(text, n=check.customers, share=share, **times)
    columns = [Column(title=say("left out because")), Column(title=say("rows"), kind="count")]
    notes = []
    if check.duplicate_rows:
        text = "{n:,} rows equal an earlier row; they are counted, as equal lines are common."
        notes.append(say(text, n=check.duplicate_rows))
    if gone := check.customers_without_purchase:
        known = say("fewer than {k}", k=k) if small(gone, k) else f"{gone:,}"
        notes.append(say("Customers with refunded or free orders only: {n}.", n=known))
    if check.refund_rows:
        text = "{n:,} refund rows have no purchase to be taken off; spend is too high by {amount}."
        amount = number(-check.refund_total, "money")
        notes.append(say(text, n=check.refund_rows, amount=amount))
    if check.clock is not None:
        notes.append(say("Days are counted in {zone}.", zone=check.clock))
    return Section(
        id="orders",
        title=say("Customers and what was left out"),
        headline=headline,
        numbers=(
            (say("customers"), f"{check.customers:,}"),
            (say("rows used"), f"{check.used:,}"),
            (say("rows left out"), f"{check.left_out:,}"),
        ),
        tables=(table(say("Rows left out"), columns, left.items()),) if left else (),
        notes=tuple(notes),
    )


def too_few_section(check: OrderCheck, say: Say, k: int) -> Section:
    """Return that there are too few customers to publish anything of them."""
    text = "Fewer than {k} customers bought from {first} to {last}: too few for a report of them."
    return Section(
        id="orders",
        title=say("Customers and what was left out"),
        headline=say(text, k=k, first=check.first_order, last=check.last_order),
    )


def layers_section(customers: pd.DataFrame, say: Say, k: int, closed: Closed = NOTHING) -> Section:
    """Return how many customers each label has, and how much they spend."""
    shown = [name for name in SHOWN if name in customers]
    sizes = {name: _sizes(customers, name, k, closed) for name in shown}
    year = spend_in(365) in customers
    spend = say("share of spend, 365 days") if year else say("share of spend")
    tables = [_layer_table(name, rows, spend, say) for name, rows in sizes.items()]
    return Section(
        id="layers",
        title=say("Layers of customers"),
        headline=_layers_headline(sizes, say),
        tables=tuple(tables),
        notes=(say("Layers judge independently; the tier decides which comes first."),),
    )


def _sizes(customers: pd.DataFrame, layer: str, k: int, closed: Closed) -> pd.DataFrame:
    rows = layer_sizes(customers, layer)
    return rows.assign(hidden=_hidden_labels(layer, rows[layer], rows["customers"], k, closed))


def _hidden_labels(layer: str, labels: Any, counts: Any, k: int, closed: Closed) -> Any:
    """Return which labels of a layer to hide.

    Churn status, loyalty and tier have the same churned customers: where these show in one, they
    cannot hide in another, so that others must.
    """
    known = (labels.astype(str) == "churned").to_numpy() & (np.asarray(counts) >= k)
    hidden = np.zeros(len(known), dtype=bool)
    hidden[~known] = parts(np.asarray(counts)[~known], k)
    return hidden | among(closed, layer, labels)


def _layers_headline(sizes: dict[str, pd.DataFrame], say: Say) -> str:
    layer, rows = next(iter(sizes.items()))
    seen = rows[~rows["hidden"] & (rows["share"] > 0)]
    if seen.empty:
        return say("There are too few customers to show layers.")
    best = seen.iloc[int(np.argmax(seen["spend_share"] / seen["share"]))]
    text = "{label}: {share} of customers bring {spend} of spend."
    shares = {"share": best["share"], "spend": best["spend_share"]}
    shown = {name: number(value, "percent") for name, value in shares.items()}
    return say(text, label=say.term(layer, str(best[layer])), **shown)


def _layer_table(layer: str, sizes: pd.DataFrame, spend: str, say: Say) -> Any:
    columns = [
        Column(title=say.layer(layer)),
        Column(title=say("customers"), kind="count"),
        Column(title=say("share of customers"), kind="bar"),
        Column(title=spend, kind="bar"),
    ]
    measures = ("customers", "share", "spend_share")
    rows = [
        (say.term(layer, str(row[layer])), *(hide(row[name], row["hidden"]) for name in measures))
        for row in records(sizes)
    ]
    return table(say.layer(layer), columns, rows)


def risk_section(
    customers: pd.DataFrame | None,
    card: Scorecard | None,
    horizon: int,
    say: Say,
    k: int,
    closed: Closed = NOTHING,
) -> Section:
    """Return who is likely to buy nothing, and how far that can be trusted."""
    column = p_no_purchase(horizon)
    there = customers is not None and column in customers
    expected = float(np.nansum(customers[column])) if there else np.nan  # type: ignore[index]
    judged = {say("customers judged"): f"{card.customers:,}"} if card else {}
    numbers = {}
    if there:
        assert customers is not None  # noqa: S101 - for the type checker
        headline = _risk_headline(expected, len(customers), horizon, say)
        numbers[say("expected to buy nothing")] = number(expected, "count")
    else:
        headline = say("The churn probability was judged on {n:,} customers.", n=card.customers)  # type: ignore[union-attr]
    tables = [_by_tier(customers, column, horizon, say, k, closed)] if there else []  # type: ignore[arg-type]
    texts = [_trust(card, horizon, say)] if card else []
    if card:
        tables += [_scores(card, say), _calibration(card, say, k)]
    return Section(
        id="risk",
        title=say("Churn probability"),
        headline=headline,
        numbers=tuple((numbers | judged).items()),
        texts=tuple(texts),
        tables=tuple(each for each in tables if each is not None),
        notes=(
            say("Churn probability: P(no purchase in the next {h} days).", h=horizon),
            *([] if card else [say("It could not be judged against what came after.")]),
        ),
    )


def _risk_headline(expected: float, n: int, horizon: int, say: Say) -> str:
    text = "About {m} of {n:,} customers ({share}) will buy nothing in the next {h} days."
    share = number(expected / n if n else 0.0, "percent")
    return say(text, m=number(expected, "count"), n=n, share=share, h=horizon)


def _by_tier(
    customers: pd.DataFrame, column: str, horizon: int, say: Say, k: int, closed: Closed
) -> Any:
    layer = next((name for name in SHOWN if name in customers), None)
    if layer is None:
        return None
    at_risk = value_at_risk(horizon)
    groups = customers.groupby(layer, observed=True)
    found = groups.agg(n=(column, "size"), mean=(column, "mean"), total=(column, "sum"))
    columns = [
        Column(title=say.layer(layer)),
        Column(title=say("customers"), kind="count"),
        Column(title=say("mean churn probability"), kind="bar"),
        Column(title=say("expected to buy nothing"), kind="count"),
    ]
    if at_risk in customers:
        found["value"] = groups[at_risk].sum()
        columns.append(Column(title=say("spend at risk, {h} days", h=horizon), kind="money"))
    found = found.iloc[::-1].reset_index(names=layer)
    found = found.assign(hidden=_hidden_labels(layer, found[layer], found["n"], k, closed))
    measures = [str(name) for name in found if name not in (layer, "hidden")]
    rows = [
        (say.term(layer, str(row[layer])), *(hide(row[name], row["hidden"]) for name in measures))
        for row in records(found)
    ]
    return table(say("Churn probability by {layer}", layer=say.layer(layer)), columns, rows)


def _trust(card: Scorecard, horizon: int, say: Say) -> str:
    text = (
        "Judged on the last {h} days: of one customer who fell silent and one who bought, it ranks "
        "the silent one higher in {model} of 100 cases; plain days of silence do in {silence}."
    )
    scores = {"model": f"{card.auc * 100:.0f}", "silence": f"{card.auc_silence * 100:.0f}"}
    return say(text, h=horizon, **scores)


def _scores(card: Scorecard, say: Say) -> Any:
    columns = [
        Column(title=say("measure")),
        Column(title=say("churn probability"), kind="number"),
        Column(title=say("baseline"), kind="number"),
        Column(title=say("the baseline is")),
    ]
    rows = [
        (say("ranking (AUC), 1 is best"), card.auc, card.auc_silence, say("days of silence")),
        (
            say("error (Brier), 0 is best"),
            card.brier,
            card.brier_base,
            say("the same rate for all"),
        ),
    ]
    return table(say("How good is it?"), columns, rows)


def _calibration(card: Scorecard, say: Say, k: int) -> Any:
    bands = merged_bands(card.calibration, k)
    if bands.empty:
        return None
    top = max(0.1, float(np.nanmax(bands[["high", "predicted"]].to_numpy(), initial=0.1)))
    actual = say("bought nothing (interval; line: predicted)")
    columns = [
        Column(title=say("predicted"), kind="percent"),
        Column(title=say("customers"), kind="count"),
        Column(title=actual, kind="range", scale=(0.0, top)),
    ]
    rows = [
        (
            row["predicted"],
            int(row["customers"]),
            {
                "value": row["actual"],
                "low": row["low"],
                "high": row["high"],
                "mark": row["predicted"],
            },
        )
        for row in records(bands)
    ]
    return table(say("Was it right? Predicted and actual"), columns, rows)


def merged_bands(bands: pd.DataFrame, k: int) -> pd.DataFrame:
    """Return bands put together until each has k silent customers and k buyers, or none.

    Neighbours are merged from the lowest probability up; what is left over joins the last.
    """
    n = bands["customers"].to_numpy(dtype=np.int64)
    silent = np.rint(bands["actual"].to_numpy() * n).astype(np.int64)
    weight = bands["predicted"].to_numpy() * n
    done: list[list[float]] = []
    now = [0.0, 0.0, 0.0]
    for row in zip(n, silent, weight, strict=True):
        now = [a + float(b) for a, b in zip(now, row, strict=True)]
        if not _few(now, k):
            done.append(now)
            now = [0.0, 0.0, 0.0]
    while now[0]:
        now = [a + b for a, b in zip(now, done.pop(), strict=True)] if done else now
        if not _few(now, k):
            done.append(now)
            now = [0.0, 0.0, 0.0]
        elif not done:
            break
    counts = np.array(done).reshape(-1, 3)
    low, high = wilson(counts[:, 1], counts[:, 0])
    made = {"customers": counts[:, 0], "predicted": counts[:, 2] / counts[:, 0]}
    return pd.DataFrame(made | {"actual": counts[:, 1] / counts[:, 0], "low": low, "high": high})


def _few(cell: list[float], k: int) -> bool:
    return small(cell[1], k) or small(cell[0] - cell[1], k) or cell[0] < k
