"""StrategyTable: which strategy each label gets, as a table that a marketer can read and edit."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import attrs
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrame, IntoDataFrameT

from layerwise import frames, lazy
from layerwise.columns import CUSTOMER, STRATEGY
from layerwise.errors import SpecError
from layerwise.saved import write_text
from layerwise.strategy import assign, checks, files, in_engine
from layerwise.strategy import plan as planning
from layerwise.strategy.coverage import coverage_of
from layerwise.strategy.labels import axes, data_text
from layerwise.strategy.links import read_links
from layerwise.strategy.match import choose
from layerwise.strategy.programmes import programmes_asked
from layerwise.strategy.resolve import AxesArgument, column_of, warn_unused
from layerwise.strategy.row import COLUMNS, Strategy


def _rows(rows: Iterable[Strategy]) -> tuple[Strategy, ...]:
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise SpecError("rows must be a list of strategies.", hint="see StrategyTable.from_csv.")
    return tuple(rows)


@attrs.frozen(kw_only=True)
class StrategyTable:
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

    rows: tuple[Strategy, ...] = attrs.field(converter=_rows)
    lang: str = attrs.field(default="en", eq=False)

    def __attrs_post_init__(self) -> None:
        """Refuse rows that contradict each other."""
        _check_lang(self.lang)
        strange = sum(not isinstance(row, Strategy) for row in self.rows)
        if strange:
            raise SpecError(
                f"{strange} of {len(self.rows)} rows are not of class Strategy.",
                hint="StrategyTable.default() holds such rows.",
            )
        checks.refuse(checks.structure(self.rows))

    @classmethod
    def default(cls, lang: str = "en") -> Self:
        """Return the table that comes with layerwise, in English and Chinese.

        232 rows are curated from four business reports on running private-domain e-commerce of
        fast-moving goods; the rest are ours and say so in `basis` and `source`.
        """
        rows, found = files.parse_csv(data_text("strategies.csv"))
        checks.refuse(found)
        return cls(rows=rows, lang=lang)

    @classmethod
    def from_csv(cls, path: str | Path, *, labels: checks.Vocabulary | None = None) -> Self:
        """Return the table in a CSV file.

        Needed columns: id, axis, segment, action, priority; the others may be left out. UTF-8, with
        or without byte-order mark, any line ends; blanks around cells are cut.

        Args:
            path: The file.
            labels: Labels of your own axes, or other labels for a built-in axis: axis -> labels.

        Raises:
            TableError: The file is not such a table; problems are listed at once, 20 at most.
        """
        return cls._checked(files.parse_csv(files.read_text(path)), labels)

    @classmethod
    def from_toml(cls, path: str | Path, *, labels: checks.Vocabulary | None = None) -> Self:
        """Return the table in a TOML file: one ``[[strategy]]`` block a row, keys as CSV columns.

        Args:
            path: The file.
            labels: Labels of your own axes, or other labels for a built-in axis: axis -> labels.

        Raises:
            TableError: The file is not such a table; problems are listed at once, 20 at most.
        """
        return cls._checked(files.parse_toml(files.read_text(path)), labels)

    @classmethod
    def _checked(cls, read: files.Read, labels: checks.Vocabulary | None) -> Self:
        rows, found = read
        known = checks.vocabulary(labels)
        found = [*found, *checks.structure(rows), *checks.unknown_labels(rows, known)]
        found.extend(checks.misspelt_axes(rows, {*axes(), *known}))
        checks.refuse(found)
        return cls(rows=rows)

    def to_csv(self, path: str | Path, *, excel: bool = False) -> None:
        """Write the table as CSV; `from_csv` reads back an equal table.

        Cells that a spreadsheet would run as formulas get an apostrophe in front.

        Args:
            path: The file.
            excel: Begin with a byte-order mark, which Excel needs to show Chinese.
        """
        write_text(path, ("\ufeff" if excel else "") + files.to_csv_text(self.rows))

    def to_toml(self, path: str | Path) -> None:
        """Write the table as TOML; `from_toml` reads back an equal table."""
        write_text(path, files.to_toml_text(self.rows))

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a pandas frame, one column per field of `Strategy`."""
        return pd.DataFrame([attrs.asdict(row) for row in self.rows], columns=list(COLUMNS))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Strategy]:
        return iter(self.rows)

    def __getitem__(self, strategy_id: str) -> Strategy:
        for row in self.rows:
            if row.id == strategy_id:
                return row
        raise SpecError(
            f"The table has no strategy {strategy_id!r}.",
            hint=f"see table.to_frame(){checks.did_you_mean(str(strategy_id), self.ids)}.",
        )

    def __repr__(self) -> str:
        """Return the size and the axes, not hundreds of rows."""
        return f"StrategyTable({len(self)} strategies on axes {', '.join(self.axes)})"

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all strategies."""
        return tuple(row.id for row in self.rows)

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that customers' strategies look at, in the built-in order, then by name."""
        used = {row.axis for row in self.rows if row.level == "customer"}
        return (*(a for a in axes() if a in used), *sorted(used - set(axes())))

    @property
    def programmes(self) -> Self:
        """The strategies for the brand as a whole, which no customer's plan holds."""
        return attrs.evolve(self, rows=[row for row in self.rows if row.level == "brand"])

    def extend(self, other: "StrategyTable", *, replace: bool = False) -> Self:
        """Return this table with the rows of another added.

        Args:
            other: The rows to add.
            replace: Let a row of `other` take the place of the row with the same id.

        Raises:
            TableError: An id stands in both (and `replace` is False), or the rows contradict.
            SpecError: `other` is no table.
        """
        if not isinstance(other, StrategyTable):
            raise SpecError(
                f"extend needs a StrategyTable, not a {type(other).__name__}.",
                hint='StrategyTable.from_csv("mine.csv") or StrategyTable(rows=[...]) makes one.',
            )
        new = set(other.ids) if replace else set()
        return attrs.evolve(self, rows=(*(row for row in self.rows if row.id not in new), *other))

    def without(self, ids: Collection[str]) -> Self:
        """Return this table less the strategies with these ids.

        Raises:
            SpecError: An id is not in the table.
        """
        wanted = [ids] if isinstance(ids, str) or not isinstance(ids, Iterable) else list(ids)
        if not all(isinstance(i, str) for i in wanted):
            raise SpecError("without takes ids, which are texts.", hint='without(["inc_flash"]).')
        gone = set(wanted)
        absent = sorted(gone - set(self.ids))
        if absent:
            near = "".join(checks.did_you_mean(i, self.ids) for i in absent[:1])
            raise SpecError(
                f"The table has no strategies {', '.join(absent[:5])}{near}.",
                hint="the column strategy_id names those there are.",
            )
        return attrs.evolve(self, rows=[row for row in self.rows if row.id not in gone])

    def validate(self, labels: checks.Vocabulary | None = None) -> None:
        """Refuse a table that does not fit the labels: call it before a plan goes out.

        Beyond the checks of every table: each row's axis and segment can occur, and each label of
        an axis in use has a strategy (not ``not_evaluable``, which never needs one).

        Args:
            labels: axis -> all its labels. Given, it must name every axis of the table. By default
                the built-in lists are used and other axes may hold anything.

        Raises:
            TableError: With every problem found.
        """
        known = checks.vocabulary(labels)
        found = [*checks.structure(self.rows), *checks.unknown_labels(self.rows, known)]
        if labels is None:
            found.extend(checks.misspelt_axes(self.rows, {*axes(), *known}))
        else:
            customers = [row for row in self.rows if row.level == "customer"]
            found.extend(checks.unknown_axes(customers, labels))
        gaps = checks.uncovered(self.rows, known)
        found.extend(f"{axis} = {label} has no strategy" for axis, label in gaps)
        checks.refuse(found)

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
        _check_lang(said)
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
            ColumnsLeftOutWarning: Flags such as is_loyal stand there, but no tier.

        >>> labels = pd.DataFrame({"customer_id": ["a"], "tier": ["loyal"], "value": ["mid"]})
        >>> plan = StrategyTable.default(lang="zh").plan(labels)
        >>> print(plan[["rank", "reason", "owner"]].to_string(index=False))
        rank       reason     owner
           1  客户层级 = 忠诚用户 marketing
           2  客户层级 = 忠诚用户 marketing
           3 消费能力 = 中消费群体 marketing
        """
        said = self.lang if lang is None else lang
        _check_lang(said)
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


def _check_lang(lang: str) -> None:
    if lang not in ("en", "zh"):
        raise SpecError(
            'lang must be "en" or "zh".', hint="lang='en' is English, lang='zh' Chinese."
        )
