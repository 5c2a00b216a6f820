"""What the month brought, for those who decide: one report of everything that was worked out."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pandas as pd

from layerwise import columns as c
from layerwise.at_once import Overview
from layerwise.brief import in_brief
from layerwise.churn import Causes, ChurnGroups, Warnings
from layerwise.errors import ColumnsError, SpecError, problems
from layerwise.evaluate import Monitoring, RefitVerdict
from layerwise.report import customers_sections, doing_sections, figures_sections, leaving_sections
from layerwise.report.document import Section, as_dict, day
from layerwise.report.hidden import small
from layerwise.report.markdown import to_markdown
from layerwise.report.page import to_page
from layerwise.report.read import CLASSES, read_parts
from layerwise.report.together import NOTHING, Closed, closed_cells
from layerwise.report.words import Say
from layerwise.saved import fits
from layerwise.scorecard import Scorecard
from layerwise.version import VERSION
from layerwise.writing import write_text

_NEEDS = {
    "orders": ("Customers and what was left out", "overview="),
    "layers": ("Layers of customers", "overview="),
    "risk": ("Churn probability", "overview= with a purchase model, or scorecard="),
    "warnings": ("Early warnings", "warnings= of early_warning"),
    "groups": ("Groups that lose the most customers", "groups= of high_churn_groups"),
    "causes": ("Causes of leaving", "causes= of rank_causes"),
    "impact": ("What churn costs", "impact= of assess_impact"),
    "plan": ("Plan", "overview=, or plan= of StrategyTable.plan"),
    "effects": ("Effects of strategies", "effects= with those held out as control"),
    "migration": ("Migration between layers", "migration= from one snapshot to the next"),
    "kpis": ("Key figures", "kpis= of kpis"),
    "alerts": ("Alerts", "monitoring= of monitor"),
    "drift": ("Drift of the data", "drift= of drift, or refit= of refit_due"),
    "privacy": ("Privacy", "privacy="),
}
"""Section -> its title, and what makes it; in the order of the page."""


@attrs.frozen(kw_only=True)
class Report:
    """A report of plain values, ready to be shown.

    Attributes:
        title: Its heading.
        as_of: The day it is about, as ISO text.
        lang: "en" or "zh".
        k: Numbers of fewer customers are hidden.
        sections: What was made.
        not_made: Sections that lack their input: id, title, and what makes them.
    """

    title: str
    as_of: str
    lang: str
    k: int
    sections: tuple[Section, ...]
    not_made: tuple[tuple[str, str, str], ...]

    __repr__ = in_brief

    def to_dict(self) -> dict[str, Any]:
        """Return the report as mappings, lists, text and numbers, as JSON has them.

        Shares are 0 to 1; a missing value is None, a hidden one `{"hidden": True}`.
        """
        return {
            "title": self.title,
            "as_of": self.as_of,
            "lang": self.lang,
            "k": self.k,
            "layerwise": VERSION,
            "sections": [as_dict(section) for section in self.sections],
            "not_made": [
                dict(zip(("id", "title", "needs"), row, strict=True)) for row in self.not_made
            ],
        }

    def to_json(self) -> str:
        """Return `to_dict()` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return one HTML page that needs nothing else: no network, scripts or fonts of its own.

        Args:
            path: Where to write it too (UTF-8), whole or not at all.

        Raises:
            MissingExtraError: Jinja2 is not installed.
            FileNotFoundError: The folder does not exist; none is made.
            OSError: The file cannot be written.
            SavedFileError: `path` is no path, or names no file.
        """
        return _written(to_page(self), path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return the report as Markdown with tables.

        Args:
            path: Where to write it too (UTF-8), whole or not at all.

        Raises:
            FileNotFoundError: The folder does not exist; none is made.
            OSError: The file cannot be written.
            SavedFileError: `path` is no path, or names no file.
        """
        return _written(to_markdown(self), path)


def _written(text: str, path: str | Path | None) -> str:
    if path is not None:
        write_text(path, text)
    return text


