"""All gates in one call: from a raw table to one that may be given away, with its record."""

import warnings
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import attrs

from layerwise import arguments, frames
from layerwise.columns import CUSTOMER
from layerwise.errors import SpecError, WeakKeyWarning
from layerwise.privacy.export import check_export
from layerwise.privacy.gates import eager, minimise, no_consent, passed, to_erase, too_old
from layerwise.privacy.pseudonyms import check_key, pseudonymise_columns
from layerwise.privacy.record import RunRecord, run_record


@attrs.frozen(eq=False)
class SafeTable:
    """A table that has passed all gates.

    Attributes:
        table: The rows and columns that passed, with pseudonyms, in the table's own kind.
        counts: Rows that came, that each gate took away by its reason, and that passed ("kept").
        left_out: Names of columns that nobody needs.
        record: What to keep of the run; `record.to_line()` is its one line.
    """

    table: Any = attrs.field(repr=False)
    counts: Mapping[str, int]
    left_out: tuple[str, ...]
    record: RunRecord


def safe_table(
    table: Any,
    consents: object,
    *,
    as_of: Any,
    purpose: str,
    needs: Iterable[Any],
    key: bytes | str,
    key_id: str,
    erased: object = (),
    retention_days: float | None = None,
    time: str | None = None,
    kinds: Mapping[str, str] | None = None,
    country: str | None = None,
    allow: Mapping[str, str | Collection[str]] | None = None,
    name: str = "table",
    customer: str = CUSTOMER,
    time_format: str | None = None,
    tz: str | None = None,
) -> SafeTable:
    """Return the rows and columns of a table that may be used for a purpose, with pseudonyms.

    The gates are those of `consent`, `retain`, `erase`, `minimise`, `pseudonymise_columns` and
    `check_export`, in this order; each of them says what it does. A row that several gates would
    take away counts for the first. The column of customers comes with pseudonyms, or not at all if
    `needs` does not name it.

    Args:
        table: A frame in memory with a column of customers.
        consents: As in `consent`; who is not named there has not consented.
        as_of: The day that counts, for consents and for the age of rows.
        purpose: What the table is for: as the consents call it, and what the pseudonyms hold for.
        needs: As in `minimise`.
        key: As in `pseudonymise`.
        key_id: As there.
        erased: Customers to be erased, as in `erase`.
        retention_days: As in `retain`; None keeps rows of any age.
        time: The column of dates, for `retention_days` and the record.
        kinds: Further columns of ids -> their kind, as in `pseudonymise_columns`.
        country: As in `pseudonymise`.
        allow: As in `check_export`.
        name: What the record calls the table.
        customer: The column of customers.
        time_format: As in `layerwise.summarize`.
        tz: As in `layerwise.summarize`.

    Raises:
        PrivacyError: The table still holds raw identifiers; leave the column out or name its kind.
        LayerwiseError: As the gates do.

    Warns:
        RowsLeftOutWarning: With all counts, if rows did not pass.
        WeakKeyWarning: The key is text that could be guessed.

    >>> import pandas as pd
    >>> from layerwise.errors import RowsLeftOutWarning
    >>> orders = pd.DataFrame({
    ...     "customer_id": [1, 1, 2, 3], "amount": [5.0, 6.0, 7.0, 8.0], "phone": "...",
    ... })
    >>> consents = pd.DataFrame({
    ...     "customer_id": [1, 2], "purpose": "letters", "granted_at": "2024-01-05",
    ...     "withdrawn_at": None,
    ... })
    >>> with warnings.catch_warnings():  # the rows left out are told
    ...     warnings.simplefilter("ignore", RowsLeftOutWarning)
    ...     safe = safe_table(
    ...         orders, consents, as_of="2024-06-30", purpose="letters", erased=[2],
    ...         needs=["customer_id", "amount"], key=bytes(range(32)), key_id="k1",
    ...     )
    >>> safe.table["amount"].tolist(), safe.table["customer_id"].str.len().tolist()
    ([5.0, 6.0], [29, 29])
    >>> {reason: n for reason, n in safe.counts.items() if n}, safe.left_out
    ({'rows': 4, 'not consented': 1, 'to be erased': 1, 'kept': 2}, ('phone',))
    """
    check_key(key, key_id=key_id, stacklevel=3)
    arguments.check_named({"customer=": customer, "name=": name}, {"time=": time})
    frame = eager(table, "the table")
    reading = {"as_of": as_of, "time_format": time_format, "tz": tz}
    reasons = no_consent(frame, consents, purpose=purpose, customer=customer, reading=reading)
    if retention_days is not None and time is None:
        raise SpecError("retention_days needs time=, the column of dates.", hint='"ordered_at".')
    if retention_days is not None and time is not None:
        reasons |= too_old(frame, retention_days=retention_days, time=time, reading=reading)
    reasons |= to_erase(frame, erased, customer=customer)
    rows = passed(frame, reasons, "the privacy gates")
    kept = minimise(rows.table, needs)
    found = frames.column_names(frames.wrap(kept))
    ids = {customer: "id"} if customer in found else {}
    with warnings.catch_warnings():  # told above, once
        warnings.simplefilter("ignore", WeakKeyWarning)
        made = pseudonymise_columns(
            kept,
            kinds=ids if kinds is None else ids | _mapping(kinds),
            key=key,
            key_id=key_id,
            purpose=purpose,
            country=country,
        )
        record = run_record(
            {name: made},
            purpose=purpose,
            as_of=as_of,
            times={name: time} if time in found else None,
            counts={name: rows.counts},
            key=key,
            key_id=key_id,
            time_format=time_format,
            tz=tz,
        )
    usual = CUSTOMER if CUSTOMER in found else None  # without a need, no column of customers
    check_export(made, customer=customer if ids else usual, allow=allow)
    left = tuple(column for column in frames.column_names(frame) if column not in found)
    return SafeTable(made, rows.counts, left, record)


def _mapping(kinds: Any) -> dict[str, str]:
    if not isinstance(kinds, Mapping):
        raise SpecError("kinds must map columns to kinds.", hint='kinds={"phone": "phone"}.')
    return dict(kinds)
