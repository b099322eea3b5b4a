"""The table of findings: stable codes, sentences that fill, help that helps; and every call that makes one."""

import ast
import json
import pickle
import re
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.verdict.finding import Finding, finding, plain, shown
from gradcheck.verdict.finding_kind import FindingKind, Severity
from gradcheck.verdict.finding_kinds import KINDS

PACKAGE = Path(gradcheck.__file__).parent

GROUPS = {
    "protocol and numbers": (range(20), {Severity.FATAL, Severity.ERROR, Severity.WARNING}),
    "contracts": (range(20, 30), {Severity.FATAL, Severity.ERROR, Severity.WARNING}),
    "undecided": (range(30, 40), {Severity.OPEN}),
    "notes": (range(40, 50), {Severity.NOTE, Severity.WARNING, Severity.ERROR}),
    "causes": (range(50, 60), {Severity.NOTE}),
    "trainings and costs": (range(60, 70), {Severity.ERROR, Severity.WARNING, Severity.OPEN}),
    "revealed adjoints": (range(70, 80), {Severity.FATAL, Severity.ERROR, Severity.NOTE}),
    "what a subject offers": (range(80, 90), {Severity.FATAL, Severity.NOTE}),
    "answers about functions": (range(90, 100), {Severity.OPEN, Severity.WARNING, Severity.NOTE}),
    "Jacobians, Hessians, operators": (
        range(100, 120),
        set(Severity),  # all numbers from 30 to 39, and from 90 to 99, are taken
    ),
}


