"""A report as one HTML page."""

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from layerwise.errors import MissingExtraError
from layerwise.report.cells import (
    MISSING,
    SMALL,
    clean,
    is_figure,
    named,
    place,
    text,
    trend_points,
)
from layerwise.report.document import HIDDEN, Column, Section, Table
from layerwise.report.words import Say
from layerwise.version import VERSION

if TYPE_CHECKING:
    from layerwise.report.monthly import Report

_WIDE = 5
"""Tables of so many columns take the whole width of the page."""

_TALL = 9
"""Longer tables have two others beside them."""


def to_page(report: "Report") -> str:
    """Return the page; pictures are drawn from the published tables only, so they hide the same.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    say = Say(report.lang)
    page: str = (
        environment()
        .get_template("page.html")
        .render(
            report=report,
            say=say,
            sections=[_shown(section) for section in report.sections],
            style=_data("style.css"),
            version=VERSION,
            clean=clean,
            hidden=any(each.hidden for section in report.sections for each in section.tables),
            marks={"small": SMALL, "missing": MISSING},
        )
    )
    return page


def environment() -> Any:
    """Return where templates are found, with every value escaped.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtraError(
            "The HTML report needs Jinja2.", hint='pip install "layerwise[report]"'
        ) from error
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_data),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _data(name: str) -> str:
    return files("layerwise.report").joinpath("templates", name).read_text(encoding="utf-8")


def _shown(section: Section) -> dict[str, Any]:
    return {"section": section, "tables": [_table(each) for each in section.tables]}


def _table(each: Table) -> dict[str, Any]:
    head = [
        {"title": named(col.title), "kind": _kind(col, each, i)}
        for i, col in enumerate(each.columns)
    ]
    rows = [
        [
            _cell(cell, column, head[i]["kind"])
            for i, (cell, column) in enumerate(zip(row, each.columns, strict=True))
        ]
        for row in each.rows
    ]
    ranges = len(head) >= _WIDE - 1 and any(column.kind == "range" for column in each.columns)
    size = "wide" if len(head) >= _WIDE or ranges else "tall" if len(rows) > _TALL else ""
    return {"title": each.title, "head": head, "rows": rows, "size": size}


def _kind(column: Column, each: Table, i: int) -> str:
    """Return how a column is set: texts that are numbers stand to the right as numbers do."""
    cells = [row[i] for row in each.rows if isinstance(row[i], str)]
    digits = cells and all(is_figure(cell) for cell in cells)
    return "figure" if column.kind == "text" and i and digits else column.kind


def _cell(cell: Any, column: Column, kind: str) -> dict[str, Any]:
    made: dict[str, Any] = {"text": text(cell, column), "kind": kind, "draw": None}
    if cell is None or cell is HIDDEN:
        made["kind"] = f"{kind} none"
    elif column.kind == "bar":
        made["draw"] = {"bar": place(cell, column)}
    elif column.kind == "range":
        made["draw"] = {
            name: place(cell.get(name), column) for name in ("value", "low", "high", "mark")
        }
    elif column.kind == "trend":
        made["draw"] = {"pieces": trend_points(cell)}
    return made
