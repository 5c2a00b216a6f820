"""What an order log holds that cannot be used, counted."""

import datetime as dt
import warnings

import attrs

from layerwise.errors import DataError, RowsLeftOutWarning, TimeZoneWarning, problems


@attrs.frozen(kw_only=True)
class OrderCheck:
    """Counts of an order log's rows: what `summarize` uses and what it leaves out, and why.

    A row that fails on several counts is counted under the first of them, in the order below.

    Attributes:
        rows: Rows of the log.
        used: Rows that enter the summary.
        customers: Customers in the summary.
        first_order: Day of the first purchase; None if there is none.
        last_order: Day of the last purchase; None if there is none.
        last_row: Latest day of a row that could be read and is not after as_of, be it a purchase,
            a refund or free; None if there is none.
        null_customer: Rows without a customer id, or with a blank one ("" or white space only).
        null_order: Rows without an order id, likewise (only if order= is given).
        null_time: Rows without a time.
        null_amount: Rows without an amount (only if amount= is given).
        after_as_of: Rows dated after as_of.
        first_later: Earliest day of these; None if there are none.
        carried_rows: Rows after a split whose order began before it: `calibration_holdout` counts
            them in neither period (only if order= is given).
        refunded_rows: Rows of orders whose net amount is not above zero.
        refunded_orders: Such orders.
        refund_rows: Refund rows in such orders whose net amount is below zero. They are taken off
            nothing.
        refund_total: The net amount of these orders, zero or less: by so much spend is overstated.
        spend: Net amount of all purchases.
        netted_by: What lines are added up to: "order" with order=, else the grain.
        customers_without_purchase: Customers all of whose orders are such orders.
        duplicate_rows: Rows equal to an earlier row in all named columns. They are used: two equal
            lines of one order are common.
        similar_ids: Ids of customers that differ from another one only by case or by blanks around
            them. Each counts as a customer. (`check_orders` of frames in memory only, as are the
            next two.)
        shared_ids: Ids with three times the orders of all others, and 50 or more: perhaps what
            the shop writes for guests. Each counts as a customer.
        shared_rows: Rows of these.
        clock: The zone whose days are counted where the times are in UTC or another fixed offset
            and no tz= was given; None otherwise.
    """

    rows: int
    used: int
    customers: int
    first_order: dt.date | None
    last_order: dt.date | None
    last_row: dt.date | None = None
    null_customer: int = 0
    null_order: int = 0
    null_time: int = 0
    null_amount: int = 0
    after_as_of: int = 0
    first_later: dt.date | None = None
    carried_rows: int = 0
    refunded_rows: int = 0
    refunded_orders: int = 0
    refund_rows: int = 0
    refund_total: float = 0.0
    spend: float = 0.0
    netted_by: str = "day"
    customers_without_purchase: int = 0
    duplicate_rows: int = 0
    similar_ids: int = 0
    shared_ids: int = 0
    shared_rows: int = 0
    clock: str | None = None

    @property
    def left_out(self) -> int:
        """Rows that do not enter the summary."""
        return self.rows - self.used

    def __repr__(self) -> str:
        lines = [f"{self.used:,} of {self.rows:,} rows used: {self.customers:,} customers"]
        if self.first_order is not None:
            lines[0] += f", {self.first_order} to {self.last_order}"
        lines += [f"  left out: {text}" for text, _ in _reasons(self)]
        lines += [f"  {text}" for text, _ in _refunds(self)]
        if self.duplicate_rows:
            equal = "used, though equal to an earlier row in these columns"
            lines.append(f"  {equal}: {self.duplicate_rows:,}")
        lines += [f"  {text}" for text, _ in doubts(self)]
        if self.clock is not None:
            lines.append(f"  days are counted in {self.clock}; tz= counts them in the shop's zone")
        return "\n".join(lines)


def doubts(check: OrderCheck) -> list[tuple[str, str]]:
    """Return what makes ids doubtful, each with what to do."""
    found = []
    if check.similar_ids:
        text = (
            f"{check.similar_ids:,} ids differ from another one only by case or blanks around "
            "them, and count as customers of their own"
        )
        found.append((text, "Strip blanks and write all in lower case."))
    if check.shared_ids:
        text = (
            f"{check.shared_ids:,} ids have {check.shared_rows:,} rows, each three times the "
            "orders of any other id: perhaps those of guests, who count as one customer"
        )
        found.append(
            (text, "Leave ids that stand for nobody empty: rows without an id are left out.")
        )
    return found


