"""Write docs/reference/columns.md from layerwise.columns: python docs/columns_page.py."""

from pathlib import Path

from layerwise.columns import LIFETIMES, MEANING

PAGE = Path(__file__).parent / "reference" / "columns.md"

HEAD = """# Columns of the customer table

Units stand in the names. The bare word "recency" is never used: RFM means days since the last order
by it (small is good), BG/NBD means days from first to last order (large is good).

| column | in `lifetimes` | meaning |
| --- | --- | --- |
"""

TAIL = """
Columns over a window or a horizon carry its days: `orders_365d`, `spend_365d` (the last 365 days up
to as_of), `p_no_purchase_90d`, `expected_orders_90d`, `expected_spend_90d` (the 90 days after it).

::: layerwise.columns
    options:
      show_root_heading: false
      show_root_toc_entry: false
      members: [orders_in, spend_in, p_no_purchase, expected_orders, expected_spend]
"""


def page() -> str:
    """Return the page: one row per column."""
    rows = [f"| `{name}` | {theirs(name)} | {text} |\n" for name, text in MEANING.items()]
    return HEAD + "".join(rows) + TAIL


def theirs(name: str) -> str:
    """Return the name that lifetimes uses, as code, or nothing."""
    return f"`{LIFETIMES[name]}`" if name in LIFETIMES else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
