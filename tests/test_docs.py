"""What the pages state by hand agrees with the code."""

import importlib.util
from inspect import ismodule
from pathlib import Path
from pkgutil import resolve_name

import pytest

import layerwise

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("name", ["columns_page", "engines_page"])
def test_written_pages_are_current(name: str) -> None:
    """The pages say what the code says; else run docs/columns_page.py or docs/engines_page.py."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page()


def test_every_decision_is_listed() -> None:
    """The index of the decisions links every note."""
    folder = DOCS / "decisions"
    listed = (folder / "index.md").read_text(encoding="utf-8")
    assert [p.name for p in folder.glob("0*.md") if f"({p.name})" not in listed] == []


def entries() -> set[str]:
    """Return the names the reference describes: each entry, and what a module's entry holds."""
    lines = [
        line.removeprefix("::: ")
        for page in (DOCS / "reference").glob("*.md")
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("::: ")
    ]
    modules = [found for line in lines if ismodule(found := resolve_name(line))]
    return {line.split(".")[-1] for line in lines} | {name for m in modules for name in vars(m)}


def test_every_public_name_is_in_the_reference() -> None:
    """Each name of `layerwise` has an entry in the reference."""
    public = {name for name in layerwise.__all__ if not name.startswith("__")}
    assert public - entries() == set()


def test_readme_names_the_commands() -> None:
    """The two commands of the README are lines of their own, so that .ci/run can run them."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("pip install")]
    assert [line.split(" && ")[-1].split()[0] for line in commands] == ["python", "pytest"]
