"""How much sooner does `--jobs 2` end? `python tests/benchmarks/jobs.py [GRAPHS [ROUNDS [SECONDS]]]`.

A suite of random graphs in a file, and the reference on trial on it, in turn with one job and with two. Printed
are the seconds of wall clock and of processor time of all processes of a run, and the load of the machine before it:
only a machine with two processors free can show the goal, 1.7 times as fast. The processor time tells what two jobs
cost besides. Exits 1 if reports differ in more than times, if the goal is missed, or if a run of one job took less than
SECONDS (60), which would show little.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from gradcheck.problem import Case
from gradcheck.problem.serialise import suite_to_json
from gradcheck.run.selftest import random_graphs

GOAL = 1.7
TIMES = re.compile(rb'"seconds": [0-9.e-]+')


def timed(folder: Path, jobs: int) -> tuple[float, float, bytes]:
    """Seconds of wall clock, seconds of processor time, and the report without times and the exit code, of one run."""
    report = folder / f"{jobs}.jsonl"
    line = [sys.executable, "-m", "gradcheck", "run", "graphs.json", "--jobs", str(jobs), "-q", "--no-timings"]
    began = time.perf_counter()
    process = subprocess.Popen([*line, "--report", f"json={report}"], cwd=folder, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode > 1:  # of a thousand random graphs some are UNDECIDED, which is exit code 1
        raise SystemExit(f"--jobs {jobs} ended with {process.returncode}:\n{said.decode()[-2000:]}")
    same = TIMES.sub(b"", report.read_bytes()) + said + b"exit code %d" % process.returncode
    return wall, usage.ru_utime + usage.ru_stime, same


def main(graphs: int = 1800, rounds: int = 2, least: float = 60.0) -> int:
    walls: dict[int, list[float]] = {1: [], 2: []}
    costs: dict[int, list[float]] = {1: [], 2: []}
    reports = set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = [item.case for item in random_graphs(graphs, 0) if isinstance(item.case, Case)]
        (folder / "graphs.json").write_text(suite_to_json(cases))
        print(f"{len(cases)} random graphs, {os.cpu_count()} processors")
        for jobs in (1, 2) * rounds:
            load = os.getloadavg()[0]
            wall, cost, report = timed(folder, jobs)
            walls[jobs].append(wall)
            costs[jobs].append(cost)
            reports.add(report)
            print(f"--jobs {jobs}: {wall:6.1f} s, {cost:6.1f} s of processor time, load before {load:.1f}", flush=True)
    ratio = median(walls[1]) / median(walls[2])
    dearer = median(costs[2]) / median(costs[1])
    print(f"{ratio:.2f} times as fast (goal {GOAL}); {dearer:.2f} times the processor time; ", end="")
    print("equal reports" if len(reports) == 1 else "DIFFERENT REPORTS")
    return 0 if len(reports) == 1 and ratio >= GOAL and min(walls[1]) >= least else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
