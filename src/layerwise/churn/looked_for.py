"""Which signals cannot be looked for, and why: what is not recorded must not count as zero."""

from layerwise import frames
from layerwise.churn.inputs import Inputs
from layerwise.churn.price_gap import PRICE_COLUMNS
from layerwise.churn.signs import Sign
from layerwise.histories import HISTORY


def without_history(inputs: Inputs) -> str:
    """Return which columns of a purchase history the customer table lacks, or an empty text."""
    lacking = [n for n in HISTORY if n not in frames.column_names(inputs.customers)]
    return f"the customer table has no {', '.join(lacking)}" if lacking else ""


def why_left_out(sign: Sign, inputs: Inputs, without: str) -> str:
    """Return why a signal cannot be looked for, or an empty text."""
    if sign.rule == "silence":
        return without
    for name in sign.input:
        if (inputs.prices if name == "prices" else inputs.logs.get(name)) is None:
            return f"no {name} given"
    for name, wanted in _needs(sign).items():
        frame = inputs.prices if name == "prices" else inputs.logs[name].frame
        if lacking := [w for w in wanted if w not in frames.column_names(frame)]:
            return f"{name} has no {', '.join(lacking)}"
    return _untold(sign, inputs)


def _untold(sign: Sign, inputs: Inputs) -> str:
    """Return which event types never occur: what is not recorded must not count as zero."""
    log = "events" if "events" in sign.input else sign.input[0]
    groups = [types for types in (sign.events, sign.per) if types]
    if sign.rule == "unresolved":
        groups = [sign.events]
    for types in groups:
        if not inputs.of_type(log, types).any():
            return f"{log} has no event of type {', '.join(types)}"
    return ""


def _needs(sign: Sign) -> dict[str, tuple[str, ...]]:
    if sign.rule == "price_gap":
        return {"orders": ("sku", "amount"), "prices": PRICE_COLUMNS}
    typed = ("event_type",) if sign.events and len(sign.input) == 1 else ()
    named = (sign.column,) if sign.column else ()
    return dict.fromkeys(sign.input, (*typed, *named))
