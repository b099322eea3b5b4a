"""`Result`: as data, as JSON, as text, as HTML, on consoles of every kind."""

import json
import re
from io import StringIO
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from gradcheck.verdict.checked import Checked
from gradcheck.verdict.compare import Worst
from gradcheck.verdict.finding import finding
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.result import GradientError, Result, Verdict, Witness
from gradcheck.verdict.styles import STYLES

WORST = Worst("[red]w[/red]", (0, 2), 1.25, 2.5, 1e-12, 1.25, 1e-9, 1.25e9, 5.6e15)
WRONG = finding(
    "GC012",
    loss="loss",
    block="[red]w[/red]",
    entry=[0, 2],
    subject=1.25,
    truth=2.5,
    distance=1.25,
    allowed=1e-9,
    wrong=1,
    entries=6,
)


def failed(**changes: Any) -> Result:
    given = {
        "address": "random_dags::chain[/dim]07",
        "verdict": Verdict.FAIL,
        "findings": (WRONG, finding("GC040", oracle="path_enumeration", why="12 870 000 paths, budget 200 000")),
        "comparisons": 7,
        "worst": WORST,
        "witnesses": (
            Witness("symbolic", "proven", "agreed", "", (2.5, 1e-12)),
            Witness("finite_difference", "estimated", "discarded", "", (2.4, 4e-10)),
            Witness("path_enumeration", "", "aside", "12 870 000 paths, budget 200 000"),
        ),
        "sentence": "a chain with [bold]shared[/bold] nodes",
        "labels": ("S0.a",),
        "shows": {"dl/dw": 2.5},
        "seconds": 0.125,
        "seed": 17,
        "replay": "gradcheck run random_dags::chain[/dim]07 --seed 17",
        "settings": {"interest": 1e-4},
    }
    return Result(**{**given, **changes})


def test_only_a_pass_is_true() -> None:
    assert [bool(Result("a::b", verdict)) for verdict in Verdict] == [v is Verdict.PASS for v in Verdict]
    assert list(Verdict) == ["PASS", "FAIL", "UNDECIDED", "ERROR"]


def test_who_agreed_and_what_was_found() -> None:
    assert failed().agreed == ("symbolic",)
    assert failed().codes == ("GC012", "GC040")


def test_as_data() -> None:
    data = failed().to_dict()
    assert data["verdict"] == "FAIL"
    assert data["worst"]["entry"] == [0, 2]
    assert data["oracles"] == ["symbolic"]
    assert data["witnesses"][0]["worst"] == [2.5, 1e-12]
    assert data["witnesses"][2] == {
        "oracle": "path_enumeration",
        "kind": "",
        "state": "aside",
        "reason": "12 870 000 paths, budget 200 000",
        "worst": None,
        "entries": 0,
        "of": 0,
        "directions": 0,
    }
    assert data["findings"][0]["facts"]["entry"] == [0, 2]
    assert data["settings"] == {"interest": 1e-4}


def test_json_is_strict_and_says_its_version() -> None:
    infinite = Worst("w", (), np.nan, 0.0, np.inf, np.inf, 1e-9, np.inf, -np.inf)
    result = failed(
        worst=infinite,
        witnesses=(Witness("symbolic", "proven", "agreed", "", (0.0, np.inf)),),
        shows={"big": np.inf, "whole": np.int64(3), "array": np.array([1.0, np.nan])},
        settings={"interest": np.inf},
        findings=(finding("GC013", loss="l", block="w", entry="", subject=np.nan, truth=0.0),),
    )

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    data = json.loads(result.to_json(), parse_constant=refuse)
    assert data["schema_version"] == 1
    assert data["worst"]["subject"] == "nan"
    assert data["worst"]["ulps"] == "-inf"
    assert data["worst"]["entry"] == []
    assert data["witnesses"][0]["worst"] == [0.0, "inf"]
    assert data["shows"] == {"big": "inf", "whole": 3, "array": [1.0, "nan"]}
    assert data["settings"] == {"interest": "inf"}
    assert data["findings"][0]["facts"]["subject"] == "nan"
    assert {k: v for k, v in data.items() if k != "schema_version"} == result.to_dict()


def test_text_shows_every_number_with_its_bound_and_who_said_it() -> None:
    text = failed().to_text()
    lines = text.splitlines()
    assert lines[0] == "FAIL  random_dags::chain[/dim]07  a chain with [bold]shared[/bold] nodes"
    assert re.search(r"GC012\s.*\[red\]w\[/red\]", text)
    assert re.search(r"subject +1\.25", text)
    assert re.search(r"truth +2\.5 +± 1e-12", text)
    assert re.search(r"symbolic +2\.5 +± 1e-12 \(proven\)", text)
    assert re.search(r"finite_difference +2\.4 +± 4e-10 \(estimated, discarded\)", text)
    assert re.search(r"allowed +1e-09 +distance 1\.25", text)
    assert "path_enumeration stepped aside: 12 870 000 paths, budget 200 000" in text
    assert "dl/dw = 2.5" in text
    assert "settings changed: interest=0.0001" in text
    assert lines[-1].strip() == "replay: gradcheck run random_dags::chain[/dim]07 --seed 17"


