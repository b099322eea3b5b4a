"""What must not change while the house is rebuilt: `python tests/frozen/freeze.py [--write] [PART ...]`.

Compares what gradcheck says now with the files beside this one, and exits 1 where something differs. Parts:

    runs     `gradcheck run --format json --no-diagnosis` of the reference and of every subject in tests/faults/: per
             case its verdict, its codes, and a digest of everything else but times
    corpus   verdict and codes of every item of tests/corpus
    calls    how often ten calls of check_gradient, check_vjp and check_jvp run `f` and the derivative

Digests hold on one machine only: another processor rounds otherwise. `--write` freezes anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import gradcheck

sys.path.insert(0, str(Path(__file__).parent.parent))
from by_path import load

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
Frozen = dict[str, Any]
TIMES = frozenset({"seconds", "started", "elapsed", "milliseconds"})
NEWER = frozenset({"moved_point", "relation"})
"""Fields that results and findings did not have yet when this was frozen."""


def without_times(value: Any) -> Any:
    """The document without its times, newer fields, and the folder that it was made in."""
    if isinstance(value, Mapping):
        return {key: without_times(inner) for key, inner in value.items() if key not in TIMES | NEWER}
    if isinstance(value, list):
        return [without_times(inner) for inner in value]
    return value.replace(str(ROOT), ".") if isinstance(value, str) else value


def row(result: Mapping[str, Any]) -> str:
    """One case: verdict, codes, digest."""
    codes = " ".join(found["code"] for found in result["findings"])
    text = json.dumps(without_times(result), sort_keys=True)
    return f"{result['verdict']} [{codes}] {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def run_of(subject: Path | None, *targets: str) -> Frozen:
    """Every case that a subject is put to."""
    given = [] if subject is None else ["--subject", str(subject), "--no-save"]
    line = [sys.executable, "-m", "gradcheck", "run", *targets, *given, "--format", "json", "--no-diagnosis"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=HERE, check=False)
    said = done.stdout if subject is None else done.stdout.replace(str(subject.parents[2]), str(ROOT))
    return {result["address"]: row(result) for result in json.loads(said)["results"]}


def subjects(folder: Path) -> dict[str, Path]:
    """The files in tests/faults/ that hold an engine, and those that are an edit of one, written into the folder."""
    files = (ROOT / "tests" / "faults").glob("*.py")
    found = {f.stem: f for f in files if not f.stem.startswith(("_", "test_")) and f.stem != "planted"}
    edited = load(ROOT / "tests" / "faults" / "_edited.py")
    found |= {name: edited.engine(name, folder) for name in edited.EDITS}
    return dict(sorted(found.items()))


def runs() -> Frozen:
    with tempfile.TemporaryDirectory() as folder:
        found = {name: run_of(path) for name, path in subjects(Path(folder).resolve()).items()}
    return {"reference": run_of(None), **found}


def corpus() -> Frozen:
    score = load(ROOT / "tests" / "corpus" / "score.py")
    found = {}
    for item in (i for i in score.load_items() if i.name not in score.HELD_BACK):
        result = score.module("doors").put(gradcheck, item)
        found[item.name] = f"{result.verdict} [{' '.join(result.codes)}]"
    return found


def counted(function: Callable[..., Any], count: list[int]) -> Callable[..., Any]:
    def counting(*given: Any) -> Any:
        count[0] += 1
        return function(*given)

    return counting


def calls() -> Frozen:
    """Per call: the verdict, runs of f, runs of the derivative."""
    x = np.array([0.3, -1.2, 0.7])
    A = np.arange(6.0).reshape(2, 3) - 2.5

    def total(x: Any) -> Any:
        return np.sum(np.sin(x) * x)

    def slope(x: Any) -> Any:
        return np.cos(x) * x + np.sin(x)

    def vector(x: Any) -> Any:
        return A @ np.tanh(x)

    def pulled(c: Any, x: Any) -> Any:
        return (A.T @ c) / np.cosh(x) ** 2

    def pushed(primals: Any, tangents: Any) -> Any:
        return A @ (tangents[0] / np.cosh(primals[0]) ** 2)

    def kinked(x: Any) -> Any:
        return np.sum(np.abs(x))

    many = np.random.default_rng(0).standard_normal(5000)
    asked: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any], Any]] = {
        "gradient": (gradcheck.check_gradient, total, slope, x),
        "gradient, wrong": (gradcheck.check_gradient, total, lambda x: 2 * slope(x), x),
        "gradient, one entry": (gradcheck.check_gradient, total, lambda x: slope(x) + np.array([0, 1e-3, 0]), x),
        "gradient, kink": (gradcheck.check_gradient, kinked, np.sign, np.array([1.0, 0.0, -2.0])),
        "gradient, many": (gradcheck.check_gradient, total, slope, many),
        "gradient, float32": (gradcheck.check_gradient, total, slope, x.astype(np.float32)),
        "vjp": (gradcheck.check_vjp, vector, pulled, x),
        "vjp, wrong": (gradcheck.check_vjp, vector, lambda c, x: -pulled(c, x), x),
        "jvp": (gradcheck.check_jvp, vector, pushed, x),
        "jvp, wrong": (gradcheck.check_jvp, vector, lambda p, t: pushed(p, t) + 1e-3, x),
    }
    found = {}
    for name, (check, f, derivative, point) in asked.items():
        of_f, of_derivative = [0], [0]
        result = check(counted(f, of_f), counted(derivative, of_derivative), point)
        found[name] = f"{result.verdict}: f {of_f[0]}, derivative {of_derivative[0]}"
    return found


PARTS: dict[str, Callable[[], Frozen]] = {"runs": runs, "corpus": corpus, "calls": calls}


def frozen(part: str) -> Frozen:
    """What was frozen."""
    found: Frozen = json.loads((HERE / f"{part}.json").read_text(encoding="utf-8"))
    return found


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """Where two frozen documents differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        return [d for key in keys for d in differences(old.get(key), new.get(key), f"{where}/{key}")]
    return [] if old == new else [f"{where}: was {old}, is {new}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    bad = 0
    for part in options.parts or PARTS:
        now = PARTS[part]()
        if options.write:
            (HERE / f"{part}.json").write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
            continue
        found = differences(frozen(part), now)
        print(f"{part}: {len(found)} differences")
        print(*found, sep="\n")
        bad += len(found)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
