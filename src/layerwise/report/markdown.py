"""A report as Markdown: headlines, tables, notes."""

import re
from html import escape
from typing import TYPE_CHECKING

from layerwise.report.cells import clean, named, text
from layerwise.report.document import Section, Table
from layerwise.report.words import Say

if TYPE_CHECKING:
    from layerwise.report.monthly import Report

_SIGNS = re.compile(r"([\\`*_{}\[\]#|~!$])")
_LINE_START = re.compile(r"^(\s*)(?:([-+=:])|(\d+)([.)])(?=\s|$))")


def escaped(words: str) -> str:
    r"""Return text of others as Markdown shows it: no markup, no HTML, no link.

    >>> print(escaped("<b>a|b</b> [x](y)"))
    &lt;b&gt;a\|b&lt;/b&gt; \[x\](y)
    """
    shown = _SIGNS.sub(r"\\\1", escape(clean(words), quote=False))
    for link in ("://", "www."):  # which some readers make links of
        shown = shown.replace(link, f"{link[0]}\u200b{link[1:]}")
    return _LINE_START.sub(lambda m: f"{m[1]}{m[3] or ''}\\{m[2] or m[4]}", shown)


def to_markdown(report: "Report") -> str:
    """Return the whole report as Markdown."""
    say = Say(report.lang)
    lines = [f"# {escaped(report.title)}", "", say("As of {day}", day=report.as_of), ""]
    lines += [f"- {escaped(section.headline)}" for section in report.sections]
    for section in report.sections:
        lines += ["", *_section(section)]
    if report.not_made:
        lines += ["", f"## {say('Not in this report')}", ""]
        lines += [
            f"- {escaped(title)}{say(': ')}{escaped(needs)}" for _, title, needs in report.not_made
        ]
    lines += ["", escaped(say.footer(report.k)), ""]
    return "\n".join(lines)


def _section(section: Section) -> list[str]:
    lines = [f"## {escaped(section.title)}", "", f"**{escaped(section.headline)}**"]
    for words in section.texts:
        lines += ["", escaped(words)]
    for each in section.tables:
        lines += ["", f"### {escaped(each.title)}", "", *_table(each)]
    return [*lines, *(line for note in section.notes for line in ("", f"*{escaped(note)}*"))]


def _table(each: Table) -> list[str]:
    head = [escaped(named(column.title)) for column in each.columns]
    rule = ["---" if column.kind == "text" else "---:" for column in each.columns]
    rows = [
        [escaped(text(cell, column)) for cell, column in zip(row, each.columns, strict=True)]
        for row in each.rows
    ]
    return [f"| {' | '.join(cells)} |" for cells in [head, rule, *rows]]
