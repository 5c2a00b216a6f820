"""The table of principles agrees with what the package does."""

from layerwise import privacy
from layerwise.knowledge import items
from layerwise.privacy import compliance_table


def test_functions_named_exist() -> None:
    """Each function that a principle names is public, and each gate function serves one."""
    named = {name for cell in compliance_table()["served_by"] for name in items(cell)}
    assert named <= set(privacy.__all__)
    assert {"consent", "minimise", "retain", "erase", "pseudonymise", "publish"} <= named


def test_every_row_has_a_chinese_name_and_a_source() -> None:
    """Both languages, and where it comes from."""
    table = compliance_table()
    assert (table["term_zh"] != "").all()
    assert (table["source"] != "").all()
    assert len(table) == 42


def test_each_call_gives_a_copy() -> None:
    """Editing one does not change the next."""
    mine = compliance_table()
    mine["principle"] = "x"
    assert compliance_table().loc[0, "principle"] != "x"