def fields(template: str) -> dict[str, str]:
    """The facts that a sentence needs, with their format specifications."""
    return {name: spec or "" for _, name, spec, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
class TestRow:
    def test_code(self, kind: FindingKind) -> None:
        assert re.fullmatch(r"GC\d{3}", kind.code)
        assert KINDS[kind.code] is kind

    def test_texts(self, kind: FindingKind) -> None:
        assert kind.title
        assert kind.title == kind.title.strip().rstrip(".")
        assert kind.sentence == kind.sentence.strip().rstrip(".")
        assert len(kind.help) > 40
        assert kind.help.endswith(".")
        assert "  " not in kind.help
        assert kind.help != kind.sentence

    def test_sentence_fills_from_the_facts_it_names_and_no_fewer(self, kind: FindingKind) -> None:
        needed = fields(kind.sentence)
        facts: dict[str, Any] = {name: 0.125 if spec else f"<{name}>" for name, spec in needed.items()}
        sentence = finding(kind.code, **facts, unused="besides").sentence
        for name, value in facts.items():
            assert (f"<{name}>" if isinstance(value, str) else "0.125") in sentence
            with pytest.raises(KeyError):
                _ = finding(kind.code, **{k: v for k, v in facts.items() if k != name}).sentence
        assert "{" not in sentence

    def test_severity_fits_the_group_of_the_code(self, kind: FindingKind) -> None:
        number = int(kind.code[2:])
        (severities,) = [allowed for codes, allowed in GROUPS.values() if number in codes]
        assert kind.severity in severities


def test_no_code_stands_twice_in_the_table() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (PACKAGE / "verdict" / "finding_kinds").glob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    literals = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    codes = [text for text in literals if re.fullmatch(r"GC\d{3}", text)]
    assert sorted(codes) == sorted(KINDS)  # the dict would hide a repeat


def test_published_codes_keep_their_meaning() -> None:
    # Reports, baselines and people rest on these.
    published = {
        "GC001": "subject cannot be imported",
        "GC002": "syntax error",
        "GC003": "no entry point",
        "GC004": "subject raised",
        "GC005": "subject timed out",
        "GC006": "subject died",
        "GC007": "answer of the wrong form",
        "GC008": "gradients missing",
        "GC009": "unknown gradients",
        "GC010": "wrong shape",
        "GC011": "wrong dtype",
        "GC012": "wrong gradient",
        "GC013": "gradient not finite",
        "GC014": "wrong forward value",
        "GC015": "first wrong node",
        "GC020": "mutates its problem",
        "GC021": "not repeatable",
        "GC040": "oracle stepped aside",
        "GC041": "oracle discarded",
    }
    assert {code: KINDS[code].title for code in published} == published


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        KINDS["GC999"] = KINDS["GC001"]  # type: ignore[index]
    with pytest.raises(KeyError):
        finding("GC999")


DERIVED = {"GC001": {"place"}, "GC002": {"place", "quoted"}, "GC003": {"hint"}, "GC004": {"place"}, "GC007": {"place"}}
"""Facts that `judge.protocol.no_answer` makes of the others before the sentence is filled."""


def calls(source: str) -> list[tuple[int, str, set[str], bool]]:
    """Line, code, facts and whether there are more (`**facts`), of every call that makes a finding."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        if node.func.id not in ("finding", "SubjectError"):
            continue
        codes = [n.value for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        facts = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
        more = any(keyword.arg is None for keyword in node.keywords)
        found += [(node.lineno, code, facts, more) for code in codes if re.fullmatch(r"GC\d{3}", code)]
    return found


def lacking(source: str) -> list[str]:
    """Complaints about calls whose code does not exist, or whose sentence could not be filled."""
    complaints = []
    for line, code, facts, more in calls(source):
        if code not in KINDS:
            complaints.append(f"line {line}: {code} does not exist")
        elif not more and (missing := set(fields(KINDS[code].sentence)) - facts - DERIVED.get(code, set())):
            complaints.append(f"line {line}: {code} lacks {sorted(missing)}")
    return complaints


def test_every_call_gives_what_its_sentence_needs() -> None:
    made = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        assert lacking(source) == [], path
        made |= {code for _, code, _, _ in calls(source)}
    assert {"GC012", "GC014", "GC020", "GC031"} <= made  # the search finds what there is


def test_a_call_that_forgets_a_fact_is_found() -> None:
    assert lacking('finding("GC020")') == ["line 1: GC020 lacks ['what', 'who']"]
    assert lacking('finding("GC998", a=1)') == ["line 1: GC998 does not exist"]
    assert lacking('finding("GC020" if a else "GC020", who="f", what=1)') == []
    assert lacking('SubjectError("GC005", **facts)') == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1 + 0.2, "0.3"),
        (1e-300, "1e-300"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (np.float64(2.5), "2.5"),
        (3, "3"),
        (True, "yes"),
        (False, "no"),
        ((0, 2), "(0, 2)"),
        ([1], "[1]"),
        ((), "()"),
        ("[red]w[/red]", "[red]w[/red]"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("two\nlines", "two\nlines"),
        ("half a pair \ud800", "half a pair \\ud800"),
        (None, "None"),
    ],
)
def test_facts_as_people_read_them(value: Any, text: str) -> None:
    assert shown(value) == text


def test_a_sentence_of_numbers() -> None:
    made = finding(
        "GC012", loss="l", block="w", entry=[0, 2], subject=1.25, truth=2.5, distance=1.25, allowed=1.23456e-9, wrong=1
    )
    assert "w" in made.sentence
    assert "[0, 2]" in made.sentence
    for number in ("1.25", "2.5", "1.23e-09"):
        assert number in made.sentence
    assert made.severity is Severity.ERROR


def test_a_finding_as_text_is_its_sentence() -> None:
    assert str(finding("GC020", who="the subject", what="w")) == "the subject changed w, which it was only lent"


@pytest.mark.parametrize(
    ("subject", "truth", "words"),
    [
        (6.0, 6.000000000000001, "is 6, but the truth is 6.000000000000001 "),
        (0.1 + 0.2, 0.3, "is 0.30000000000000004, but the truth is 0.29999999999999999 "),
        (1.0, 1.0 + 1e-12, "is 1, but the truth is 1.000000000001 "),
        (1.25, 2.5, "is 1.25, but the truth is 2.5 "),
        (1 / 3, 2.5, "is 0.333333333333, but the truth is 2.5 "),
        (np.float64(6.0), np.nextafter(6.0, 7.0), "is 6, but the truth is 6.000000000000001 "),
        (5e-324, 1e-323, "is 4.94065645841e-324, but the truth is 9.88131291682e-324 "),
        (0.0, -0.0, "is 0, but the truth is -0 "),
        (float("nan"), float("nan"), "is nan, but the truth is nan "),
        (float("inf"), 1e308, "is inf, but the truth is 1e+308 "),
        (1 / 3, 1 / 3, "is 0.333333333333, but the truth is 0.333333333333 "),
    ],
)
def test_a_sentence_has_the_digits_that_show_a_difference(subject: float, truth: float, words: str) -> None:
    facts = {"loss": "l", "block": "w", "entry": "", "distance": 1e-15, "allowed": 1e-16}
    assert words in finding("GC012", subject=subject, truth=truth, **facts).sentence


def test_every_sentence_that_compares_two_numbers_shows_that_they_differ() -> None:
    near = 6.0, float(np.nextafter(6.0, 7.0))
    pairs = [("subject", "truth"), ("first", "second"), ("distance", "allowed"), ("bound", "interest")]
    compared = set()
    for code, kind in KINDS.items():
        needed = fields(kind.sentence)
        for pair in pairs:
            if not set(pair) <= set(needed):
                continue
            compared.add(code)
            facts: dict[str, Any] = {name: 0.125 if spec else f"<{name}>" for name, spec in needed.items()}
            sentence = finding(code, **{**facts, **dict(zip(pair, near, strict=True))}).sentence
            assert len(set(re.findall(r"\b6(?:\.0+\d)?\b", sentence))) == 2, sentence
    assert {"GC012", "GC014", "GC015", "GC016", "GC021", "GC023", "GC026", "GC031", "GC060", "GC070"} <= compared


def test_a_sentence_about_a_jvp_has_a_tangent() -> None:
    facts = {
        "loss": "f",
        "block": "output",
        "entry": [1],
        "subject": 1.0,
        "truth": 2.0,
        "distance": 1.0,
        "allowed": 0.0,
    }
    assert finding("GC012", tangent=True, **facts).sentence.startswith(
        "the tangent of output[1] is 1, but the truth is 2"
    )
    far = finding("GC031", tangent=True, bound=1.0, interest=1e-6, **facts).sentence
    assert far == "no oracle bounds the tangent of output[1] closely enough: 1, wanted at most 1e-06"
    assert finding("GC012", **facts).sentence.startswith("the gradient of f with respect to output[1] is 1, ")


def test_plain_data_is_strict_json() -> None:
    facts = {
        "nan": float("nan"),
        "infinite": [np.float64("inf"), (-np.inf,)],
        "array": np.array([1.5, np.nan]),
        "whole": np.int64(3),
        "truth": np.bool_(True),
        "nested": {1: {"deep": np.float32(0.5)}},
        "other": Path("a"),
        "none": None,
    }
    data = plain(facts)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data == {
        "nan": "nan",
        "infinite": ["inf", ["-inf"]],
        "array": [1.5, "nan"],
        "whole": 3,
        "truth": True,
        "nested": {"1": {"deep": 0.5}},
        "other": "a",
        "none": None,
    }


def test_a_finding_as_data() -> None:
    data = Finding(KINDS["GC020"], {"who": "f", "what": "w", "more": np.array([1.0])}).to_dict()
    assert data == {
        "code": "GC020",
        "severity": "error",
        "title": KINDS["GC020"].title,
        "sentence": KINDS["GC020"].sentence.format(who="f", what="w"),
        "facts": {"who": "f", "what": "w", "more": [1.0]},
    }


def test_a_worker_can_send_a_finding() -> None:
    one = finding("GC018", what="x")
    sent = pickle.loads(pickle.dumps(one))
    assert (sent, type(sent.facts)) == (one, type(one.facts))