def report(
    overview: Overview | None = None,
    *,
    as_of: Any = None,
    risk: object = None,
    scorecard: Scorecard | None = None,
    warnings: Warnings[Any] | None = None,
    groups: ChurnGroups | None = None,
    causes: Causes | None = None,
    impact: object = None,
    plan: object = None,
    effects: object = None,
    migration: object = None,
    kpis: object = None,
    monitoring: Monitoring | None = None,
    drift: object = None,
    refit: RefitVerdict | None = None,
    privacy: object = None,
    title: str | None = None,
    currency: str = "",
    lang: str = "en",
    k: int = 10,
) -> Report:
    """Return the report of a month: what is given, in plain words and tables.

    Every part may be left out; the report lists what it lacks. Nothing is computed anew, only
    counted, shared out and put in order, and equal results give equal bytes: there is no clock in
    it but `as_of`.

    **Small cells.** A number of customers from 1 to k - 1 is hidden in every table, with what would
    give it away by subtraction; so are rates of so few, or of which so few fall on either side.
    Bands of the calibration are put together instead. Rows of a log are counted as they are.
    Where there are fewer than k customers in all, nothing of them is told.
    Layers, churn probability by layer, pairs of layers and the plan count the same customers, and
    are judged together: for a reader who knows which labels and actions go together, every small
    count may still be k or more. Moves to a hidden label are hidden too. Leavers, warnings, causes,
    effects and key figures are judged by themselves: they rest on other days and other data. For
    tables that leave the house there is `layerwise.privacy.publish`.

    Args:
        overview: What `layerwise.overview` returned: customers, layers, churn probability, plan.
        as_of: The day of the report; needed without an overview, else it is the overview's.
        risk: What `risk_table` returned, in place of the overview's customers: adds spend at risk.
        scorecard: How good the churn probability is, in place of the overview's.
        warnings: What `early_warning` returned.
        groups: What `high_churn_groups` returned.
        causes: What `rank_causes` returned.
        impact: What `assess_impact` returned.
        plan: What `StrategyTable.plan` returned, in place of the overview's.
        effects: What `effects` returned for goals that are yes or no; or a table with a row a
            strategy: `strategy_id`, `treated` and `control` (customers), `effect` with `low` and
            `high` (difference of shares: 0.02 is two points), `verdict` (keep, adjust, stop,
            continue) and, where known, `evidence`.
        migration: What `measure_migration` returned, of which the last two dates are told; or a
            table with a row a move: `from`, `to` (labels), `customers`, and `layer` where it holds
            several.
        kpis: What `kpis` returned; the report shows everybody, not segments.
        monitoring: What `monitor` returned.
        drift: What `drift` returned.
        refit: What `refit_due` returned.
        privacy: The record of the run: what `run_record` returned, a mapping, or a table of `item`
            and `value` (and `unit`: where it is "customers" or "rows", few are hidden).
        title: Heading of the report.
        currency: Name or sign of the currency.
        lang: "en" or "zh".
        k: Numbers of fewer customers are hidden.

    Raises:
        SpecError: A part is not what it should be, `as_of` is missing or no date, or a choice is
            not possible.
        ColumnsError: A table lacks columns, or numbers in it are text.
        DataError: A number of customers is negative, missing or not whole.
        EngineError: A table is no dataframe in memory.
        PrivacyError: More than 3,000 counts are small, or more than 100,000 kinds of customers.

    Example:
        >>> import layerwise as lw
        >>> found = lw.overview(lw.datasets.simulate_orders(500, seed=7), as_of="2024-12-30")
        >>> month = report(found)
        >>> [section.id for section in month.sections]
        ['orders', 'layers', 'risk', 'plan']
        >>> print(month.sections[1].headline)
        High-value customer: 13.2% of customers bring 75.7% of spend.
        >>> month.not_made[0]
        ('warnings', 'Early warnings', 'warnings= of early_warning')
    """
    given = {
        "overview": overview, "risk": risk, "scorecard": scorecard, "warnings": warnings,
        "groups": groups, "causes": causes, "impact": impact, "plan": plan, "effects": effects,
        "migration": migration, "kpis": kpis, "monitoring": monitoring, "drift": drift,
        "refit": refit, "privacy": privacy,
    }  # fmt: skip
    say = Say(lang)
    _check(given, title, currency, k)
    parts = read_parts(given)
    made = _sections(parts, say, k, currency)
    return Report(
        title=title or say("The month in customers"),
        as_of=_day_of(parts, as_of),
        lang=lang,
        k=k,
        sections=tuple(section for section in made.values() if section is not None),
        not_made=tuple(
            (name, say(said), say(needs))
            for name, (said, needs) in _NEEDS.items()
            if made.get(name) is None
        ),
    )


def _check(given: Mapping[str, Any], title: Any, currency: Any, k: Any) -> None:
    wrong = [
        f"{name}= is of the type {type(value).__name__}, not {CLASSES[name].__name__}"
        for name, value in given.items()
        if name in CLASSES and value is not None and not isinstance(value, CLASSES[name])
    ]
    if not fits(k, int) or k < 2:
        wrong.append("k must be a whole number from 2 up")
    if not isinstance(currency, str) or not isinstance(title, str | None):
        wrong.append("title and currency must be text")
    if wrong:
        raise SpecError(
            problems("The report cannot be made:", wrong),
            hint="give each part as the function of that name returned it.",
        )