def notify(
    check: OrderCheck, *, date: str = "as_of", ignore_future: bool = False, stacklevel: int = 4
) -> None:
    """Warn once about all rows left out and once about days in UTC; raise if no row is used.

    Args:
        check: The counts.
        date: Name of the argument that is the last day that counts.
        ignore_future: Whether rows after as_of are expected (a split, a snapshot).
        stacklevel: As in `warnings.warn`; 4 points at who called `summarize`.

    Raises:
        DataError: If no row can be used.
    """
    if check.customers == 0:
        raise _nothing_left(check, date)
    if ignore_future:
        check = attrs.evolve(check, rows=check.rows - check.after_as_of, after_as_of=0)
    told = [*_reasons(check, date), *_refunds(check)]
    lines = [text for text, _ in told]
    hints = [hint for _, hint in told if hint]
    if check.clock is not None:
        warnings.warn(_clock(check.clock), TimeZoneWarning, stacklevel=stacklevel)
    if not lines:
        return
    share = check.left_out / check.rows
    title = f"{check.left_out:,} of {check.rows:,} rows ({share:.2%}) of the order log left out:"
    message = problems(title, lines)
    if hints:
        message += "\nHint: " + " ".join(hints)
    warnings.warn(message, RowsLeftOutWarning, stacklevel=stacklevel)


def _refunds(check: OrderCheck) -> list[tuple[str, str]]:
    """Tell what came back without being taken off a purchase."""
    if not check.refund_rows:
        return []
    where = f"on {check.netted_by}s without a purchase"
    hint = "order= nets them against their order."
    if check.netted_by == "order":
        where = "in orders with nothing left"
        hint = "More came back than the log's lines of these orders say was paid: do lines lack?"
    amount = f"{check.refund_total:,.2f}".removesuffix(".00")
    share = f" ({-check.refund_total / check.spend:.1%} of spend)" if check.spend else ""
    text = f"{check.refund_rows:,} refund rows {where}, {amount} in total{share}, are not taken off"
    return [(text, hint)]


def _nothing_left(check: OrderCheck, date: str) -> DataError:
    """Return the error for a log without a usable row up to a date."""
    if check.after_as_of == check.rows:
        return DataError(
            f"All {check.rows:,} rows of the order log are dated after {date} "
            f"(first {check.first_later}).",
            hint=f"Give a later {date}=, from {check.first_later} on.",
        )
    reasons = [*_reasons(check, date), *_refunds(check)]
    title = f"None of the {check.rows:,} rows of the order log can be used."
    hints = [hint for _, hint in reasons if hint]
    message = problems(title, [text for text, _ in reasons])
    return DataError(message, hint=" ".join(hints) or "check how the log was read.")


def _clock(clock: str) -> str:
    meant = "; tz='UTC' says that UTC is meant" if clock == "UTC" else ""
    return (
        f"Days are counted in {clock}, because the times are and tz= is not given.\n"
        f"Hint: tz='Asia/Shanghai' counts them in the shop's zone{meant}."
    )


def _reasons(check: OrderCheck, date: str = "as_of") -> list[tuple[str, str]]:
    nobody = "Orders without an id have no customer."
    if check.netted_by == "order":
        nobody = "If another line of the order names the customer, fill the id in first."
    counted = [
        (check.null_customer, "without a customer id", nobody),
        (check.null_order, "without an order id", "order=None nets lines by day instead."),
        (check.null_time, "without a time", "Fill in the times that are missing."),
        (check.null_amount, "without an amount", "Fill amounts that mean zero with 0 first."),
        (check.after_as_of, f"dated after {date}", f"A later {date}= would use later rows."),
    ]
    reasons = [(f"{n:,} rows {text}", hint) for n, text, hint in counted if n]
    if check.carried_rows:
        text = f"{check.carried_rows:,} rows dated after {date}, of orders that began before it"
        reasons.append((text, "They count in neither period; without order= they would."))
    if check.refunded_rows:
        text = (
            f"{check.refunded_rows:,} rows in {check.refunded_orders:,} orders whose net amount "
            "is not above zero (refunds, free orders)"
        )
        reasons.append((text, "amount=None counts free orders as purchases too."))
    if check.customers_without_purchase:
        text = f"{check.customers_without_purchase:,} customers have no purchase left"
        reasons.append((text, ""))  # they had refunded rows alone
    return reasons
