"""What `str(result)` and a plain pytest run show of eleven derivatives, as a first-year student sees it.

`GRADCHECK_UPDATE_SNAPSHOTS=1 pytest tests/system/function_reports` writes the snapshots anew; version control shows
what changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gradcheck
from by_path import load
from gradcheck.verdict.function_report import LINES

HERE = Path(__file__).parent
SNAPSHOTS = HERE / "snapshots"

VERDICTS = {
    "softmax": "FAIL",
    "batch-norm": "FAIL",
    "no-transpose": "FAIL",
    "bias": "FAIL",
    "lstm": "FAIL",
    "likelihood": "FAIL",
    "nan": "FAIL",
    "shape": "ERROR",
    "jump": "UNDECIDED",
    "raises": "ERROR",
    "float32": "PASS",
}
PASSING = [name for name, verdict in VERDICTS.items() if verdict == "PASS"]

JARGON = re.compile(r"\bGC\d|oracle|allowed|distance|ulp|\bproven\b|stepped aside|the subject|± ")
"""What a first course does not teach, and what is left to `report(verbose=True)`."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("student")
    shutil.copy(HERE / "derivatives.py", folder / "test_mine.py")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def derivatives(folder: Path) -> Any:
    return load(folder / "test_mine.py")


@pytest.fixture(scope="module")
def judged() -> dict[str, gradcheck.Result]:
    """What was judged already: each test looks at the same results from another side."""
    return {}


@pytest.fixture
def result(
    name: str, derivatives: Any, folder: Path, judged: dict[str, gradcheck.Result], monkeypatch: pytest.MonkeyPatch
) -> gradcheck.Result:
    monkeypatch.chdir(folder)
    if name not in judged:
        kind, f, derivative, inputs = derivatives.CASES[name]
        judged[name] = getattr(gradcheck, f"check_{kind}")(f, derivative, *inputs)
    return judged[name]


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    """A plain pytest run of all of them; what the plugin shows is tested beside it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment |= {"CI": "1", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}  # CI: summary lines are not cut
    without = [part for plugin in ("cacheprovider", "xdist", "gradcheck") for part in ("-p", f"no:{plugin}")]
    command = [sys.executable, "-m", "pytest", *without, "test_mine.py"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def matches(name: str, text: str) -> None:
    path = SNAPSHOTS / f"{name}.txt"
    now = "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
    if os.environ.get("GRADCHECK_UPDATE_SNAPSHOTS"):
        path.write_text(now, encoding="utf-8")
    assert path.exists(), f"no snapshot {name}; GRADCHECK_UPDATE_SNAPSHOTS=1 writes it"
    assert now == path.read_text(encoding="utf-8")


def errors(printed: str, name: str) -> list[str]:
    """The lines that pytest prints about the failure of one test: those that begin with E."""
    _, _, rest = printed.partition(f"_ test[{name}] _")
    section = re.split(r"^_{5,} test\[|^=+ short test summary", rest, flags=re.MULTILINE)[0]
    return [line[1:] for line in section.splitlines() if line.startswith("E  ")]


def test_every_case_has_a_verdict_and_a_snapshot(derivatives: Any) -> None:
    assert set(VERDICTS) == set(derivatives.CASES) == {path.stem for path in SNAPSHOTS.iterdir()}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_report_is_what_was_agreed_on(name: str, result: gradcheck.Result) -> None:
    assert result.verdict == VERDICTS[name]
    matches(name, str(result))


@pytest.mark.parametrize("name", VERDICTS)
def test_the_report_is_short_and_holds_no_jargon(name: str, result: gradcheck.Result) -> None:
    lines = str(result).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= 88
    assert not JARGON.search(str(result)), str(result)


@pytest.mark.parametrize("name", VERDICTS)
def test_the_title_names_the_derivative_and_its_line(name: str, result: gradcheck.Result, folder: Path) -> None:
    found = re.match(r"[A-Z]+  (\w+)  \(test_mine\.py:(\d+)\)\n", str(result))
    assert found is not None
    source = (folder / "test_mine.py").read_text(encoding="utf-8").splitlines()
    assert source[int(found[2]) - 1].startswith(f"def {found[1]}(")


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verbose_report_has_every_code_and_number(name: str, result: gradcheck.Result) -> None:
    full = result.report(verbose=True)
    first = str(result).splitlines()[0]
    assert full.startswith(first)
    for finding in result.findings:
        assert finding.code in full
        assert "".join(finding.sentence.split()) in "".join(full.split())
    if result.verdict == "FAIL":
        assert re.search(r"^ +allowed +\S+ +distance", full, re.MULTILINE)
        assert "oracles (entries):" in full


@pytest.mark.parametrize("name", [name for name in VERDICTS if name not in PASSING])
def test_pytest_shows_the_same_report(name: str, result: gradcheck.Result, printed: str) -> None:
    shown = [line.removeprefix("  ").strip() for line in errors(printed, name)]
    report = [line.strip() for line in str(result).splitlines()]
    at = shown.index(report[0])
    assert shown[at : at + len(report)] == report
    assert shown[at - 1] == f"gradcheck.GradientError: {result.headline}"


@pytest.mark.parametrize("name", [name for name in VERDICTS if name not in PASSING])
def test_pytests_summary_names_the_derivative_and_what_is_wrong(
    name: str, result: gradcheck.Result, printed: str
) -> None:
    (line,) = [x for x in printed.splitlines() if x.startswith(f"FAILED test_mine.py::test[{name}] ")]
    assert result.checked is not None
    assert f" - gradcheck.GradientError: {result.checked.name}: " in line
    if result.verdict == "FAIL":
        wrong = [block for block, (count, _) in result.blocks.items() if count]
        assert any(re.search(rf"\b{block}\b", line) for block in wrong)


def test_pytest_counts_them(printed: str) -> None:
    assert f"{len(VERDICTS) - len(PASSING)} failed, {len(PASSING)} passed" in printed


def test_no_frame_of_gradchecks_is_shown(printed: str) -> None:
    assert not re.search(r"^\S*gradcheck/\S+\.py:\d+", printed, re.MULTILINE)


@pytest.mark.parametrize("name", ["raises"])
def test_a_traceback_is_cut_to_the_users_frames(name: str, result: gradcheck.Result) -> None:
    text = str(result)
    assert re.search(r"^ +test_mine\.py:\d+, in raising_backward\n +return upstream @ W\.T.*\n", text, re.MULTILINE)
    assert re.search(r"^ +test_mine\.py:\d+, in helper\n +return np\.dot\(upstream, b\.reshape", text, re.MULTILINE)
    assert "gradcheck/" not in text
