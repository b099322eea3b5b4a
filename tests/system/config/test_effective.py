"""Settings: which source wins, what a file may say, and how a wrong value is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcheck.config.effective import effective
from gradcheck.config.expectation import Expectation
from gradcheck.config.settings_table import SETTINGS
from gradcheck.errors import UsageError


def written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def table(folder: Path, rows: str) -> Path:
    return written(folder, f"[tool.gradcheck]\n{rows}\n")


def test_defaults_where_nothing_is_set(tmp_path: Path) -> None:
    found = effective({}, {}, tmp_path)
    assert found.values == {key: row.default for key, row in SETTINGS.items()}
    assert {origin.source for origin in found.origins.values()} == {"default"}
    assert found.file is None
    assert not found.given("seed")


@pytest.mark.parametrize(
    ("flags", "environment", "value", "source", "place"),
    [
        ({"seed": "1"}, {"GRADCHECK_SEED": "2"}, 1, "flag", "--seed"),
        ({"seed": None}, {"GRADCHECK_SEED": "2"}, 2, "environment", "GRADCHECK_SEED"),
        ({}, {"GRADCHECK_SEED": ""}, 3, "file", "[tool.gradcheck] seed"),
        ({}, {}, 3, "file", "[tool.gradcheck] seed"),
    ],
)
def test_flags_before_the_environment_before_the_file(
    tmp_path: Path, flags: Any, environment: dict[str, str], value: int, source: str, place: str
) -> None:
    found = effective(flags, environment, table(tmp_path, "seed = 3"))
    assert found["seed"] == value
    assert found.origins["seed"].source == source
    assert str(found.origins["seed"]).endswith(place)
    assert found.of_file["seed"] == 3
    assert found.given("seed")


VALUES: dict[str, tuple[str, str, Any]] = {
    "suites": ('["mlps", "a.py::b"]', "mlps a.py::b", ("mlps", "a.py::b")),
    "subject": ('"engine.py:f"', "engine.py:f", "engine.py:f"),
    "seed": ("7", "7", 7),
    "timeout": ("2.5", "2.5", 2.5),
    "interest": ("1e-3", "1e-3", 1e-3),
    "max-ulps": ("4", "4", 4.0),
    "dtype": ('"float32"', "float32", "float32"),
    "require-ops": ('["add", "mul"]', "add,mul", ("add", "mul")),
    "report": ('["json=a b.jsonl"]', "'json=a b.jsonl'", ("json=a b.jsonl",)),
    "save-failures": ('"kept"', "kept", "kept"),
    "diagnosis-budget": ("0", "0", 0.0),
    "give-up-after": ("0", "0", 0),
    "jobs": ("3", "3", 3),
    "maxfail": ("2", "2", 2),
    "baseline": ('"gradients.json"', "gradients.json", "gradients.json"),
}


@pytest.mark.parametrize("key", VALUES)
def test_every_setting_in_the_file_and_in_the_environment(tmp_path: Path, key: str) -> None:
    in_file, in_text, value = VALUES[key]
    variable = SETTINGS[key].variable
    assert variable == "GRADCHECK_" + key.upper().replace("-", "_")
    assert effective({}, {}, table(tmp_path, f"{key} = {in_file}"))[key] == value
    assert effective({}, {variable: in_text}, tmp_path / "elsewhere")[key] == value
    assert SETTINGS[key].default != value


def test_the_values_above_are_of_all_settings() -> None:
    assert {*VALUES, "expect"} == set(SETTINGS)
    assert SETTINGS["expect"].variable == ""


@pytest.mark.parametrize("value", ['"random"', "0", "12345678901234567890123456789"])
def test_seeds(tmp_path: Path, value: str) -> None:
    assert str(effective({}, {}, table(tmp_path, f"seed = {value}"))["seed"]) == value.strip('"')


def test_flags_as_argparse_has_them(tmp_path: Path) -> None:
    flags = {"max_ulps": 3.0, "report": ["json=a"], "suites": [], "require_ops": "add, mul", "verbose": 2, "seed": "9"}
    found = effective(flags, {}, table(tmp_path, 'suites = ["mlps"]\nreport = ["json=b"]'))
    assert (found["max-ulps"], found["report"], found["suites"]) == (3.0, ("json=a",), ("mlps",))
    assert (found["require-ops"], found["seed"]) == (("add", "mul"), 9)
    assert found.origins["suites"].source == "file"


WRONG: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown key": ("sede = 1", ("unknown key 'sede'", "did you mean 'seed'?")),
    "key with underscores": ("max_ulps = 1", ("unknown key 'max_ulps'", "did you mean 'max-ulps'?")),
    "key like nothing": ("xyzzy = 1", ("unknown key 'xyzzy'", "the keys are suites, subject,")),
    "a number as text": ('timeout = "10"', ("timeout must be a positive number of seconds", "got '10'")),
    "a truth value": ("timeout = true", ("timeout must be a positive number", "got True")),
    "no seconds": ("timeout = 0", ("timeout must be a positive number", "got 0")),
    "too many seconds": ("timeout = 1e7", ("at most 1,000,000, got 1e+07",)),
    "nan": ("interest = nan", ("interest must be a positive number, got nan",)),
    "beyond every float": (f"interest = {10**400}", ("interest must be a positive number",)),
    "negative seed": ("seed = -1", ("seed takes a whole number >= 0", "got -1")),
    "seed as text": ('seed = "4"', ("seed takes a whole number >= 0", "got '4'")),
    "seed as float": ("seed = 4.0", ("seed takes a whole number >= 0", "got 4")),
    "one suite": ('suites = "mlps"', ("suites must be a list of texts", "got 'mlps'")),
    "a list of numbers": ("report = [1]", ("report must be a list of texts", "got [1]")),
    "dtype": ('dtype = "float16"', ("dtype must be 'float32' or 'float64', got 'float16'",)),
    "jobs": ("jobs = 0", ("jobs must be a whole number >= 1, or 'auto', got 0",)),
    "jobs as text": ('jobs = "many"', ("jobs must be a whole number >= 1, or 'auto', got 'many'",)),
    "maxfail": ("maxfail = -1", ("maxfail must be a number of cases",)),
    "give up": ("give-up-after = 1.5", ("give-up-after must be a number of cases, or 0 for never, got 1.5",)),
    "expect": ("expect = 3", ("expect must be a list of tables", "got 3")),
    "an entry": ('expect = ["a::b"]', ("expect, entry 1: expected a table with case, verdict, reason, got 'a::b'",)),
    "an entry's key": (
        'expect = [{case = "a::b", verdict = "FAIL", raeson = "x"}]',
        ("expect, entry 1: unknown key 'raeson'; did you mean 'reason'?",),
    ),
    "an entry without a reason": ('expect = [{case = "a::b", verdict = "FAIL"}]', ("reason must be a text", "nothing")),
    "an empty reason": ('expect = [{case = "a::b", verdict = "FAIL", reason = " "}]', ("reason must be a text",)),
    "a verdict": (
        'expect = [{case = "a::b", verdict = "PASS", reason = "x"}]',
        ("verdict must be one of FAIL, UNDECIDED, ERROR, got 'PASS'",),
    ),
    "no address": ('expect = [{case = "b", verdict = "FAIL", reason = "x"}]', ("must be an address SUITE::CASE",)),
    "one case twice": (
        'expect = [{case = "a::b", verdict = "FAIL", reason = "x"}, {case = "a::b", verdict = "FAIL", reason = "y"}]',
        ("entry 2: the case 'a::b' has an entry already",),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused(tmp_path: Path, name: str) -> None:
    rows, says = WRONG[name]
    with pytest.raises(UsageError) as refused:
        effective({}, {}, table(tmp_path, rows))
    message = str(refused.value)
    assert message.startswith(f"{tmp_path / 'pyproject.toml'}, [tool.gradcheck]")
    assert "\n" not in message
    for words in says:
        assert words in message


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        (
            {"GRADCHECK_SEED": "x"},
            "GRADCHECK_SEED takes a whole number >= 0 of at most 300 digits or 'random', got 'x'",
        ),
        ({"GRADCHECK_SEED": "9" * 301}, "GRADCHECK_SEED takes a whole number"),
        ({"GRADCHECK_TIMEOUT": "soon"}, "GRADCHECK_TIMEOUT must be a positive number of seconds"),
        ({"GRADCHECK_TIMEOUT": "nan"}, "GRADCHECK_TIMEOUT must be a positive number of seconds"),
        ({"GRADCHECK_JOBS": "-1"}, "GRADCHECK_JOBS must be a whole number >= 1, or 'auto', got '-1'"),
        ({"GRADCHECK_SUITES": "'a"}, "GRADCHECK_SUITES must be a list of texts"),
        ({"GRADCHECK_MAXFAIL": "two"}, "GRADCHECK_MAXFAIL must be a number of cases, or 0 for no limit, got 'two'"),
    ],
)
def test_a_wrong_variable_is_refused(tmp_path: Path, environment: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        effective({}, environment, tmp_path)
    assert str(refused.value).startswith(says)


def test_a_wrong_flag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--max-ulps must be a positive number, got -1$"):
        effective({"max_ulps": -1.0}, {}, tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[tool.gradcheck]\nseed = 1\ntimeout = "', "line 3"),
        ("[tool.gradcheck]\nseed = 1\nseed = 2\n", "line 3"),
        ("[tool]\ngradcheck = 3\n", "tool.gradcheck must be a table, got 3"),
        ("# fine\n# \udcff", "line 2: expected a text in UTF-8"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as refused:
        effective({}, {}, tmp_path)
    assert str(tmp_path / "pyproject.toml") in str(refused.value)
    assert says in str(refused.value)


def test_the_nearest_file_with_a_table_counts(tmp_path: Path) -> None:
    inner = tmp_path / "package" / "deep"
    table(tmp_path, "seed = 1")
    written(tmp_path / "package", "[project]\nname = 'other'\n")
    inner.mkdir()
    assert effective({}, {}, inner)["seed"] == 1
    table(tmp_path / "package", "seed = 2")
    assert effective({}, {}, inner)["seed"] == 2
    assert effective({}, {}, tmp_path)["seed"] == 1


@pytest.mark.parametrize("root", [".git", ".hg"])
def test_nothing_is_read_beyond_the_root_of_the_repository(tmp_path: Path, root: str) -> None:
    table(tmp_path, "sede = 1")
    (tmp_path / "repository" / root).mkdir(parents=True)
    assert effective({}, {}, tmp_path / "repository").file is None
    inner = tmp_path / "repository" / "inner"
    inner.mkdir()
    assert effective({}, {}, inner).file is None
    table(tmp_path / "repository", "seed = 2")
    assert effective({}, {}, inner)["seed"] == 2


PATHS = """
suites = ["mlps", "tests/mine.py", "tests/mine.json::a.py", "/abs/mine.py"]
subject = "src/engine.py:gradients"
report = ["json=out/run.jsonl", "junit=/abs/run.xml"]
save-failures = "kept"
baseline = "gradients.json"
expect = [{case = "tests/mine.py::a", verdict = "FAIL", reason = "known"}]
"""


def test_paths_in_the_file_are_relative_to_the_file(tmp_path: Path) -> None:
    inner = table(tmp_path, PATHS) / "deep" / "er"
    inner.mkdir(parents=True)
    found = effective({}, {"GRADCHECK_BASELINE": "here.json"}, inner)
    assert found["suites"] == ("mlps", "../../tests/mine.py", "../../tests/mine.json::a.py", "/abs/mine.py")
    assert found["subject"] == "../../src/engine.py:gradients"
    assert found["report"] == ("json=../../out/run.jsonl", "junit=/abs/run.xml")
    assert found["save-failures"] == "../../kept"
    assert found["baseline"] == "here.json"
    assert found.of_file["baseline"] == "../../gradients.json"
    assert found["expect"] == (Expectation("../../tests/mine.py::a", "FAIL", "known"),)
    at_home = effective({}, {}, tmp_path)
    assert at_home["suites"][1] == "tests/mine.py"
    assert at_home["subject"] == "src/engine.py:gradients"


@pytest.mark.parametrize(
    ("subject", "moved"),
    [
        ("engine.py", "../engine.py"),
        ("package", "../package"),
        ("cmd:./a.out --fast", "cmd:./a.out --fast"),
        ("/abs/engine.py:f", "/abs/engine.py:f"),
    ],
)
def test_subjects_of_the_file(tmp_path: Path, subject: str, moved: str) -> None:
    inner = table(tmp_path, f'subject = "{subject}"') / "inner"
    inner.mkdir()
    assert effective({}, {}, inner)["subject"] == moved


def test_a_misspelt_variable_is_remarked(tmp_path: Path) -> None:
    environment = {"GRADCHECK_SEDE": "1", "GRADCHECK_MUTATIONS": "2", "GRADCHECK_SEED": "3"}
    assert effective({}, environment, tmp_path).remarks == (
        "GRADCHECK_SEDE sets nothing; did you mean GRADCHECK_SEED?",
    )
