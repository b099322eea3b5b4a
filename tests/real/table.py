"""Prints what gradcheck says of every real function: verdict, seconds of processor time, calls of their functions.

python tests/real/table.py [WORD ...]     all of them, or those in files whose name contains one of the words
"""

import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _pytest.outcomes import Skipped
from rich.console import Console
from rich.table import Table

from by_path import load


def main(words: list[str]) -> None:
    """Prints one table, a row per check."""
    warnings.simplefilter("ignore")  # their own; the tests name the ones that they expect
    table = Table("package", "check", "verdict", "expected", "seconds", "calls", box=None, header_style="bold")
    spent, count, asked = 0.0, 0, 0
    for path in sorted(Path(__file__).resolve().parent.glob("test_*.py")):
        if words and not any(path.stem in word or word in path.stem for word in words):
            continue
        try:
            module = load(path)
        except Skipped as missing:
            table.add_row(path.stem.removeprefix("test_"), str(missing), "", "", "", "")
            continue
        for check in (*module.CHECKS, *module.PLANTED):
            start = time.process_time()
            result, calls = check.counted()
            seconds = time.process_time() - start
            spent, count, asked = spent + seconds, count + 1, asked + calls
            name = path.stem.removeprefix("test_")
            table.add_row(name, check.name, result.verdict.value, check.expected, f"{seconds:.2f}", str(calls))
            if result.verdict.value != check.expected and words:
                print(check.name, result.report(verbose=True))
    table.add_row("", f"{count} checks", "", "", f"{spent:.1f}", str(asked))
    Console(width=120).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
