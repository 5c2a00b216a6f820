"""The table of incentives is whole and agrees with the code."""

from layerwise.membership import PointRules, incentive_table, level_table


def test_the_packaged_table() -> None:
    """Both languages, sources, and a known basis for every number."""
    table = incentive_table()
    assert (table != "").all(axis=None)
    assert set(table["parameter_basis"]) == {"assumed", "stated"}


def test_the_defaults_are_those_of_the_table() -> None:
    """Expiry and value of points, and order days of levels, stand in the table as in the code."""
    usual = incentive_table().set_index("id")["parameters_default"]
    rules = PointRules()
    assert usual["pts_expire"] == f"{rules.expiry_days} days, oldest first"
    assert usual["pts_redeem_coupon"] == f"{1 / rules.value_per_point:.0f} points = 1 unit coupon"
    days = ", ".join(level_table()["order_days_from"])
    assert days in usual["lvl_by_frequency"]
