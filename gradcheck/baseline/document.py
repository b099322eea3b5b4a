"""The baseline's file: sorted JSON that is read with care, and written whole or not at all.

A baseline has two parts: `run`, the cases that `gradcheck baseline` tried, and `pytest`, the checks and cases that
pytest ran. Each command reads and changes its own part and keeps the other.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn

from gradcheck.baseline.recorded import INFINITE, SUMS, Block, Recorded
from gradcheck.baseline.thirty_digits import interval
from gradcheck.errors import InvalidProblem, UsageError
from gradcheck.problem.reading import brief, parsed, read_text

SCHEMA_VERSION = 1
DEFAULT_PATH = "gradcheck-baseline.json"
Part = Literal["run", "pytest"]
PARTS: tuple[Part, ...] = ("run", "pytest")
VERDICTS = ("PASS", "FAIL", "UNDECIDED", "ERROR")


@dataclass(frozen=True)
class Recording:
    """One part of a baseline.

    Attributes
    ----------
    cases: by address, relative to the baseline's folder where it begins with a file.
    seed: the seed that was given for generated cases; None for the one that each case's own address leads to.
    subject: the engine that answered; "" where there are checks alone, which name their derivative themselves.
    """

    cases: Mapping[str, Recorded] = field(default_factory=dict)
    seed: int | None = None
    subject: str = ""


@dataclass(frozen=True)
class Baseline:
    """All parts of a baseline; a part that was never recorded is missing."""

    parts: Mapping[Part, Recording] = field(default_factory=dict)

    def part(self, name: Part) -> Recording:
        """One part; empty if it was never recorded."""
        return self.parts.get(name, Recording())

    def with_part(self, name: Part, recording: Recording) -> Baseline:
        """The same with one part in place of its former self."""
        return Baseline({**self.parts, name: recording})

    def text(self) -> str:
        """The file's text: keys sorted, one number a line."""
        parts: dict[str, Any] = {
            name: {
                "seed": part.seed,
                "subject": part.subject,
                "cases": {address: case.to_dict() for address, case in part.cases.items()},
            }
            for name, part in self.parts.items()
        }
        data = {"schema_version": SCHEMA_VERSION, **parts}
        return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def read(path: Path) -> Baseline:
    """The baseline in a file. Raises InvalidProblem, naming the place, for what is none."""
    data = parsed(read_text(path), str(path))
    at = _Place(str(path))
    top = at.fields(data, required=("schema_version",), optional=PARTS)
    version = top["schema_version"]
    if version != SCHEMA_VERSION or isinstance(version, bool):
        at.refuse(
            f"it is a baseline of version {brief(version)}, and this gradcheck reads version {SCHEMA_VERSION}: "
            "move the file away and record it anew"
        )
    return Baseline({name: _recording(top[name], at.of(name)) for name in PARTS if name in top})


def require_writable(path: Path) -> None:
    """Raises UsageError if a baseline could not be written there; nothing that exists is touched."""
    target = _target(path)
    if target.is_dir():
        raise UsageError(f"the baseline {brief(str(path))} cannot be written: it is a folder")
    if target.exists() and not os.access(target, os.W_OK):
        raise UsageError(f"the baseline {brief(str(path))} cannot be written: it is read-only")
    trial = _beside(target)
    try:
        trial.touch()
        trial.unlink()
    except (OSError, ValueError) as wrong:
        raise _not_written(path, wrong) from None


def write(path: Path, baseline: Baseline) -> None:
    """Write the file beside itself and put it in its place, so that a reader finds the old one or the new one whole.

    Raises UsageError if it cannot be written; the old file is left then.
    """
    target = _target(path)
    new = _beside(target)
    try:
        with new.open("w", encoding="utf-8", newline="\n") as file:
            file.write(baseline.text())
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, new)
        new.replace(target)
    except (OSError, ValueError) as wrong:
        raise _not_written(path, wrong) from None
    finally:
        with suppress(OSError, ValueError):
            new.unlink(missing_ok=True)


