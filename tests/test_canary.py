"""A planted phone number and id card never reach a message, a warning, a log or a printed line.

Every public name of the rooms has a call in tests/public_calls.py, or is a class that a call there
returns. Each call runs on its tables as they are and broken in many ways, with the canaries as
customers' ids and in each cell.
"""

import inspect
import logging
import traceback
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pandas as pd
import polars as pl
import pytest

import layerwise as lw
from layerwise import privacy
from layerwise.__main__ import main
from layerwise.errors import LayerwiseError
from layerwise.labeller import Labeller
from layerwise.report import report
from tests.public_calls import CALLS, CARD, KEY, MAIL, PHONE, Call, tables

CANARIES = (PHONE, CARD, "canary.bird")
ROOMS = (
    "baskets", "churn", "evaluate", "identity", "layers", "membership", "models", "portrait",
    "privacy", "report", "sklearn", "strategy", "tastes", "testing",
)  # fmt: skip
IDS = ("customer_id", "record_id", "id_value", "event_id")
READ_NO_TABLES = {
    "layerwise.Fitted": "made by the layers",
    "layerwise.datasets": "a module",
    "layerwise.load": "reads files of rules",
    "layerwise.loads": "reads text of rules",
    "layerwise.LayerwiseError": "an error",
    "layerwise.LayerwiseWarning": "a warning",
    "layerwise.__version__": "a text",
    "churn.ChurnModel": "what other models look like",
    "privacy.TableRecord": "of a RunRecord, which shows it",
}
REFUSED = {"privacy.write_csv"}  # on its whole table


def public() -> dict[str, Any]:
    """Return every public name of the rooms, and of the top that no room has."""
    found = {
        f"{room}.{name}": getattr(import_module(f"layerwise.{room}"), name)
        for room in ROOMS
        for name in import_module(f"layerwise.{room}").__all__
    }
    known = {id(value) for value in found.values()}
    top = {f"layerwise.{name}": getattr(lw, name) for name in lw.__all__}
    return found | {name: value for name, value in top.items() if id(value) not in known}


PUBLIC = public()


