"""Order files of every kind, as the command line reads or refuses them."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from layerwise.__main__ import DONE, UNUSABLE
from tests.test_main import orders, run


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("user,paid_at,total\n", "the file has a header and no rows"),
        ("user,when,total\n1,2024-01-01,3\n", "--time paid_at"),
        ("user,paid_at,total\n1,2024-01-01,3 EUR\n2,2024-01-02,4\n", "1 of 2 amounts"),
        ("user,paid_at,total\n1,05/01/2024,3\n", '--time-format "%d/%m/%Y"'),
        ("user,paid_at,total\n1,2024-01-05,3\n1,2024-01-05T10:00Z,3\n", '--tz "Europe/Berlin"'),
        ("", "the file is empty"),
        ("user;paid_at;total\n1;2024-01-01;3\n", '--sep ";"'),
        ("user\tpaid_at\ttotal, all\n1\t2024-01-01\t3\n", "--sep tab"),
        ('user,paid_at,total\n1,2024-01-01,"$1,234.50"\n2,2024-01-02,4\n', 'hold: "$" ","'),
        ("user,paid_at,total\n1,2024-01-01,1 234\n2,2024-01-02,4元\n", "hold: letters blanks"),
        ('user,paid_at,total\n1,2024-01-01,"131,36"\n2,2024-01-02,4\n', '--decimal "," reads'),
        ('user,paid_at,total\n1,2024-01-01,"1,131.36"\n2,2024-01-02,4\n', '--decimal "." reads'),
        ('user,paid_at,total\n1,2024-01-01,"1,131"\n2,2024-01-02,4\n', "if 1,234 is more than"),
        ("user,paid_at,total\n1,2024-01-01,1,234.50\n2,2024-01-02,4\n", "1 lines have more cells"),
        ("user,paid_at,total,total\n1,2024-01-01,3,4\n", "more than one column for --amount total"),
    ],
)
def test_unusable_files_exit_with_1(tmp_path: Path, capsys: Any, text: str, words: str) -> None:
    """Data that cannot be used ends with exit code 1 and a message that helps."""
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    assert run(tmp_path / "orders.csv", tmp_path / "out") == UNUSABLE
    told = capsys.readouterr().err
    assert words in told
    assert "Hint: " in told
    assert "Traceback" not in told


def test_a_column_twice_in_parquet_is_refused_too(tmp_path: Path, capsys: Any) -> None:
    """Of two columns with one name none is chosen silently, whatever the kind of file."""
    arrow, parquet = map(pytest.importorskip, ("pyarrow", "pyarrow.parquet"))
    table = arrow.table([["a"], ["2024-01-01"], [1.0], [2.0]], ["user", "paid_at", *["total"] * 2])
    parquet.write_table(table, tmp_path / "orders.parquet")
    assert run(tmp_path / "orders.parquet", tmp_path / "out") == UNUSABLE
    assert "more than one column for --amount total" in capsys.readouterr().err


def test_decimal_commas(tmp_path: Path, capsys: Any) -> None:
    """A European file gives the tables of the same file with points; a point in it is refused."""
    table = orders()
    table.to_csv(tmp_path / "point.csv", index=False)
    written = table["total"].map("{:,.2f}".format).str.translate(str.maketrans(",.", ".,"))
    table.assign(total=written).to_csv(tmp_path / "comma.csv", index=False, sep=";")
    assert run(tmp_path / "point.csv", tmp_path / "a") == DONE
    european = ("--sep", ";", "--decimal", ",")
    assert run(tmp_path / "comma.csv", tmp_path / "b", *european) == DONE
    for name in ("customers.csv", "plan.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with (tmp_path / "comma.csv").open("a", encoding="utf-8") as file:
        file.write("1;2024-01-01;1.5\n")
    assert run(tmp_path / "comma.csv", tmp_path / "b", *european) == UNUSABLE
    assert 'Hint: with --decimal "," write 1234,50' in capsys.readouterr().err


def test_decimal_commas_of_counted_days(tmp_path: Path, capsys: Any) -> None:
    """Days of Excel with the hours after a comma are read by the same flag."""
    text = "user;paid_at;total\n1;45321,5;3,5\n2;45000,25;7\n"
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    more = ("--sep", ";", "--time-format", "excel")
    assert run(tmp_path / "orders.csv", tmp_path / "out", *more) == UNUSABLE
    told = capsys.readouterr().err
    assert '--decimal "," reads 45321,5' in told
    assert "pd." not in told
    assert run(tmp_path / "orders.csv", tmp_path / "out", *more, "--decimal", ",") == DONE
    assert "2 of 2 rows used: 2 customers, 2023-03-15 to 2024-01-30" in capsys.readouterr().out


def test_amounts_and_dates_are_refused_together(tmp_path: Path, capsys: Any) -> None:
    """One error names what is wrong in either column, and says so without a value of a row."""
    text = "user,paid_at,total\n1,31/01/2024,$98765\n2,2024-01-02,4\n"
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    assert run(tmp_path / "orders.csv", tmp_path / "out") == UNUSABLE
    told = capsys.readouterr().err
    assert "1 of 2 amounts" in told
    assert "paid_at: 1 of 2 different texts" in told
    assert "98765" not in told


def test_separators_encodings_and_counted_times(tmp_path: Path, capsys: Any) -> None:
    """A file with semicolons in GB 18030 whose times are seconds can be read as it is."""
    table = orders().assign(user=lambda d: "客" + d["user"].astype(str))
    table["paid_at"] = table["paid_at"].astype("datetime64[s]").astype("int64")
    path = tmp_path / "orders.csv"
    table.to_csv(path, index=False, sep=";", encoding="gb18030")
    counted = ("--time-format", "epoch_s", "--tz", "UTC")
    assert run(path, tmp_path / "out", "--sep", ";", *counted) == UNUSABLE
    assert "--encoding gb18030" in capsys.readouterr().err
    good = ("--sep", ";", "--encoding", "gb18030", *counted)
    assert run(path, tmp_path / "out", *good) == DONE
    ids = pd.read_csv(tmp_path / "out" / "customers.csv")["customer_id"]
    assert ids.str.startswith("客").all()
    assert run(path, tmp_path / "out", "--encoding", "klingon") == UNUSABLE


def test_utf_16_is_named(tmp_path: Path, capsys: Any) -> None:
    """The mark at its begin tells UTF-16 from the other encodings; the hint reads the file."""
    text = "user,paid_at,total\n1,2024-01-01,3\n"
    (tmp_path / "orders.csv").write_text(text, encoding="utf-16")
    assert run(tmp_path / "orders.csv", tmp_path / "out") == UNUSABLE
    assert "--encoding utf-16." in capsys.readouterr().err
    assert run(tmp_path / "orders.csv", tmp_path / "out", "--encoding", "utf-16") == DONE
