"""A project that does not use gradcheck pays for the plugin neither NumPy nor Hypothesis; its time is in benchmarks."""

import subprocess
import sys
from typing import Any

HEAVY = {"numpy", "scipy", "hypothesis", "rich", "flint", "symengine"}
"""Packages that gradcheck imports somewhere."""
TELL = """
import sys


def pytest_unconfigure():
    print("loaded", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.__stdout__)
"""


def test_importing_the_entry_point_imports_nothing_heavy() -> None:
    script = "import sys, gradcheck.pytest_plugin.hooks; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    assert {"gradcheck", "pytest"} <= loaded
    assert not loaded & HEAVY


def loaded(done: Any) -> set[str]:
    (line,) = [line for line in done.outlines if line.startswith("loaded ")]
    return set(line.split())


def test_a_project_without_gradcheck_imports_nothing_heavy(project: Any, suite: str) -> None:
    project.write(
        {
            "conftest.py": TELL,
            "test_it.py": "def test_it(): pass\n",
            "gradcheck_others.py": "raise SystemExit(3)\n",
            "pyproject.toml": "[tool.other]\nname = 'gradcheck'\n",
        }
    )
    without = ("-p", "no:hypothesispytest", "-p", "no:xdist")
    for options in ((), ("--collect-only",)):
        done = project.pytest(*without, *options)
        assert done.ret == 0
        assert "gradcheck" in loaded(done)
        assert not loaded(done) & HEAVY
    project.write({"gradcheck_mine.py": suite})
    assert {"numpy"} <= loaded(project.pytest(*without, "--collect-only"))


def test_gradcheck_is_not_compiled_anew_for_pytest(project: Any) -> None:
    text = (
        "def test_it():\n"
        "    import gradcheck.problem.ops\n"
        "    assert type(gradcheck.problem.ops.__loader__).__name__ == 'SourceFileLoader'\n"
        "    assert type(__loader__).__name__ == 'AssertionRewritingHook'\n"
    )
    project.write({"test_it.py": text})
    project.pytest().assert_outcomes(passed=1)
