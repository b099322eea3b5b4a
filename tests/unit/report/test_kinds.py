"""Kinds of reports cost nothing until one is asked for."""

from __future__ import annotations

import subprocess
import sys

LOADED = "import sys, gradcheck.cli.run; print(*[m for m in sys.modules if m.startswith('gradcheck.')])"


def test_a_run_without_a_report_loads_no_room_that_only_reports_need() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = ran.stdout.split()
    assert "gradcheck.report.kinds" in loaded
    for needless in (
        "gradcheck.verify",
        "gradcheck.explain",
        "gradcheck.report.sarif_log",
        "gradcheck.run.afterthought",
    ):
        assert needless not in loaded
