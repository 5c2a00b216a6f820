"""StrategyTable: which strategy each label gets, as a table that a marketer can read and edit."""

from collections.abc import Collection, Mapping
from typing import Any

import attrs
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrame, IntoDataFrameT

from layerwise import frames, lazy
from layerwise.columns import CUSTOMER, STRATEGY
from layerwise.strategy import assign, in_engine
from layerwise.strategy import plan as planning
from layerwise.strategy.coverage import coverage_of
from layerwise.strategy.links import read_links
from layerwise.strategy.match import choose
from layerwise.strategy.programmes import programmes_asked
from layerwise.strategy.resolve import AxesArgument, column_of, warn_unused
from layerwise.strategy.row import Strategy
from layerwise.strategy.strategies import Strategies, check_lang


@attrs.frozen(kw_only=True, repr=False)
class StrategyTable(Strategies):
    """Which strategy each label gets.

    A table is checked when it is made: ids are unique, no row repeats another's action for the same
    label, and no label gets two price incentives of equal priority. The order of rows never matters
    to a plan.

    Args:
        rows: The strategies.
        lang: ``en`` or ``zh``: the language of plans and frames when none is asked for. Two tables
            with equal rows are equal whatever their language.

    Raises:
        TableError: The rows contradict each other; problems are listed at once, 20 at most.

    >>> table = StrategyTable.default()
    >>> len(table), len(table.programmes)
    (245, 188)
    >>> labels = pd.DataFrame({"customer_id": [1, 2], "tier": ["high_value", "new"]})
    >>> plan = table.plan(labels, cap=1, holdout=0)
    >>> print(plan[["customer_id", "strategy_id", "reason"]].to_string(index=False))
     customer_id      strategy_id            reason
               1  tier_high_offer tier = high_value
               2 tier_new_onboard        tier = new
    """

    def unreachable(
        self,
        *,
        cap: int = 3,
        one_price_incentive: bool = True,
        links: pd.DataFrame | None = None,
    ) -> tuple[str, ...]:
        """Return ids of customer strategies that a plan with these choices can never hold.

        Every customer with a label that earns the row, its own or a linked one, has at least `cap`
        better rows of that same label, or (`one_price_incentive`) a better price incentive of it.
        """
        planning.check_cap(cap)
        linked = read_links(links, self.rows).customers
        groups: dict[tuple[str, str], list[Strategy]] = {}
        for row in self.rows:
            if row.level == "customer":
                groups.setdefault((row.axis, row.segment), []).append(row)
        every = (*groups.values(), *linked.values())
        kept = {row.id for g in every for row in choose(g, cap, one_price_incentive)}
        return tuple(row.id for g in groups.values() for row in g if row.id not in kept)

    def coverage(self, *, links: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return how many strategies each label leads to: built-in labels, the table's, links'.

        Args:
            links: See `plan`.

        Returns:
            A pandas frame, a row an axis and label: `axis`, `label`, `term_zh`, `level` (of a cause
            or signal), `customer_rows` (strategies that customers get), `programmes` (of the
            brand), `covered` (True also for labels that need none, such as not_churned).

        Example:
            >>> table = StrategyTable.default()
            >>> found = table.coverage()
            >>> int(found["covered"].sum()), len(found)
            (190, 190)
        """
        return coverage_of(self.rows, links)

    def never_assigned(self, plan: IntoDataFrame) -> tuple[str, ...]:
        """Return ids of customer strategies that a plan holds for nobody.

        Raises:
            ColumnsError: The frame has no column strategy_id.
        """
        frame = frames.wrap(plan, what="the plan")
        if frames.is_lazy(frame):
            column_of(in_engine.head(frame), STRATEGY, "never_assigned")
            frame = lazy.count_by(frame, [STRATEGY])
        given = set(column_of(frame, STRATEGY, "never_assigned").unique().to_list())
        return tuple(x.id for x in self.rows if x.level == "customer" and x.id not in given)

    def programmes_for(
        self,
        labels: IntoDataFrame,
        *,
        customer: str = CUSTOMER,
        axes: AxesArgument = None,
        links: pd.DataFrame | None = None,
        lang: str | None = None,
    ) -> pd.DataFrame:
        """Return which programmes of the brand these customers' labels ask for, by how many.

        What mends a late delivery is better delivery, once for all, not a message to each: such
        answers are programmes, and no customer's plan holds them. Labels that no programme is for
        ask for none.

        Args:
            labels: As for `plan`.
            customer: Column of the customer's id.
            axes: As for `plan`.
            links: As for `plan`.
            lang: ``en`` or ``zh``; by default the table's.

        Returns:
            A pandas frame, a row a programme, the most asked for first (equal ones by id):
            `strategy_id`, `owner`, `customers` (with at least one of the labels), `reason` (the
            labels, with semicolons between), `channel`, `kpi`, `source`, `objective`, `action`.

        Raises:
            ColumnsError: No column is an axis, or one holds no labels.
            SpecError: A choice is not possible.
            TableError: The links cannot be used.
            EngineError: A lazy frame has too many combinations of labels.

        Example:
            >>> causes = ["delivery_late", "site_slow;delivery_late"]
            >>> labels = pd.DataFrame({"customer_id": [1, 2], "cause": causes})
            >>> asked = StrategyTable.default().programmes_for(labels)
            >>> asked[["strategy_id", "owner", "customers"]].values.tolist()
            [['par_supply', 'product', 2],
             ['ux_delivery', 'product', 2],
             ['ux_speed', 'technology', 1]]
        """
        said = self.lang if lang is None else lang
        check_lang(said)
        frame = frames.wrap(labels, what="the label table")
        return programmes_asked(
            self.rows, frame, customer=customer, axes=axes, links=links, lang=said
        )

    def plan(
        self,
        labels: IntoDataFrameT,
        *,
        customer: str = CUSTOMER,
        axes: AxesArgument = None,
        cap: int = 3,
        holdout: float = 0.1,
        control: float = 0.0,
        salt: str = "layerwise",
        lang: str | None = None,
        consent: planning.ConsentArgument = None,
        quiet: Collection[str] = (),
        one_price_incentive: bool = True,
        allow_gaps: bool = False,
        links: pd.DataFrame | None = None,
    ) -> IntoDataFrameT:
        """Return who gets what: one row per customer and strategy.

        Matching: a customer gets the strategies of each of the labels, of labels that these imply
        (loyalty = churned earns what tier = churned earns), and of the boolean columns
        is_high_value, is_loyal, is_potential, is_churned where they stand beside the tier, whose
        rows come after those of the tier itself. A cell may list labels, ``a;b``; each matches.
        Columns cause, churn_type, churn_rule, signal and motive match through `links` too. A
        customer who left gets win-back strategies only; one who cannot return gets no outreach.

        Args:
            labels: One row per customer, one column per axis, in any frame. Missing and
                ``not_evaluable`` labels match nothing. A lazy frame's engine counts combinations
                of labels; what each gets is joined to its customers there (needs ``holdout=0``).
            customer: Column of the customer's id: integers or text, each once.
            axes: By default all columns that are named like an axis of the table are used. A
                mapping axis -> column names the columns of some axes (``{"tier": "my_tier"}``); the
                others stay in use. A list of axes uses these alone.
            cap: Most strategies a customer gets.
            holdout: Share of customers, drawn anew for each strategy, who do not get it. Measures
                what one row adds, given the rest of the plan.
            control: Share of customers who get nothing of the plan but ``compliance`` duties.
                Measures the effect of the whole plan; leave them out when you measure one row.
            salt: Text that sets these draws apart; the same salt holds out the same customers.
            lang: ``en`` or ``zh`` for objective, action and reason; by default the table's.
            consent: Boolean column: False or missing means no strategy but ``compliance`` duties.
                Or a mapping channel -> boolean column: what is not agreed to is not used, nor is a
                channel that the mapping lacks; a row without a channel goes by those agreed to.
            quiet: Channels that are not used for now, whoever agreed.
            one_price_incentive: Give no customer more than one price incentive, the best one.
            allow_gaps: Let labels that no strategy is for match nothing, instead of refusing them.
            links: Which strategies answer which cause, churn type, signal or motive; None gives
                `strategy_links()`, less what names strategies that the table does not have.

        Returns:
            The same kind of frame, rows in the order of `labels`, then by rank (lazy frames have
            no order): customer id,
            strategy_id, rank (1 is the customer's first), reason, channel, incentive, owner,
            kpi, source, objective, action, holdout (True: chosen by chance NOT to get it, so that
            the effect can be measured; the row keeps its place), control (True: the customer is in
            the control group of the whole plan), theme. Text is categorical in pandas.

        Raises:
            ColumnsError: A needed column is missing, twice, or not what it must be.
            DataError: Ids are missing, repeated, or neither text nor integers.
            TableError: A label that occurs has no strategy, and `allow_gaps` is False.
            SpecError: A choice is not possible.
            EngineError: The frame is lazy, and holdout or control is not 0 or there are too many
                combinations of labels.

        Warns:
            RowsLeftOutWarning: Customers get no strategy; `plan_counts` returns the counts.
            ColumnsLeftOutWarning: Flags such as is_loyal stand there, but no tier; or `consent`
                maps channels that no row of the table has.

        >>> labels = pd.DataFrame({"customer_id": ["a"], "tier": ["loyal"], "value": ["mid"]})
        >>> plan = StrategyTable.default(lang="zh").plan(labels)
        >>> print(plan[["rank", "reason", "owner"]].to_string(index=False))
        rank       reason     owner
           1  用户层级 = 忠诚用户 marketing
           2  用户层级 = 忠诚用户 marketing
           3 消费能力 = 中消费群体 marketing
        """
        said = self.lang if lang is None else lang
        check_lang(said)
        chance = assign.Chance(holdout=holdout, control=control, salt=salt)
        frame, decided, found = self._decided(
            labels,
            {"customer": customer, "axes": axes, "consent": consent, "links": links},
            cap=cap,
            quiet=quiet,
            one_price_incentive=one_price_incentive,
            allow_gaps=allow_gaps,
        )
        plan: IntoDataFrameT = (
            assign.to_frame(frame, decided, customer=customer, chance=chance, lang=said)
            if found is None
            else in_engine.to_lazy(found, decided, customer=customer, chance=chance, lang=said)
        )
        warn_unused(decided.unused)
        planning.warn_unknown_channels(consent, self.rows)
        planning.warn_left_out(decided.counts())
        return plan

    def _decided(
        self, labels: Any, looked_at: Mapping[str, Any], **choices: Any
    ) -> tuple[Any, planning.Decided, in_engine.Combinations | None]:
        """Return the wrapped table, what each row gets, and the different rows of a lazy one."""
        frame = frames.wrap(labels, what="the label table")
        if not frames.is_lazy(frame):
            seen = planning.look(self.rows, frame, **looked_at)
            return frame, planning.decide(seen, frame, **choices), None
        seen = planning.look(self.rows, in_engine.head(frame), **looked_at)
        found = in_engine.combinations(frame, [*seen.used.values()], seen.truths)
        decided = planning.decide(seen, found.table, weights=found.weights, **choices)
        return frame, decided, found

    def plan_counts(
        self,
        labels: IntoDataFrame,
        *,
        customer: str = CUSTOMER,
        axes: AxesArgument = None,
        cap: int = 3,
        consent: planning.ConsentArgument = None,
        quiet: Collection[str] = (),
        one_price_incentive: bool = True,
        allow_gaps: bool = False,
        links: pd.DataFrame | None = None,
    ) -> planning.PlanCounts:
        """Return how many customers the plan with these choices reaches, and why not the others.

        Args and errors are those of `plan`.

        >>> labels = pd.DataFrame({"customer_id": [1, 2], "tier": ["new", None]})
        >>> StrategyTable.default().plan_counts(labels).no_strategy
        1
        """
        _, decided, _ = self._decided(
            labels,
            {"customer": customer, "axes": axes, "consent": consent, "links": links},
            cap=cap,
            quiet=quiet,
            one_price_incentive=one_price_incentive,
            allow_gaps=allow_gaps,
        )
        return decided.counts()
