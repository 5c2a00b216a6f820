"""What tables of one report give away together: attacked by linear programming."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import layerwise as lw
from layerwise.churn import high_churn_groups
from layerwise.report import report
from layerwise.report.document import HIDDEN
from layerwise.report.leaving_sections import groups_section
from layerwise.report.together import SHOWN, closed_cells
from layerwise.report.words import Say


def section(made, name):
    """Return a section of a report."""
    return next(each for each in made.sections if each.id == name)


def overview(n, seed):
    """Return an overview of simulated orders."""
    return lw.overview(lw.datasets.simulate_orders(n, seed=seed), as_of="2024-12-30")


def counted(found):
    """Return who is in which cell of layers and plan: cell -> flags of customers."""
    customers, plan = found.customers, found.plan
    flags = {
        (layer, str(label)): (customers[layer] == label).to_numpy()
        for layer in SHOWN
        for label in customers[layer].dropna().unique()
    }
    for column in ("strategy_id", "owner", "channel"):
        for name, rows in plan.groupby(plan[column].astype(object).fillna("").astype(str)):
            flags[column, name] = customers["customer_id"].isin(rows["customer_id"]).to_numpy()
    return flags


def shown_cells(found, made):
    """Return which cells stand with a number in the report, as its tables say."""
    shown = set()
    for layer, each in zip(SHOWN, section(made, "layers").tables, strict=True):
        labels = found.customers.groupby(layer, observed=True).size().index[::-1]
        assert len(labels) == len(each.rows)
        shown |= {
            (layer, str(a))
            for a, row in zip(labels, each.rows, strict=True)
            if row[1] is not HIDDEN
        }
    columns = ("strategy_id", "owner", "channel")
    for column, each in zip(columns, section(made, "plan").tables, strict=True):
        numbers = [row[2] for row in each.rows]
        shown |= {
            cell
            for cell, who in counted(found).items()
            if cell[0] == column and who.sum() in numbers
        }
    return shown


def most(cell, shown, flags):
    """Return the most customers a cell may hold by what is shown, where kinds are known."""
    matrix = np.unique(np.array(list(flags.values())), axis=1).astype(float)
    rows = dict(zip(flags, matrix, strict=True))
    known = [np.ones(matrix.shape[1]), *(rows[name] for name in shown)]
    sums = [len(next(iter(flags.values()))), *(int(flags[name].sum()) for name in shown)]
    there = -np.array([rows[name] for name in flags if name not in shown])
    some = {"A_ub": there, "b_ub": -np.ones(len(there))}
    best = linprog(-rows[cell], A_eq=np.array(known), b_eq=sums, **some, method="highs")
    return -best.fun


@pytest.mark.parametrize(("n", "seed"), [(500, 7), (400, 7), (300, 1), (1000, 3)])
def test_no_small_label_or_strategy_is_narrowed(n, seed):
    """Layers and plan, put together, leave it open that any small cell holds k or more."""
    found = overview(n, seed)
    flags = counted(found)
    shown = shown_cells(found, report(found))
    few = [name for name, who in flags.items() if 0 < who.sum() < 10]
    assert not shown & set(few)
    assert all(most(cell, shown, flags) >= 10 - 1e-6 for cell in few)


def test_the_attack_of_the_coupon():
    """The coupon of two hidden tiers, if it were shown, would narrow what is hidden."""
    found = overview(500, 7)
    flags = counted(found)
    coupon, trial = ("strategy_id", "tier_pot_coupon"), ("strategy_id", "tier_pot_trial")
    both = {name: int(flags["tier", name].sum()) for name in ("loyal", "potential")}
    assert both == {"loyal": 2, "potential": 15}
    assert flags[coupon].sum() == 10
    shown = shown_cells(found, report(found))
    assert not shown & {coupon, ("tier", "loyal"), ("tier", "potential")}
    assert most(trial, shown | {coupon}, flags) < 10 <= most(trial, shown, flags) + 1e-6


def test_hidden_actions_come_last():
    """The place of a hidden count in a list by size would tell what it is about."""
    for each in section(report(overview(500, 7)), "plan").tables:
        hidden = [row[2] is HIDDEN for row in each.rows]
        assert hidden == sorted(hidden)


def test_nothing_small_nothing_closed():
    """Where every cell holds k customers or more, nothing is hidden."""
    found = overview(500, 7)
    assert closed_cells(found.customers, found.plan, 2) == frozenset()
    assert closed_cells(None, None, 10) == frozenset()


def test_a_closed_label_is_no_group():
    """A group whose label the layers hide is not told."""
    found = overview(500, 7).customers
    left = found.assign(left=(found["tier"] == "churned") & (found["customer_id"] % 3 > 0))
    groups = high_churn_groups(left.astype({"left": int}), by=["tier"], outcome="left")
    assert groups_section(groups, Say("en"), 10).tables
    closed = frozenset({("tier", "churned")})
    assert groups_section(groups, Say("en"), 10, closed).tables == ()


def test_moves_keep_to_what_layers_hide():
    """Moves to a hidden label show no number, nor does who stayed."""
    found = overview(500, 7)
    moved = found.customers.groupby("tier", observed=True).size().reset_index(name="customers")
    moved = moved.assign(layer="tier", to=moved["tier"]).rename(columns={"tier": "from"})
    told = section(report(found, migration=moved, k=10), "migration")
    at = [column.title for column in told.tables[0].columns]
    for title in ("Loyal customer", "Potential (high-growth) customer"):
        assert all(row[at.index(title)] is HIDDEN for row in told.tables[0].rows)
    assert told.headline == "How many stayed would tell of hidden cells."


def test_pairs_of_labels_are_judged_too():
    """Groups of two layers are cells as well: a pair shown would narrow one that is hidden."""
    found = overview(500, 7)
    pairs = pd.DataFrame({"by": ["tier & churn"], "segment": ["potential & active"]})
    closed = closed_cells(found.customers, found.plan, 10, groups=pairs)
    flags = counted(found)
    for tier in found.customers["tier"].unique():
        for churn in found.customers["churn"].unique():
            both = flags["tier", tier] & flags["churn", churn]
            if both.any():
                flags["tier & churn", f"{tier} & {churn}"] = both
    shown = set(flags) - closed
    few = [name for name, who in flags.items() if who.sum() < 10]
    assert any(" & " in name for name, _ in few)
    assert not shown & set(few)
    assert all(most(cell, shown, flags) >= 10 - 1e-6 for cell in few)


def test_rows_of_nobody_count_for_nobody():
    """A plan with rows that name no customer is judged by its other rows."""
    found = overview(300, 1)
    nobody = found.plan.head(5).assign(customer_id=None)
    plan = pd.concat([found.plan.astype({"customer_id": object}), nobody], ignore_index=True)
    assert closed_cells(found.customers, plan, 10) == closed_cells(found.customers, found.plan, 10)
