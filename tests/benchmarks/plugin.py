"""What the plugin costs a project that does not use gradcheck: `pytest --collect-only` with and without it.

    python tests/benchmarks/plugin.py [REPEATS]

Runs of both kinds alternate, so that what else the machine does weighs on both. The medians are printed with their
difference and ratio, then the median of the differences within a pair, and the difference of the fastest runs, of wall
clock and of processor time; the first pair is not counted, since it may write bytecode. The last line says how long the
import of the entry point takes, in a process that has pytest already.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KINDS = {"with the plugin": (), "-p no:gradcheck": ("-p", "no:gradcheck")}
MOST_SLOWER = 20.0
"""Milliseconds that the plugin may cost."""
IMPORT = """
import time, pytest
begun = time.perf_counter()
import gradcheck.pytest_plugin.hooks
print(1e3 * (time.perf_counter() - begun))
"""


def project(folder: Path) -> None:
    """A project of some tests and no suite."""
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\ntestpaths = ['tests']\n", encoding="utf-8")
    (folder / "tests").mkdir()
    for k in range(20):
        tests = "".join(f"def test_{j}():\n    assert True\n\n\n" for j in range(10))
        (folder / "tests" / f"test_{k}.py").write_text(tests, encoding="utf-8")


def seconds(folder: Path, options: tuple[str, ...]) -> tuple[float, float]:
    """Wall clock and processor time of one collection."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(repeats: int) -> int:
    """Print the figures; 1 if the plugin costs more than it may."""
    taken: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder)
        for k in range(repeats + 1):
            for kind, options in list(KINDS.items())[:: 1 if k % 2 else -1]:  # neither is always the first
                once = seconds(folder, options)
                if k:
                    taken[kind].append(once)
    costs = []
    for clock, what in enumerate(("wall clock", "processor")):
        rows = [[1e3 * row[clock] for row in taken[kind]] for kind in KINDS]
        have, lack = map(statistics.median, rows)
        paired = statistics.median(a - b for a, b in zip(*rows, strict=True))
        costs.append(paired)
        both = ", ".join(f"{kind} {ms:.0f} ms" for kind, ms in zip(KINDS, (have, lack), strict=True))
        print(f"{what}: {both}; difference {have - lack:+.1f} ms, ratio {have / lack:.3f} ({repeats} runs of each)")
        print(f"  within a pair {paired:+.1f} ms; of the fastest runs {min(rows[0]) - min(rows[1]):+.1f} ms")
    imports = [
        float(subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True).stdout)
        for _ in range(repeats)
    ]
    print(f"import of the entry point: {min(imports):.1f} ms at best, median {statistics.median(imports):.1f} ms")
    return int(min(costs) > MOST_SLOWER)  # a busy machine spoils the wall clock alone


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