def _target(path: Path) -> Path:
    """What is replaced: the file that a link leads to, not the link."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as wrong:
        raise _not_written(path, wrong) from None


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.new")


def _not_written(path: Path, wrong: Exception) -> UsageError:
    why = getattr(wrong, "strerror", None) or str(wrong)
    return UsageError(f"the baseline {brief(str(path))} cannot be written: {why.lower()}")


def recorded_case(data: Any, address: str) -> Recorded:
    """One case from what its `to_dict` gave; raises InvalidProblem for anything else."""
    return _recorded(data, _Place(address))


def _recording(data: Any, at: _Place) -> Recording:
    part = at.fields(data, required=("cases", "seed", "subject"))
    cases = at.of("cases").mapping(part["cases"])
    return Recording(
        {address: _recorded(case, at.of("cases", address)) for address, case in cases.items()},
        at.of("seed").count(part["seed"], or_null=True),
        at.of("subject").text(part["subject"]),
    )


def _recorded(data: Any, at: _Place) -> Recorded:
    case = at.fields(data, required=("verdict", "seed", "point", "evaluations", "gradients"))
    counts = at.of("evaluations").fields(case["evaluations"], required=("derivative", "f"))
    blocks = at.of("gradients").mapping(case["gradients"])
    if case["verdict"] not in VERDICTS:
        at.of("verdict").refuse(f"expected one of {', '.join(VERDICTS)}, got {brief(case['verdict'])}")
    derivative = at.of("evaluations", "derivative").count(counts["derivative"])
    return Recorded(
        case["verdict"],
        at.of("seed").count(case["seed"], or_null=True),
        at.of("point").text(case["point"]),
        derivative or 0,
        at.of("evaluations", "f").count(counts["f"], or_null=True),
        {name: _block(block, at.of("gradients", name)) for name, block in blocks.items()},
    )


def _block(data: Any, at: _Place) -> Block:
    block = at.fields(data, required=("dtype", "shape", "ulps", "allowed", "proven"), optional=("values", "sums"))
    shape = tuple(at.of("shape").count(n) or 0 for n in at.of("shape").sequence(block["shape"]))
    values = at.of("values").numbers(block.get("values", []))
    sums = at.of("sums").numbers(block.get("sums", []))
    if "values" in block and "sums" in block:
        at.refuse("expected either `values` or `sums`, got both")
    entries = 1
    for n in shape:
        entries *= n
    if not sums and len(values) != entries:
        at.of("values").refuse(f"expected {entries} entries, as its shape says, got {len(values)}")
    if sums and len(sums) != SUMS:
        at.of("sums").refuse(f"expected {SUMS} sums, got {len(sums)}")
    if not isinstance(block["proven"], bool):
        at.of("proven").refuse(f"expected true or false, got {brief(block['proven'])}")
    dtype = at.of("dtype").text(block["dtype"])
    ulps, allowed = (at.of(key).ulps(block[key]) for key in ("ulps", "allowed"))
    return Block(dtype, shape, ulps, allowed, block["proven"], values, sums)


@dataclass(frozen=True)
class _Place:
    """A place in the file, for complaints about what stands there."""

    file: str
    keys: tuple[str, ...] = ()

    def of(self, *keys: str) -> _Place:
        """A place inside this one."""
        return _Place(self.file, (*self.keys, *keys))

    def refuse(self, why: str) -> NoReturn:
        """Raise InvalidProblem with this place."""
        inner = " > ".join(brief(key)[1:-1] for key in self.keys)
        raise InvalidProblem(why, where=f"{self.file}: {inner}" if inner else self.file)

    def mapping(self, data: Any) -> dict[str, Any]:
        """A JSON object."""
        if not isinstance(data, dict):
            self.refuse(f"expected an object, got {brief(data)}")
        return data

    def fields(self, data: Any, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
        """A JSON object of these keys."""
        found = self.mapping(data)
        if missing := [key for key in required if key not in found]:
            self.refuse(f"expected the key {missing[0]!r}, got {brief(list(found))}; is it a baseline of gradcheck?")
        if unknown := [key for key in found if key not in (*required, *optional)]:
            self.refuse(f"there is no key {brief(unknown[0])}; it takes {', '.join((*required, *optional))}")
        return found

    def sequence(self, data: Any) -> list[Any]:
        """A JSON array."""
        if not isinstance(data, list):
            self.refuse(f"expected a list, got {brief(data)}")
        return data

    def text(self, data: Any) -> str:
        """A string."""
        if not isinstance(data, str):
            self.refuse(f"expected a text, got {brief(data)}")
        return data

    def count(self, data: Any, *, or_null: bool = False) -> int | None:
        """A whole number >= 0."""
        if data is None and or_null:
            return None
        if not isinstance(data, int) or isinstance(data, bool) or data < 0:
            self.refuse(f"expected a whole number >= 0{' or null' if or_null else ''}, got {brief(data)}")
        return data

    def ulps(self, data: Any) -> float | None:
        """A number >= 0, "inf" or null."""
        if data is None:
            return None
        if data == INFINITE:
            return float("inf")
        if not isinstance(data, int | float) or isinstance(data, bool) or not 0 <= data < float("inf"):
            self.refuse(f"expected a number >= 0, {INFINITE!r} or null, got {brief(data)}")
        return float(data)

    def numbers(self, data: Any) -> tuple[str | None, ...]:
        """A list of numbers with their radius."""
        for k, entry in enumerate(self.sequence(data)):
            if entry is not None and (not isinstance(entry, str) or interval(entry) is None):
                self.of(str(k)).refuse(f"expected a text VALUE +- RADIUS or LOW .. HIGH, or null, got {brief(entry)}")
        return tuple(data)
