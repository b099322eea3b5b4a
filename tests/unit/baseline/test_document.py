"""The file: what is written fits the schema and comes back; everything else is refused, and nothing is lost."""

import copy
import json
import os
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradcheck.baseline.document import Baseline, Recording, read, require_writable, write
from gradcheck.baseline.recorded import Block, Recorded
from gradcheck.errors import InvalidProblem, UsageError

SMALL = Block("float64", (2,), 0.5, 8.0, True, ("7 +- 0", None))
LARGE = Block("float32", (40, 50), float("inf"), None, False, (), ("1 +- 0", "2 +- 1E-9", "3 +- 0", None))
KINK = Block("float64", (), None, None, True, ("0 .. 1",))
RUN = Recorded("PASS", 17, "ab", 2, None, {"w": SMALL, "V": LARGE})
CHECK = Recorded("UNDECIDED", None, "cd", 12, 31, {"x": KINK})
WHOLE = Baseline(
    {
        "run": Recording({"b::c": RUN, "a::ü": RUN}, 5, "engine.py"),
        "pytest": Recording({"test_a.py::test_b #1": CHECK}),
    }
)


@pytest.fixture(scope="module")
def validator(checkout: Path) -> jsonschema.Draft202012Validator:
    schema = json.loads((checkout / "gradcheck" / "baseline" / "baseline.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("baseline", [WHOLE, Baseline()])
def test_what_is_written_comes_back_and_fits_the_schema(
    baseline: Baseline, tmp_path: Path, validator: jsonschema.Draft202012Validator
) -> None:
    path = tmp_path / "b.json"
    write(path, baseline)
    validator.validate(json.loads(path.read_text(encoding="utf-8")))
    assert read(path) == baseline
    assert [p.name for p in tmp_path.iterdir()] == ["b.json"]


def test_the_text_is_sorted_and_the_same_each_time(tmp_path: Path) -> None:
    other = Baseline({"pytest": WHOLE.part("pytest"), "run": Recording({"a::ü": RUN, "b::c": RUN}, 5, "engine.py")})
    assert other.text() == WHOLE.text()
    assert WHOLE.text().index('"a::ü"') < WHOLE.text().index('"b::c"')


def test_a_part_is_replaced_and_the_other_kept() -> None:
    changed = WHOLE.with_part("run", Recording())
    assert changed.part("pytest") == WHOLE.part("pytest")
    assert changed.part("run") == Recording()


def bent(*keys: Any, to: Any) -> dict[str, Any]:
    data: dict[str, Any] = copy.deepcopy(json.loads(WHOLE.text()))
    inner = data
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = to
    return data


CASE = ("run", "cases", "b::c")
W = (*CASE, "gradients", "w")
WRONG = {
    "older": (bent("schema_version", to=0), "version 0.*record it anew"),
    "newer": (bent("schema_version", to=2), "version 2"),
    "true": (bent("schema_version", to=True), "version True"),
    "list": ([], "expected an object"),
    "empty": ({}, "schema_version"),
    "other file": ({"schema_version": 1, "cases": []}, "no key 'cases'"),
    "cases": (bent("run", "cases", to=[]), "run > cases: expected an object"),
    "case": (bent(*CASE, to=3), "b::c: expected an object, got 3"),
    "verdict": (bent(*CASE, "verdict", to="OK"), "expected one of PASS"),
    "seed": (bent(*CASE, "seed", to=1.5), "whole number >= 0 or null"),
    "negative seed": (bent("run", "seed", to=-1), "whole number >= 0 or null"),
    "point": (bent(*CASE, "point", to=None), "expected a text"),
    "count": (bent(*CASE, "evaluations", "derivative", to=None), "whole number >= 0, got None"),
    "shape": (bent(*W, "shape", to=[3]), "expected 3 entries, as its shape says, got 2"),
    "shape of texts": (bent(*W, "shape", to=["2"]), "whole number"),
    "value": (bent(*W, "values", to=[7, None]), "VALUE"),
    "value text": (bent(*W, "values", to=["7", None]), "VALUE"),
    "ulps": (bent(*W, "ulps", to="many"), "expected a number"),
    "ulps nan": (bent(*W, "ulps", to=float("nan")), "expected a number"),
    "proven": (bent(*W, "proven", to=1), "true or false"),
    "sums": (bent(*CASE, "gradients", "V", "sums", to=["1 +- 0"]), "expected 4 sums"),
    "both": (bent(*W, "sums", to=["1 +- 0"] * 4), "either"),
    "missing": (bent(*CASE, to={"verdict": "PASS"}), "expected the key 'seed'"),
    "extra": (bent(*W, "extra", to=1), "no key 'extra'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_content_is_refused_with_its_place(
    name: str, tmp_path: Path, validator: jsonschema.Draft202012Validator
) -> None:
    data, why = WRONG[name]
    path = tmp_path / "b.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InvalidProblem, match=why) as wrong:
        read(path)
    assert str(path) in str(wrong.value)
    if name not in ("true", "ulps nan", "shape"):  # JSON Schema takes true for 1, and counts no entries
        assert not validator.is_valid(data)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"schema_version": 1, "run": {"seed": null, "subject": "", "cases": {"a": 1, "a": 2}}}', "'a' twice"),
        ("[" * 100_000, "nested too deeply"),
        ("\ufeff\x00", "not JSON"),
    ],
)
def test_texts_that_are_no_baseline(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidProblem, match=why):
        read(path)


def test_no_text_at_all(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidProblem, match="UTF-8"):
        read(tmp_path / "b.json")
    with pytest.raises(InvalidProblem, match="it is a folder"):
        read(tmp_path)


def test_paths_that_cannot_be_written(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "it is a folder"), (tmp_path / "no" / "b.json", "no such file")):
        with pytest.raises(UsageError, match=why):
            require_writable(path)
        with pytest.raises(UsageError):
            write(path, WHOLE)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b.json"
    write(path, WHOLE)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="no space left"):
        write(path, Baseline())
    assert read(path) == WHOLE
    assert [p.name for p in tmp_path.iterdir()] == ["b.json"]


def test_looking_whether_it_can_be_written_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    require_writable(path)
    assert list(tmp_path.iterdir()) == []
    write(path, WHOLE)
    require_writable(path)
    assert read(path) == WHOLE


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "b.json"
    write(real, Baseline())
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, WHOLE)
    assert link.is_symlink()
    assert read(real) == WHOLE
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