def test_text_of_a_pass_is_short() -> None:
    text = failed(verdict=Verdict.PASS, findings=(), settings={}).to_text()
    assert text.splitlines() == [
        "PASS  random_dags::chain[/dim]07  a chain with [bold]shared[/bold] nodes",
        "  dl/dw = 2.5",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_text_keeps_to_its_width_and_loses_nothing(width: int) -> None:
    text = failed().to_text(width)
    assert max(map(len, text.splitlines())) <= width
    squeezed = re.sub(r"\s+", "", text)
    assert re.sub(r"\s+", "", failed().findings[0].sentence) in squeezed
    assert "12870000paths,budget200000" in squeezed


@pytest.mark.parametrize(
    "environment",
    [{}, {"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}, {"COLUMNS": "20"}, {"TERM": "dumb"}, {"NO_COLOR": "1"}],
    ids=str,
)
def test_text_is_the_same_whatever_the_environment(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = failed().to_text()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    text = failed().to_text()
    assert text == expected
    assert "\x1b" not in text


def test_what_a_subject_says_cannot_steer_the_terminal() -> None:
    spiteful = finding("GC004", type="E", message="\x1b[2J\x1b]0;owned\x07[red]hi[/red]", place="")
    result = failed(findings=(spiteful,), worst=None)
    for text in (result.to_text(), result._repr_html_()):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[red]hi[/red]" in text
    assert json.loads(result.to_json())["findings"][0]["facts"]["message"].startswith("\x1b")  # evidence stays whole


def test_brackets_in_names_are_no_markup_on_a_console_either() -> None:
    console = Console(file=StringIO(), width=100, record=True, force_terminal=True, color_system="truecolor")
    console.print(failed())
    text = console.export_text()
    for name in ("[red]w[/red]", "chain[/dim]07", "[bold]shared[/bold]"):
        assert name in text


def test_html_is_escaped_and_styled() -> None:
    html = failed(address="<script>alert(1)</script>::x")._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert html.startswith("<pre>")
    assert 'style="' in html
    assert "[red]w[/red]" in html


def test_html_in_a_notebook_is_given_back_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.jupyter.display", lambda *given: shown.append(given))
    assert failed()._repr_html_().startswith("<pre>")
    assert failed().to_text().startswith("FAIL")
    assert shown == []


def test_every_verdict_and_severity_has_a_style() -> None:
    assert set(STYLES) == {*map(str, Verdict), *map(str, Severity)}
    for verdict in Verdict:
        assert failed(verdict=verdict).to_text().startswith(str(verdict))


def test_a_gradient_error_carries_its_result() -> None:
    result = failed()
    error = GradientError(result)
    assert error.result is result
    assert isinstance(error, AssertionError)
    first, _, rest = str(error).partition("\n")
    wrong = "the gradient of loss with respect to [red]w[/red][0, 2] is 1.25, but the truth is 2.5"
    assert first == f"random_dags::chain[/dim]07: {wrong}"
    assert rest == str(result) == result.report()


def test_as_a_string_it_is_verdict_address_and_what_decides() -> None:
    assert str(failed()).splitlines() == ["FAIL random_dags::chain[/dim]07", WRONG.sentence]
    assert str(failed(verdict=Verdict.PASS, findings=())) == "PASS random_dags::chain[/dim]07"
    assert f"{failed()}" == str(failed())


def test_a_headline_is_one_line_that_begins_with_the_functions_name() -> None:
    raised = finding("GC004", type="ValueError", message="two\nlines", place=" (a.py, line 3)")
    about = Checked("gradient", "backward", "", "", None, "f(x)", "")
    result = failed(address="gradient backward", checked=about, verdict=Verdict.ERROR, findings=(raised,))
    assert result.headline == "backward: raised ValueError: two lines (a.py, line 3)"
    assert failed(findings=()).headline == "random_dags::chain[/dim]07: the verdict is FAIL"
    long = finding("GC004", type="E", message="x" * 5000, place="")
    assert len(failed(findings=(long,)).headline) <= 303


def test_an_exception_takes_no_part_in_data_and_comparison() -> None:
    kept = failed(exception=ValueError("no"))
    assert isinstance(kept.exception, ValueError)
    assert kept == failed()
    assert kept.to_json() == failed().to_json()
    assert "ValueError" not in repr(kept)


def test_a_result_without_anything_shows_itself() -> None:
    assert Result("a::b", Verdict.UNDECIDED).to_text() == "UNDECIDED  a::b"
