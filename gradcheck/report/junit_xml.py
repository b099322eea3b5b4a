"""A run as JUnit XML, which every CI system reads: a suite per suite of cases, a test case per case.

FAIL and UNDECIDED are failures, ERROR is an error; a case that its `expect` excuses, or the subject does not offer,
is skipped. A run that ended early, or compared nothing, has an error of its own, so that no reader takes it for passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as Xml

from gradcheck.report.reported import Mistake, Reported
from gradcheck.report.run_record import RunRecord
from gradcheck.verdict.finding import shown

NAME = "gradcheck"
"""Name of the whole, and of the suite of what has no suite of its own."""
OWN_SUITE = "the run itself"
"""Name of the suite of what is wrong with a run as a whole."""


def junit(run: RunRecord) -> str:
    """The document."""
    whole = Xml.Element("testsuites", {"name": NAME})
    known = {id(case): mistake for mistake in run.mistakes for case in (mistake.first, *mistake.others)}
    suites: dict[str, list[Xml.Element]] = {}
    for case in run.reported:
        suites.setdefault(_suite(case), []).append(_case(case, known.get(id(case))))
    for left in run.not_offered:
        suite, _, name = left.address.rpartition("::")
        element = _element(suite or NAME, name, 0.0)
        why = f"not offered: {', '.join(left.ops)} ({left.reason})"
        Xml.SubElement(element, "skipped", {"message": _line(why)})
        suites.setdefault(suite or NAME, []).append(element)
    for number, sentence in enumerate(run.troubles, 1):
        element = _element(OWN_SUITE, f"{number}", 0.0)
        error = Xml.SubElement(element, "error", {"message": _line(sentence), "type": "gradcheck"})
        error.text = _text(sentence)
        suites.setdefault(OWN_SUITE, []).append(element)
    for name, elements in suites.items():
        whole.append(_summed("testsuite", name, elements))
    _counted(whole, [element for elements in suites.values() for element in elements])
    Xml.indent(whole)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{Xml.tostring(whole, encoding="unicode")}\n'


def _suite(case: Reported) -> str:
    suite, colons, _ = case.address.partition("::")
    return suite if colons else case.part or NAME


def _case(case: Reported, mistake: Mistake | None) -> Xml.Element:
    element = _element(_suite(case), case.address.partition("::")[2] or case.address, case.seconds)
    if case.place is not None:
        element.set("file", _line(case.place.shown))
        if case.place.line is not None:
            element.set("line", str(case.place.line))
    code = str((case.decisive or {}).get("code", case.verdict))
    message = _line(f"{case.verdict}: {case.message}" if case.verdict != "FAIL" else case.message)
    if case.is_wrong:
        kind = "error" if case.verdict == "ERROR" else "failure"
        told = Xml.SubElement(element, kind, {"message": message, "type": code})
        told.text = _text("\n".join(_lines(case, mistake)))
    elif case.excuse:
        Xml.SubElement(element, "skipped", {"message": _line(case.excuse), "type": code})
    elif case.verdict == "WARNING":
        Xml.SubElement(element, "system-out").text = _text(case.message)
    return element


def _lines(case: Reported, mistake: Mistake | None) -> Iterable[str]:
    """The whole story where a mistake is shown first; elsewhere the case's own numbers, and the mistake's name."""
    yield f"{case.verdict}  {case.address}  {case.sentence}".rstrip()
    if mistake is not None and mistake.first is case:
        yield from mistake.lines
        return
    yield case.message
    if mistake is not None and mistake.said:
        yield f"mistake: {mistake.said}"
    yield from (f"{found['code']}: {found['sentence']}" for found in case.findings if found["severity"] != "note")
    if case.replay:
        yield f"replay: {case.replay}"


def _element(suite: str, name: str, seconds: float) -> Xml.Element:
    return Xml.Element("testcase", {"classname": _line(suite), "name": _line(name), "time": f"{seconds:.3f}"})


def _summed(tag: str, name: str, elements: Sequence[Xml.Element]) -> Xml.Element:
    suite = Xml.Element(tag, {"name": _line(name)})
    suite.extend(elements)
    return _counted(suite, elements)


def _counted(element: Xml.Element, cases: Sequence[Xml.Element]) -> Xml.Element:
    element.set("tests", str(len(cases)))
    for kind, plural in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        element.set(plural, str(sum(case.find(kind) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
    return element


def _line(text: str) -> str:
    return " ".join(shown(text).split())


def _text(text: str) -> str:
    """Text without the control characters that no XML may hold; ElementTree escapes the rest."""
    return shown(text)
