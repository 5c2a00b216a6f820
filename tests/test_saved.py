"""Saved files: read back to equality, and nothing hostile is read."""

import ast
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import saved
from layerwise.errors import SavedFileError
from layerwise.fitted import Fitted
from layerwise.layers import Value
from layerwise.loading import load, loads
from layerwise.rules import Cut
from layerwise.strategy import StrategyTable
from layerwise.version import VERSION

RULE = Cut(output="value", column="spend_365d", edges=(50, 200), labels=("low", "mid", "high"))
MINE = StrategyTable(rows=[])
FITTED = Fitted(spec=Value(), name="value", rules=(RULE,), facts={"customers": 3, "größe": "大"})
GOOD = json.loads(FITTED.to_json())


def text(**changes: Any) -> str:
    """Return the good file with changes to its head."""
    return json.dumps(GOOD | changes)


def changed(path: str, value: Any) -> str:
    """Return the good file with one inner value replaced; `path` is dotted."""
    data = json.loads(FITTED.to_json())
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner = data
    for step in way:
        inner = inner[step]
    inner[last] = value
    return json.dumps(data)


def test_reads_back_equal(tmp_path: Path) -> None:
    """Text, bytes and file give the same object back, with text beyond ASCII as it was."""
    FITTED.save(tmp_path / "层.json")
    assert load(tmp_path / "层.json") == FITTED == loads(FITTED.to_json())
    assert loads(FITTED.to_json().encode()) == FITTED
    assert "大" in (tmp_path / "层.json").read_text(encoding="utf-8")


def test_same_value_same_text() -> None:
    """Saving is deterministic, and a number comes back to the last bit."""
    assert FITTED.to_json() == loads(FITTED.to_json()).to_json()
    odd = attrs.evolve(RULE, edges=(0.1 + 0.2, 1e300))
    assert loads(saved.dumps(odd, version=VERSION)).edges == (0.1 + 0.2, 1e300)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text().filter(lambda k: k != "$kind"), inner)
        ),
        max_leaves=12,
    )
)
def test_plain_values_round_trip(value: Any) -> None:
    """Any plain value comes back, lists as tuples."""
    assert saved.decode(json.loads(json.dumps(saved.encode(value)))) == _tuples(value)


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    return {k: _tuples(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "not JSON"),
        (FITTED.to_json()[:-30], "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("[]", "lacks"),
        ("null", "lacks"),
        ('{"layerwise": "1", "format": 1}', "lacks"),
        ('{"a": 1, "a": 2}', "same key twice"),
        ('{"layerwise": "1", "format": 1, "object": NaN}', "NaN"),
        ('{"layerwise": "1", "format": 1, "object": -Infinity}', "Infinity"),
        ('{"layerwise": "1", "format": 1, "object": 1e999}', "too large"),
        ('{"layerwise": "1", "format": 1, "object": ' + "9" * 5000 + "}", "not JSON|too"),
        ("[" * 100_000, "nested|not JSON"),
        ('{"layerwise":"1","format":1,"object":' + "[" * 500 + "]" * 500 + "}", "deeper than"),
        (text(format=2), "format 2"),
        (text(format=0), "format 0"),
        (text(format=-1), "format -1"),
        (text(format="1"), "format '1'"),
        (text(format=True), "format True"),
        (text(format=1.0), "format 1.0"),
        (text(format=None), "format None"),
        (changed("object.$kind", "Popen"), "unknown kind"),
        (changed("object.$kind", "object"), "unknown kind"),
        (changed("object.$kind", ["Value"]), "unknown kind"),
        (changed("object.$kind", None), "unknown kind"),
        (changed("object.surprise", 1), "no field surprise"),
        (changed("object.rules.0.__class__", 1), "no field __class__"),
        (changed("object.rules.0.edges", [2, 1]), "not valid"),
        (changed("object.rules.0.edges", "50"), "not valid"),
        (changed("object.rules.0.edges", [10**400, 10**401]), "not valid"),
        (changed("object.rules.0.edges", None), "not valid"),
        (changed("object.rules", 3), "not valid"),
        (changed("object.spec.method", "magic"), "not valid"),
    ],
)  # fmt: skip
def test_hostile_text_is_refused(content: str | bytes, words: str) -> None:
    """Each is a SavedFileError that says what is wrong."""
    with pytest.raises(SavedFileError, match=words):
        loads(content)


