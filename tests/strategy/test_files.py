"""Strategy tables as CSV and TOML: equal after a round trip, hostile files refused."""

import tomllib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import TableError
from layerwise.strategy import Strategy, StrategyTable
from layerwise.strategy.files import parse_csv, parse_toml, to_csv_text, to_toml_text

HEAD = "id,axis,segment,action,priority"
GOOD = f"{HEAD}\na,tier,new,Say hello,1\n"

cells = st.text(
    st.characters(exclude_categories=("C", "Zl", "Zp")) | st.sampled_from("=+-@'\"\\,;#[]＝"),
    max_size=12,
).map(str.strip)


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a text or bytes to a file and reads it as a table."""

    def write_and_read(content, suffix="csv"):
        path = tmp_path / f"table.{suffix}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return getattr(StrategyTable, f"from_{suffix}")(path)

    return write_and_read


@given(objective=cells, note=cells, priority=st.integers(0, 2**31 - 1))
def test_round_trip_of_any_text(objective, note, priority):
    """Quotes, commas, formula starts and Chinese come back equal from both formats."""
    row = Strategy(
        id="=x", axis="a", segment="+b", action="c", priority=priority,
        objective=objective, note=note,
    )  # fmt: skip
    assert parse_csv(to_csv_text([row])) == ([row], [])
    assert parse_toml(to_toml_text([row])) == ([row], [])


@pytest.mark.parametrize("kind", ["csv", "toml"])
def test_round_trip_of_the_default_table(kind, tmp_path):
    """The default table is equal after writing and reading, and the bytes are the same again."""
    table, path = StrategyTable.default(), tmp_path / "table"
    getattr(table, f"to_{kind}")(path)
    first = path.read_bytes()
    again = getattr(StrategyTable, f"from_{kind}")(path)
    assert again == table
    getattr(again, f"to_{kind}")(path)
    assert path.read_bytes() == first


def test_excel_round_trip(tmp_path):
    """With the mark that Excel wants, and the line ends it saves, the table is still equal."""
    table, path = StrategyTable.default(), tmp_path / "table.csv"
    table.to_csv(path, excel=True)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert StrategyTable.from_csv(path) == table


def test_written_cells_are_no_formulas(tmp_path):
    """No cell of a written file starts as a formula."""
    row = Strategy(id="a", axis="x", segment="y", action="=HYPERLINK(1)", priority=1, kpi="@x")
    path = tmp_path / "table.csv"
    StrategyTable(rows=[row]).to_csv(path)
    assert "'=HYPERLINK(1)" in path.read_text()
    assert "'@x" in path.read_text()


def test_blanks_and_optional_columns(read):
    """Blanks around cells are cut, empty lines skipped, and columns may be left out."""
    table = read(f"\n {HEAD}\n a , tier, new ,Say hello, 1 \n\n")
    assert table.rows == read(GOOD).rows
    assert table["a"].level == "customer"


def test_a_header_in_quotes(read):
    """Quotes around the names are no error of another separator."""
    assert read(GOOD.replace("id,axis", '"id","axis"')) == read(GOOD)


@pytest.mark.parametrize("sign", [";", "\t"])
def test_what_a_european_spreadsheet_saves(tmp_path, sign):
    """Semicolons or tabs between the cells and a mark in front; commas stay in the cells."""
    path = tmp_path / "table.csv"
    lines = [HEAD.split(","), ["a", "tier", "new", "Say hello, twice", "1"]]
    path.write_text("\n".join(map(sign.join, lines)), encoding="utf-8-sig")
    assert StrategyTable.from_csv(path)["a"].action == "Say hello, twice"


def test_whole_floats_are_priorities(read):
    """810.0, as a spreadsheet saves it, is 810, in both formats."""
    rows = read(GOOD.replace(",1", ",810")).rows
    assert read(GOOD.replace(",1", ",810.0")).rows == read(GOOD.replace(",1", ",810.")).rows == rows
    assert read(BLOCK.replace("priority = 1", "priority = 1.0"), "toml") == read(BLOCK, "toml")


def test_marketers_may_comment(read):
    """A note column is kept, and stands in no plan."""
    table = read(GOOD.replace("priority\n", "priority,note\n").replace(",1\n", ",1,ask Li first\n"))
    assert table["a"].note == "ask Li first"
    plan = table.plan(pd.DataFrame({"customer_id": [1], "tier": ["new"]}))
    assert "note" not in plan.columns


def test_a_long_list_of_problems_is_cut(read):
    """Of a hundred bad lines the first twenty are told, and how many more there are."""
    content = HEAD + "".join(f"\nr{k},tier,new,do {k},soon" for k in range(100))
    with pytest.raises(TableError, match=r"strategy table: 100\.") as error:
        read(content)
    said = str(error.value)
    assert said.count("is not a whole number") == 20
    assert "... and 80 more" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\ufeff \n", "is empty"),
        (",,\n,,\n", "no header"),
        (HEAD, "a header but no rows"),
        (GOOD.encode("utf-16"), "not UTF-8 .*, but UTF-16"),
        ("id,高价值\n".encode("gbk"), "not UTF-8"),
        (GOOD.replace(",", "|"), r"table: 1\.\n .*header is one cell"),
        (GOOD.replace("action,", "").replace(",", ";"), "column 'action' is missing"),
        (GOOD.replace("action,", ""), "column 'action' is missing"),
        (GOOD.replace("segment", "segmnet"), "unknown column 'segmnet' .did you mean 'segment'"),
        (GOOD.replace("action", "action,action"), "column 'action' stands twice"),
        (f"{GOOD}b,tier,new\n", "line 3: 3 cells where the header has 5"),
        (f"{GOOD}b,tier,new,x,1,,\n", "line 3: 7 cells"),
        (f'{GOOD}b,tier,new,"x,1\n', "not a CSV table"),
        (GOOD.replace(",1", ",first"), "line 2: priority 'first' is not a whole number"),
        (GOOD.replace(",1", ",1.5"), "priority '1.5' is not a whole number"),
        (GOOD.replace(",1", ",.0"), "priority '.0' is not a whole number"),
        (GOOD.replace(",1", ",１"), "is not a whole number"),
        (GOOD.replace(",1", f",{10**40}"), "is not a whole number"),
        (GOOD.replace(",1", ",-1"), "priority is not between"),
        (GOOD.replace(",1", ","), "priority is empty"),
        (GOOD.replace(",new", ","), "segment is empty"),
        (GOOD.replace("hello", "hel\x00lo"), "control character"),
        (GOOD.replace("Say hello", '"Say\nhello"'), "line break"),
        (GOOD.replace("new", "newest"), "axis 'tier' has no label 'newest' .did you mean 'new'"),
        (GOOD.replace("tier", "tiers"), "unknown axis 'tiers' .did you mean 'tier'"),
        (f"{GOOD}a,tier,loyal,x,1\n", "id 'a' stands in 2 rows"),
        (f"{GOOD}b,tier,new,say hello,2\n", "'b' is unreachable"),
    ],
)
def test_hostile_csv(read, content, said):
    """Each kind of broken file is refused by name."""
    with pytest.raises(TableError, match=said):
        read(content)


BLOCK = '[[strategy]]\nid = "a"\naxis = "tier"\nsegment = "new"\naction = "x"\npriority = 1\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a = ", "not a TOML file"),
        (f'{BLOCK}id = "b"', "not a TOML file"),
        ("x = " + "[" * 5000, "not a TOML file"),
        ("a = 1", "no .*strategy.* blocks"),
        ("strategy = 1", "no .*strategy.* blocks"),
        ("strategy = [1]", "strategy 1: not a block"),
        (BLOCK.replace("priority = 1", "priority = true"), "priority 'True' is not a whole number"),
        (BLOCK.replace("priority = 1", "priority = nan"), "priority 'nan' is not a whole number"),
        (BLOCK.replace("priority = 1", "priority = 1.5"), "not a whole number"),
        (BLOCK.replace("priority = 1", ""), "priority is empty"),
        (BLOCK.replace('"x"', "[1]"), "action is list, not text"),
        (BLOCK + 'chanel = "sms"', "unknown column 'chanel' .did you mean 'channel'"),
        (
            BLOCK.replace("strategy", "strategie"),
            "unknown key 'strategie' .did you mean 'strategy'",
        ),
        (BLOCK + BLOCK, "id 'a' stands in 2 rows"),
    ],
)
def test_hostile_toml(read, content, said):
    """Each kind of broken TOML file is refused by name."""
    with pytest.raises(TableError, match=said):
        read(content, "toml")


def test_all_problems_of_a_file_at_once(read):
    """One error lists bad cells, ragged rows, contradictions and misspelt words together."""
    content = (
        f"{HEAD},level,incentive\na,tier,new,x,one,customer,\nb,tier,new\nc,tier,nwe,x,1,customer,\n"
        "c,tier,loyal,y,1,person,\nd,tier,loyal,y,1,,coupon\ne,tier,loyal,z,1,,coupon\n"
    )
    with pytest.raises(TableError) as error:
        read(content)
    said = str(error.value)
    for part in ("line 2", "line 3", "'nwe'", "'person'", "'d' and 'e' both give"):
        assert part in said


def test_missing_file(tmp_path):
    """A path without a file is an error of ours."""
    with pytest.raises(TableError, match="cannot be read"):
        StrategyTable.from_csv(tmp_path / "nowhere.csv")


def test_own_labels_when_reading(tmp_path):
    """A file may speak of other labels for a built-in axis when these are given."""
    path = tmp_path / "table.csv"
    path.write_text(GOOD.replace("new", "gold"))
    with pytest.raises(TableError, match="gold"):
        StrategyTable.from_csv(path)
    assert len(StrategyTable.from_csv(path, labels={"tier": ["gold", "silver"]})) == 1


def test_toml_is_plain_toml(tmp_path):
    """The TOML we write is what Python's own reader reads, with text and integers only."""
    path = tmp_path / "table.toml"
    StrategyTable.default().to_toml(path)
    blocks = tomllib.loads(path.read_text(encoding="utf-8"))["strategy"]
    assert {type(v) for block in blocks for v in block.values()} == {str, int}