def _day_of(parts: Mapping[str, Any], as_of: Any) -> str:
    """Return the day that was given, or that of the overview: last order plus silence since."""
    if as_of is not None:
        return day(as_of)
    if "overview" not in parts:
        raise SpecError("as_of is missing.", hint='report(kpis=table, as_of="2024-12-31").')
    row = parts["overview"].customers.iloc[0]
    silent = pd.Timedelta(days=float(row[c.SILENCE]))
    return day(pd.Timestamp(row[c.LAST_ORDER]) + silent)


def _sections(
    parts: Mapping[str, Any], say: Say, k: int, currency: str
) -> dict[str, Section | None]:
    found: Overview | None = parts.get("overview")
    customers = parts.get("risk", found.customers if found else None)
    card = parts.get("scorecard", found.scorecard if found else None)
    plan = parts.get("plan", found.plan if found else None)
    total = len(found.customers) if found else None
    makers: dict[str, tuple[Any, Callable[..., Section]]] = {
        "warnings": (parts.get("warnings"), leaving_sections.warnings_section),
        "causes": (parts.get("causes"), leaving_sections.causes_section),
        "effects": (parts.get("effects"), doing_sections.effects_section),
        "kpis": (parts.get("kpis"), figures_sections.kpis_section),
        "alerts": (parts.get("monitoring"), figures_sections.alerts_section),
        "privacy": (parts.get("privacy"), figures_sections.privacy_section),
    }
    made: dict[str, Section | None] = {
        name: None if value is None else make(value, say, k)
        for name, (value, make) in makers.items()
    }
    closed: Closed = NOTHING
    if found is not None and small(len(found.customers), k):
        customers = card = plan = None
        parts = {name: part for name, part in parts.items() if name != "risk"}
        made["orders"] = customers_sections.too_few_section(found.check, say, k)
    else:
        groups = parts["groups"].table if "groups" in parts else None
        closed = closed_cells(found.customers if found else customers, plan, k, groups=groups)
    if "groups" in parts:
        made["groups"] = leaving_sections.groups_section(parts["groups"], say, k, closed)
    if "migration" in parts:
        made["migration"] = doing_sections.migration_section(parts["migration"], say, k, closed)
    if found is not None and "orders" not in made:
        made["orders"] = customers_sections.orders_section(found.check, say, k)
        made["layers"] = customers_sections.layers_section(found.customers, say, k, closed)
    if plan is not None:
        made["plan"] = doing_sections.plan_section(plan, total, say, k, closed)
    if "impact" in parts:
        few = found is not None and _few_churned(found.customers, k)
        made["impact"] = leaving_sections.impact_section(
            parts["impact"], say, k, currency=currency, few=few
        )
    if "drift" in parts or "refit" in parts:
        made["drift"] = figures_sections.drift_section(parts.get("drift"), parts.get("refit"), say)
    made["risk"] = _risk(customers, card, found, say, k, closed, given="risk" in parts)
    return {name: made.get(name) for name in _NEEDS}


def _few_churned(customers: pd.DataFrame, k: int) -> bool:
    return "churn" in customers and small(int((customers["churn"] == "churned").sum()), k)


def _risk(
    customers: pd.DataFrame | None,
    card: Scorecard | None,
    found: Overview | None,
    say: Say,
    k: int,
    closed: Closed,
    *,
    given: bool,
) -> Section | None:
    days = _horizon(customers, found)
    if given and days is None:
        raise ColumnsError(
            "The table risk= holds no churn probability.",
            hint="risk_table(customers, model=model) adds p_no_purchase_90d.",
        )
    if days is None and card is None:
        return None
    return customers_sections.risk_section(
        customers if days is not None else None, card, days or 0, say, k, closed
    )


def _horizon(customers: pd.DataFrame | None, found: Overview | None) -> int | None:
    """Return how far the churn probability of a table looks ahead; None without one."""
    if customers is None:
        return None
    if found is not None and c.p_no_purchase(found.horizon_days) in customers:
        return found.horizon_days
    prefix = c.p_no_purchase(90).removesuffix("90d")
    named = sorted(str(n) for n in customers if str(n).startswith(prefix) and str(n).endswith("d"))
    days = [n.removeprefix(prefix).removesuffix("d") for n in named]
    return next((int(d) for d in days if d.isdigit()), None)
