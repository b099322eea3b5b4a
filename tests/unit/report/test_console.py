"""The screen form of a run, fed with events: what stands where, how much of it, and how wide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from gradcheck.problem import Case, GraphBuilder
from gradcheck.report.console import ALL, NORMAL, QUIET, ROWS, ConsoleReport
from gradcheck.run.events import CaseFinished, CaseJudged, Diagnosed, Event, Finished, Started
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result, Verdict

SUITES = ("branches", "costs", "local_rules", "mlps", "neuron_dags", "random_dags", "training", "worked_examples")


def passing(address: str) -> Result:
    return Result(address, Verdict.PASS, comparisons=10)


def wrong_gradient(subject: float = 7.0, truth: float = 9.0, block: str = "b") -> Finding:
    return finding(
        "GC012",
        loss="f",
        block=block,
        entry="",
        subject=subject,
        truth=truth,
        distance=abs(subject - truth),
        allowed=3e-14,
        wrong=1,
        entries=1,
    )


def failing(address: str, replay: str = "gradcheck run it", **more: object) -> Result:
    return Result(address, Verdict.FAIL, (wrong_gradient(),), 3, replay=replay, **more)  # type: ignore[arg-type] # a test's own


def raising(address: str, message: str = "KeyError: 'exp'") -> Result:
    kind, _, text = message.partition(": ")
    found = finding("GC004", type=kind, message=text, place=" (engine.py, line 6)")
    return Result(address, Verdict.ERROR, (found,), replay=f"gradcheck run {address}")


def screen(results: Iterable[Result], *others: Event, verbosity: int = NORMAL, width: int = 100) -> list[str]:
    """The lines of the report, exactly as they are printed."""
    shown = list(results)
    console = Console(file=StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False)
    report = ConsoleReport(console, timings=False, verbosity=verbosity)
    with console.capture() as capture:
        report.add(Started(len(shown), "engine.py", False, None, {"memory": "partial", "network": "absent"}))
        for result in shown:
            report.add(CaseFinished(result))
        for event in others:
            report.add(event)
        report.add(Finished(tuple(shown), (), 1.0))
    return capture.get().splitlines()


def test_380_right_cases_are_at_most_12_lines() -> None:
    results = [passing(f"{suite}::case {k}") for suite in SUITES for k in range(48)]
    lines = screen(results)
    assert len(lines) <= 12
    for suite in SUITES:
        assert f"{suite:<22}    48 PASS" in lines
    assert lines[-1] == "384 PASS  3840 entries compared"


def test_quiet_is_one_line_where_all_is_right() -> None:
    assert screen([passing("a::b"), passing("a::c")], verbosity=QUIET) == ["2 PASS  20 entries compared"]


def test_a_failing_case_is_printed_when_it_fails() -> None:
    console = Console(file=StringIO(), width=100, color_system=None, legacy_windows=False)
    report = ConsoleReport(console, timings=False)
    report.add(Started(2, "engine.py", False, None))
    with console.capture() as capture:
        report.add(CaseFinished(failing("suite::first")))
    assert capture.get() == "FAIL  suite::first  df/db is 7, should be 9\n"


def test_it_is_printed_before_its_cause_is_looked_for_and_once() -> None:
    console = Console(file=StringIO(), width=100, color_system=None, legacy_windows=False)
    report = ConsoleReport(console, timings=False)
    report.add(Started(2, "engine.py", False, None))
    with console.capture() as capture:
        report.add(CaseJudged(failing("suite::first")))
    assert capture.get() == "FAIL  suite::first  df/db is 7, should be 9\n"
    with console.capture() as capture:
        report.add(CaseFinished(failing("suite::first")))
    assert capture.get() == ""


def test_every_fail_is_listed_and_comes_before_every_error() -> None:
    results = [raising("s::e"), *(failing(f"s::f{k}") for k in range(30))]
    lines = screen(results)
    for k in range(30):
        assert f"FAIL  s::f{k}  df/db is 7, should be 9" in lines
    blocks = lines[[line.split() for line in lines].index(["s", "30", "FAIL", "1", "ERROR"]) :]
    assert [line.split()[0] for line in blocks if line.startswith(("FAIL", "ERROR"))] == ["FAIL"] * 3 + ["ERROR"]
    assert "and 27 more FAIL: s::f3, s::f4, s::f5, s::f6 and 23 more" in blocks


def test_equal_errors_are_one_block_and_different_ones_stay_apart() -> None:
    results = [raising(f"s::a{k}") for k in range(20)] + [raising("s::b", "ValueError: shapes differ")]
    lines = screen(results)
    assert sum("KeyError" in line for line in lines) == 2  # when it comes first, and in its block
    [block] = [k for k, line in enumerate(lines) if line.startswith("ERROR  20 cases: the subject raised KeyError")]
    assert lines[block + 1] == "  cases     s::a0, s::a1, s::a2, s::a3 and 16 more"
    assert lines[block + 2] == "  replay    gradcheck run s::a0"
    assert any("ValueError: shapes differ" in line for line in lines[block:])


def test_six_lines_say_what_a_student_needs() -> None:
    build = GraphBuilder()
    w = build.parameter("w")
    case = Case("smallest", build.graph(build.add(w, w, name="loss")), {"w": 3.0})
    found = Diagnosed(Result("smallest", Verdict.FAIL, (wrong_gradient(1.0, 2.0, "w"),)), case, ())
    place = finding("GC050", node="'b'", op="parameter", what="is used 2 times")
    cause = finding("GC051", cause="the part that comes through y is missing", block="b")
    result = Result(
        "s::c",
        Verdict.FAIL,
        (wrong_gradient(), cause, place),
        3,
        sentence="gradients add",
        replay="gradcheck run s::c",
        blocks={"a": (0, 1), "b": (1, 1), "c": (0, 1)},
    )
    lines = screen([result], found, verbosity=QUIET)
    assert lines[:6] == [
        "FAIL  s::c  gradients add",
        "  wrong     df/db is 7, should be 9; right: a, c",
        "  mistake   the part that comes through y is missing",
        "  smallest  loss = w + w at w = 3: df/dw is 1, should be 2",
        "  look at   node 'b' (parameter) is used 2 times",
        "  replay    gradcheck run s::c",
    ]


@pytest.mark.parametrize("there", [True, False])
def test_a_relation_is_printed_if_the_smallest_example_has_it_too(there: bool) -> None:
    """A slope given as sigmoid(x) itself is twice the right one at 0, and nowhere else."""
    build = GraphBuilder()
    case = Case("smallest", build.graph(build.sigmoid(build.parameter("w"), name="loss")), {"w": 3.0})
    twice = finding("GC051", cause="b: twice the right gradient", block="b", relation="twice the right gradient")
    own = (wrong_gradient(0.95, 0.045, "w"), *([twice] if there else []))
    found = Diagnosed(Result("smallest", Verdict.FAIL, own), case, ())
    result = Result("s::c", Verdict.FAIL, (wrong_gradient(), twice), 3)
    assert any("twice the right" in line for line in screen([result], found)) is there
    assert any("twice the right" in line for line in screen([result]))


@pytest.mark.parametrize(
    ("values", "where"), [(3.5, "at b = 3.5"), ([[0.1] * 40] * 40, "at b = (array of shape (40, 40))")]
)
def test_a_moved_point_is_printed(values: object, where: str) -> None:
    lines = screen([replace(failing("s::c"), moved_point={"b": values})])
    text = " ".join(line.strip() for line in lines)
    assert f"df/db is 7, should be 9; this is {where}; nothing is wrong at the case's own point" in text


def test_what_a_mistake_does_not_explain_is_said() -> None:
    found = Diagnosed(None, None, (fault(),), explains=("s::a", "s::b"), unexplained=("s::c",))
    lines = screen([failing("s::a"), failing("s::b"), failing("s::c")], found)
    assert "FAIL  s::a  (and 1 more with the same mistake)" in lines
    assert "1 of 3 FAIL is not explained by this mistake:" in lines
    assert lines.index("FAIL  s::c") > lines.index("1 of 3 FAIL is not explained by this mistake:")


def fault() -> object:
    from gradcheck.faults.catalogue import CATALOGUE

    return CATALOGUE[0]


def test_rows_codes_and_isolation_come_with_v() -> None:
    results = [failing("s::a"), passing("s::b")]
    normal, rows = "\n".join(screen(results)), "\n".join(screen(results, verbosity=ROWS))
    for words in ("GC012", "its process: partial: memory", "worst error", "oracles that agreed"):
        assert words in rows
        assert words not in normal
    assert "-v shows every number" in normal


def test_vv_shows_what_stepped_aside_on_right_cases_too() -> None:
    aside = finding("GC040", oracle="path_enumeration", why="70,000 paths")
    result = Result("s::a", Verdict.PASS, (aside,), 3)
    assert "70,000 paths" not in "\n".join(screen([result, passing("s::b")], verbosity=ROWS))
    assert "70,000 paths" in "\n".join(screen([result, passing("s::b")], verbosity=ALL))


@pytest.mark.parametrize("verbosity", [QUIET, NORMAL, ROWS, ALL])
@pytest.mark.parametrize("width", [80, 110])
def test_no_line_ends_in_spaces_and_no_word_is_broken(verbosity: int, width: int) -> None:
    path = "gradcheck run s::a --subject " + "/".join(["a-long-folder-name"] * 6) + "/engine.py"
    sentence = "a sentence about what the case is about that is longer than a line of eighty columns can hold"
    results = [
        failing("s::a", path, sentence=sentence),
        raising("s::b", "ValueError: " + "words " * 40),
        passing("s::c"),
    ]
    lines = screen(results, verbosity=verbosity, width=width)
    assert [line for line in lines if line != line.rstrip()] == []
    assert any(path in line for line in lines)
    told = " ".join(" ".join(line.strip("│╭╮╰╯─ ").split()) for line in lines)
    assert sentence in told


def test_settings_that_were_changed_show() -> None:
    assert "  settings  interest = 0.001" in screen([failing("s::a", settings={"interest": 1e-3})])


def test_a_warning_is_shown_although_the_case_passes() -> None:
    warned = finding("GC063", order=[0, 1, 2], seeds=[1, 2])
    lines = screen([Result("s::a", Verdict.PASS, (warned,), 3), passing("s::b")])
    assert any(line.startswith("  warning   the samples came in the order [0, 1, 2]") for line in lines)


def test_escape_sequences_are_shown_and_not_obeyed() -> None:
    lines = "\n".join(screen([failing("s::a\x1b[31m", sentence="red\x1b[0m"), passing("s::b")]))
    assert "\x1b" not in lines
    assert "s::a\\x1b[31m" in lines


def test_many_kinds_of_errors_are_counted() -> None:
    lines = screen([raising(f"s::{k}", f"ValueError: number {k}") for k in range(9)])
    assert "and 6 more kinds of errors in 6 cases; -v shows them all" in lines
    assert not any("more kinds" in line for line in screen([raising("s::a"), raising("s::b", "ValueError: 2")]))


def test_an_op_missing_in_the_subject_s_table_brings_a_hint() -> None:
    hint = "exp: an engine that does not have these ops says so by OPS = {...}"
    assert any(line.startswith(hint) for line in screen([raising("s::a"), passing("s::b")]))
    for message in ("KeyError: 'W1'", "ValueError: exp"):
        assert not any(
            "does not have these ops" in line for line in screen([raising("s::a", message), passing("s::b")])
        )


def at_place(name: str, op: str) -> Result:
    place = finding(
        "GC050", node="'y'", op=op, what="passes a wrong gradient to 'x': its rule is wrong, alone on one op"
    )
    return replace(failing(name), findings=(wrong_gradient(), place))


def test_an_error_is_never_shown_with_the_example_of_a_failure() -> None:
    build = GraphBuilder()
    case = Case("smallest", build.graph(build.sin(build.parameter("w"), name="loss")), {"w": 3.0})
    found = Diagnosed(at_place("smallest", "sin"), case, ())
    lines = screen([raising("s::e"), at_place("s::f", "cos"), at_place("s::g", "sin")], found)
    example = next(k for k, line in enumerate(lines) if line.startswith("  smallest"))
    assert lines[example - 2 : example] == ["FAIL  s::g", "  wrong     df/db is 7, should be 9"]
    assert sum(line.startswith("  smallest") for line in lines) == 1


def test_without_a_name_failures_at_another_place_are_another_mistake() -> None:
    build = GraphBuilder()
    case = Case("smallest", build.graph(build.cos(build.parameter("w"), name="loss")), {"w": 3.0})
    found = Diagnosed(at_place("smallest", "cos"), case, ())
    wrong = [at_place(f"s::{k}", op) for k, op in enumerate(["relu", "cos", "relu", "cos", "cos"])]
    lines = screen(wrong, found)
    first = lines.index("2 more FAIL at the same place")
    assert first > lines.index("FAIL  s::1")
    assert lines.index("FAIL  s::0") > first
    assert "and 1 more FAIL at the same place" in lines


def test_failures_that_were_not_compared_with_the_mistake_are_counted() -> None:
    found = Diagnosed(None, None, (fault(),), explains=("s::a",), unexplained=())
    assert "1 more FAIL were not compared with this mistake" in screen([failing("s::a"), failing("s::b")], found)


def test_undecided_cases_are_all_counted() -> None:
    unknown = [Result(f"s::{k}", Verdict.UNDECIDED, (finding("GC033", why="no reason"),)) for k in range(7)]
    assert "and 4 more UNDECIDED: s::3, s::4, s::5, s::6" in screen(unknown)