def breakages(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Return the table, and the table broken in many ways with the canary in each column."""
    yield "whole", table
    yield "polars", pl.from_pandas(table)
    yield "empty", table.iloc[:0]
    yield "twice", pd.concat([table, table])
    yield "one row", table.iloc[:1]
    yield "header", table.rename(columns={table.columns[-1]: PHONE})
    yield "headers twice", pd.concat([table, table.iloc[:, :1]], axis=1)
    for name in table.columns:
        yield f"without {name}", table.drop(columns=name)
        for value in (PHONE, int(PHONE), [MAIL]):
            cells = pd.Series(table[name].tolist(), index=table.index, dtype=object)
            cells.iloc[len(cells) // 2] = value
            yield f"{name} {type(value).__name__}", table.assign(**{name: cells})
        yield f"{name} all", table.assign(**{name: PHONE})
        yield f"{name} numbers", table.assign(**{name: int(PHONE)})


def members(value: Any) -> Iterator[Any]:
    """Return an object and the objects of layerwise that it holds."""
    yield value
    inner = list(value) if isinstance(value, tuple | list) else []
    if attrs.has(type(value)):
        inner += [getattr(value, f.name) for f in attrs.fields(type(value)) if f.repr]
    for each in inner:
        if isinstance(each, tuple) or attrs.has(type(each)):
            yield from members(each)


def shown(result: Any) -> str:
    """Return what a result says of itself; a plain table is what was asked for."""
    ours = [each for each in members(result) if attrs.has(type(each))]
    text = [part for each in ours for part in (repr(each), str(each))]
    text += [result] if isinstance(result, str) else []
    return "\n".join([*text, *(each.to_json() for each in ours if isinstance(each, Labeller))])


def heard(run: Callable[[], Any], caplog: pytest.LogCaptureFixture, *, results: bool = True) -> str:
    """Return all that a call says: its result, error with its causes, warnings and logs."""
    said: list[str] = []
    caplog.clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            result = run()
            said.append(shown(result) if results else "")
        except LayerwiseError as error:
            said += ["".join(traceback.format_exception(error)), repr(error), error.hint]
        except Exception as error:
            said += ["".join(traceback.format_exception(error))]
    said += [str(warning.message) for warning in told]
    said += [record.getMessage() for record in caplog.records]
    return "\n".join(said)


def asks(call: Call, name: str) -> Iterator[tuple[str, Callable[[], Any], bool]]:
    """Return each way to call, what it is, and whether its result may not show the canaries.

    A result shows labels and edges, so only ids must not stand in it.
    """
    yield "as it is", lambda: call.run(PUBLIC[name]), True
    for argument, table in call.tables().items():
        whole = table.make()
        for how, broken in breakages(whole):
            planted = how.split(" ")[0] in whole.columns and not how.startswith(IDS)
            given = {argument: broken}
            yield (
                f"{argument}: {how}",
                lambda given=given: call.run(PUBLIC[name], **given),  # type: ignore[misc]
                not planted and "header" not in how,
            )


@pytest.mark.parametrize("name", CALLS)
def test_nothing_says_whose_it_is(name: str, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    """No public function tells a customer's id or a cell, whatever its tables are like."""
    caplog.set_level(logging.DEBUG)
    leaks = set()
    for how, run, results in asks(CALLS[name], name):
        said = heard(run, caplog, results=results) + "".join(capfd.readouterr())
        own = "header" in how  # names of columns are shown where one is missing
        leaks |= {how for canary in CANARIES if canary in said and not own}
    assert not leaks


@cache
def made() -> tuple[set[type], set[str]]:
    """Return the classes that the calls return, and the names of calls that fail as they are."""
    classes, failed = set(), set()
    for name, call in CALLS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result = call.run(PUBLIC[name])
            except LayerwiseError:
                failed.add(name)
                continue
        classes |= {type(each) for each in members(result)}
        classes |= {type(each) for each in call.given.values()}
    return classes, failed


def test_every_public_name_has_a_call() -> None:
    """A new public function gets a line in tests/public_calls.py; a class is what one returns."""
    assert set(CALLS) <= set(PUBLIC)
    classes, _ = made()
    lacking = [
        name
        for name, value in PUBLIC.items()
        if name not in CALLS
        and name not in READ_NO_TABLES
        and not (inspect.isclass(value) and any(value in kind.__mro__ for kind in classes))
    ]
    assert not lacking


def test_every_call_works() -> None:
    """Broken tables prove nothing where the whole one is refused as well."""
    _, failed = made()
    assert failed == REFUSED


def test_a_report_of_everything_names_nobody() -> None:
    """Page, Markdown and JSON of a report on these customers hold none of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = lw.overview(tables()["orders"], as_of="2024-06-30")
        month = report(found, plan=tables()["plan"], effects=tables()["effects"], k=2)
    texts = (month.to_html(), month.to_markdown(), month.to_json(), repr(month), str(month))
    assert not [canary for canary in CANARIES for text in texts if canary in text]


def test_the_command_line_names_nobody(tmp_path: Path, capfd: Any) -> None:
    """What the command line prints, well or badly, holds no customer."""
    orders, said = tables()["orders"], ""
    read = ("whole", "customer_id", "ordered_at", "amount")
    for broken in [b for how, b in breakages(orders) if how.startswith(read)][::2]:  # for time
        path = tmp_path / "orders.csv"
        broken.to_csv(path, index=False)
        main(["layers", str(path), "--customer", "customer_id", "--time", "ordered_at", "--amount",
              "amount", "--out", str(tmp_path / "out")])  # fmt: skip
        said += "".join(capfd.readouterr())
    assert not [canary for canary in CANARIES if canary in said]


def test_the_canary_sings() -> None:
    """The check finds a canary that does get out: pandas shows values in its own errors."""

    def leak() -> None:
        raise ValueError(f"cannot read {PHONE}")

    class NoLog:
        records: tuple[Any, ...] = ()

        def clear(self) -> None:
            """Do nothing."""

    assert PHONE in heard(leak, NoLog())  # type: ignore[arg-type]


def test_the_key_is_never_told(caplog: pytest.LogCaptureFixture) -> None:
    """Neither errors nor reprs show a key."""
    secret = "correct-horse-battery"  # noqa: S105 - an example
    for choices in ({"key_id": "-"}, {"purpose": ""}, {"kind": "phone"}, {}):
        given: dict[str, Any] = KEY | {"key": secret} | choices
        said = heard(lambda g=given: privacy.pseudonymise([PHONE], **g) and None, caplog)  # type: ignore[misc]
        assert secret not in said.replace(f'secret = "{secret}"', "")
        assert PHONE not in said
