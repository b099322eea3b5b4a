"""The subject of a session answers from one process, which ends with the session, however that ends."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

COUNTED = """
from pathlib import Path

with Path(__file__).with_name("loads.txt").open("a") as file:  # it has another working directory
    file.write("x")
"""
HANGS = """
import os
from pathlib import Path


def gradients(graph, point):
    Path(__file__).with_name("asked").write_text(str(os.getpid()))
    while True:
        pass
"""


@pytest.mark.parametrize(
    ("options", "most"), [((), 1), (("--tx=2*popen", "--dist=each"), 2)], ids=["one process", "workers"]
)
def test_the_engine_is_loaded_once_by_each_worker(project: Any, suite: str, options: Any, most: int) -> None:
    engine = (project.path / "wrong.py").read_text(encoding="utf-8")
    project.write({"gradcheck_a.py": suite, "wrong.py": engine + COUNTED})
    done = project.pytest("--gradcheck-subject", "wrong.py", *options)
    done.assert_outcomes(passed=most, failed=most)
    assert (project.path / "loads.txt").read_text(encoding="utf-8") == "x" * most


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_ctrl_c_ends_the_engine_too(project: Any, suite: str) -> None:
    settings = "[tool.gradcheck]\ndiagnosis-budget = 0\ntimeout = 600\n"
    project.write({"gradcheck_a.py": suite, "hangs.py": HANGS, "pyproject.toml": settings})
    pipe = Path(project.path) / "asked"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "pytest", "--gradcheck-subject", "hangs.py", "-p", "no:xdist"]
    running = subprocess.Popen(command, cwd=project.path, stdout=subprocess.PIPE, text=True)
    guard = threading.Timer(120, pipe.write_text, ("0",))  # a test that fails must not hang
    guard.start()
    try:
        pid = int(pipe.read_text(encoding="utf-8"))  # waits until the engine was asked
        assert pid, "the engine was never asked"
        running.send_signal(signal.SIGINT)
        printed, _ = running.communicate(timeout=120)
    finally:
        guard.cancel()
        if running.poll() is None:  # the test fails: pytest is to end its child, which a kill would leave behind
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=120)
    assert running.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in printed
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
