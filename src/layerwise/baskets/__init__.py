"""What customers buy: basket columns of the customer table, for the needs layers."""

from layerwise.baskets.add import add_baskets, category_shares, share_columns

__all__ = ["add_baskets", "category_shares", "share_columns"]