def test_the_object_must_be_ours() -> None:
    """A file whose object is plain data is refused, not returned as a mapping."""
    for other in ({}, {"a": 1}, [1], "text", None):
        with pytest.raises(SavedFileError, match="no object of layerwise"):
            loads(text(object=other))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("object.name", 3),
        ("object.spec", {"a": 1}),
        ("object.spec", None),
        ("object.rules.0", "x"),
        ("object.rules.0", {"output": "value"}),
        ("object.facts", [1]),
        ("object.rules.0.output", None),
        ("object.rules.0.column", 5),
        ("object.rules.0.labels", [1, "two", None]),
        ("object.rules.0.labels", "abc"),
        ("object.rules.0.descending", "no"),
        ("object.rules.0.missing", 7),
    ],
)
def test_values_of_the_wrong_type_are_refused(path: str, value: Any) -> None:
    """A field of another type than its class says is an error when the file is read."""
    with pytest.raises(SavedFileError, match="not valid"):
        loads(changed(path, value))


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text above the limit is refused before it is parsed."""
    monkeypatch.setattr(saved, "MAX_BYTES", 10)
    with pytest.raises(SavedFileError, match="larger than"):
        loads(FITTED.to_json())


@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95", b"PK\x03\x04", b"\xef\xbb\xbf{}"])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    """Empty files, pickles, archives and files with a byte-order mark are an error."""
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(SavedFileError):
        load(path)


@pytest.mark.skipif(os.name != "posix", reason="a sparse file, and one without an end")
def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at first; of a pipe, which has none, no more is read than may be."""
    path = tmp_path / "large.json"
    path.touch()
    os.truncate(path, 2**40)  # sparse: read whole it would not fit into memory
    with pytest.raises(SavedFileError, match="larger than"):
        load(path)
    monkeypatch.setattr(saved, "MAX_BYTES", 10)
    with pytest.raises(SavedFileError, match="larger than"):
        load("/dev/zero")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """What cannot be opened is a SavedFileError with the reason of the system."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(SavedFileError, match="cannot be read"):
            load(path)


@pytest.mark.parametrize("value", [float("nan"), np.inf, object(), {1: 2}, {"$kind": 1}, {1, 2}])
def test_what_json_cannot_keep(value: Any) -> None:
    """Such values are an error when saving, not a file that cannot be read."""
    with pytest.raises(SavedFileError):
        saved.dumps(attrs.evolve(FITTED, facts={"x": value}), version=VERSION)


def test_numpy_numbers_become_plain() -> None:
    """Numbers of NumPy are saved as plain numbers."""
    kept = attrs.evolve(FITTED, facts={"n": np.int64(3), "x": np.float32(0.5), "y": np.bool_(True)})
    assert loads(kept.to_json()).facts == {"n": 3, "x": 0.5, "y": True}


def test_unknown_class_cannot_be_saved() -> None:
    """A class of one's own must be decorated first, and the error says how."""

    @attrs.frozen
    class Own:
        x: int

    with pytest.raises(SavedFileError, match="Own is not a class") as caught:
        saved.encode(Own(1))
    assert "saved" in str(caught.value.hint)


def test_write_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where writing fails, the old file stands as it was and nothing is left beside it."""
    path = tmp_path / "layers.json"
    FITTED.save(path)
    before = path.read_bytes()

    def full(*args: Any, **kwargs: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        attrs.evolve(FITTED, name="other").save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["layers.json"]


def test_unsaveable_leaves_the_old_file(tmp_path: Path) -> None:
    """An object that cannot be saved does not touch the file."""
    path = tmp_path / "layers.json"
    FITTED.save(path)
    with pytest.raises(SavedFileError):
        attrs.evolve(FITTED, facts={"x": float("nan")}).save(path)
    assert load(path) == FITTED


@pytest.mark.parametrize(
    "write",
    [
        lambda path: FITTED.save(path / "rules.json"),
        lambda path: MINE.to_csv(path / "mine.csv"),
        lambda path: MINE.to_toml(path / "mine.toml"),
    ],
)
def test_missing_folder_is_named(write: Callable[[Path], None], tmp_path: Path) -> None:
    """Writing into a folder that is not there names the folder, not a file of our own."""
    with pytest.raises(FileNotFoundError, match="No such folder") as error:
        write(tmp_path / "nodir")
    assert error.value.filename == str(tmp_path / "nodir")


def test_saved_file_has_usual_permissions(tmp_path: Path) -> None:
    """A saved file can be read by whom the process's umask allows, as any other new file."""
    plain = tmp_path / "plain.txt"
    plain.write_text("x", encoding="utf-8")
    FITTED.save(tmp_path / "layers.json")
    assert (tmp_path / "layers.json").stat().st_mode == plain.stat().st_mode


def test_nothing_runs_code_from_data() -> None:
    """No module imports what runs code from a file, nor calls eval or exec."""
    banned = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml"}
    for path in Path(saved.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                found = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
                assert not banned & {name.split(".")[0] for name in found}, path
            if isinstance(node, ast.Name):
                assert node.id not in {"eval", "exec", "compile", "__import__"}, path


def test_fields_are_typed() -> None:
    """A saved value must be of its field's type; a whole number is a float, true is no number."""
    good = [(1, float), (None, int | None), ((), tuple[str, ...]), ({"a": 1}, Mapping[str, float])]
    bad = [(True, float), (1.0, int), ((1, "a"), tuple[int, ...]), ({"a": "b"}, Mapping[str, int])]
    assert all(saved.fits(value, hint) for value, hint in good)
    assert not any(saved.fits(value, hint) for value, hint in bad)
    assert saved.fits("a", Literal["a", "b"])
    assert not saved.fits("c", Literal["a", "b"])
    assert saved.fits((1, "a"), tuple[int, str])
    assert not saved.fits((1,), tuple[int, str])
    assert not saved.fits(None, tuple[int, str])


def test_misfits_of_a_spec() -> None:
    """Choices of another type are named; numbers of NumPy are numbers."""
    assert saved.misfits(Value(window_days=np.int64(90))) == {}
    assert saved.misfits(attrs.evolve(FITTED, name=3, facts={})) == {"name": "text"}
