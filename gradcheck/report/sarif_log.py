"""A run as a SARIF 2.1.0 log: finding codes are rules, every case that is not right is a result at the user's code.

FAIL and ERROR have level "error". UNDECIDED has "warning": SARIF's own kind for it, "open", is shown by no service.
Results that are as expected are suppressed. What is wrong with the run as a whole is a notification of its invocation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import quote

from gradcheck.report.code_place import CodePlace, checkout
from gradcheck.report.reported import Mistake, Reported
from gradcheck.report.run_record import RunRecord
from gradcheck.verdict.finding import shown
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.finding_kinds import KINDS

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
"""What files are named from."""
FINGERPRINT = "gradcheckCase/v1"
UNCODED = "GC000"
"""The rule of a result without a finding: an op that was required and is not offered."""
LEVELS: Mapping[str, str] = {"FAIL": "error", "ERROR": "error", "UNDECIDED": "warning", "WARNING": "warning"}
_SEVERITIES = {
    Severity.FATAL: "error",
    Severity.ERROR: "error",
    Severity.OPEN: "warning",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}


def sarif(run: RunRecord) -> str:
    """The document."""
    cases = [case for case in run.reported if case.verdict != "PASS" or _warns(case)]
    mistakes = {id(case): mistake for mistake in run.mistakes for case in (mistake.first, *mistake.others)}
    codes = list(dict.fromkeys(_code(case) for case in cases))
    driver = {"name": "gradcheck", "version": _version(), "rules": [_rule(code) for code in codes]}
    invocation: dict[str, Any] = {
        "executionSuccessful": not run.troubles,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": shown(sentence)}} for sentence in run.troubles
        ],
    }
    if run.exit_code is not None:
        invocation["exitCode"] = run.exit_code
    if run.signal is not None:
        invocation |= {"exitSignalName": run.interrupted, "exitSignalNumber": run.signal}
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "automationDetails": {"id": f"gradcheck {run.command}/"},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"uri": f"{checkout().as_uri()}/"}},
                "invocations": [invocation],
                "results": [_result(case, mistakes.get(id(case)), codes) for case in cases],
            }
        ],
    }
    return json.dumps(log, indent=1, allow_nan=False) + "\n"


def _warns(case: Reported) -> bool:
    """Whether a case that passes has a warning."""
    return any(f["severity"] == "warning" and f["code"] != "GC041" for f in case.findings)


def _code(case: Reported) -> str:
    return str((case.decisive or {}).get("code", UNCODED))


def _rule(code: str) -> Mapping[str, Any]:
    kind = KINDS.get(code)
    if kind is None:
        return {"id": code, "shortDescription": {"text": "what was required is not offered"}}
    name = "".join(word.capitalize() for word in "".join(c if c.isalnum() else " " for c in kind.title).split())
    return {
        "id": code,
        "name": name,
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": kind.help},
        "help": {"text": f"{kind.help}\n\nMore: gradcheck explain {code}"},
        "defaultConfiguration": {"level": _SEVERITIES[kind.severity]},
    }


def _result(case: Reported, mistake: Mistake | None, codes: Sequence[str]) -> Mapping[str, Any]:
    code = _code(case)
    parts = [case.address, case.message or _sentence(case)]
    if mistake is not None and mistake.said:
        parts.append(mistake.said)
    found: dict[str, Any] = {
        "ruleId": code,
        "ruleIndex": codes.index(code),
        "level": LEVELS.get(case.verdict, "warning"),
        "message": {"text": shown("\n".join(parts))},
        "locations": [_location(case.place)] if case.place is not None else [],
        "partialFingerprints": {FINGERPRINT: _fingerprint(case)},
        "properties": {
            "address": shown(case.address),
            "verdict": case.verdict,
            "sentence": shown(case.sentence),
            "replay": shown(case.replay),
            "findings": [{"code": f["code"], "sentence": shown(f["sentence"])} for f in case.findings],
        },
    }
    if case.excuse:
        found["suppressions"] = [{"kind": "external", "justification": shown(case.excuse)}]
    return found


def _sentence(case: Reported) -> str:
    return str((case.decisive or {}).get("sentence", case.verdict))


def _location(place: CodePlace) -> Mapping[str, Any]:
    """A place whose line is not known is the file's first line: services refuse results without a line."""
    inside = place.file.is_relative_to(checkout())
    at = {"uri": quote(place.shown), "uriBaseId": ROOT} if inside else {"uri": place.file.as_uri()}
    return {"physicalLocation": {"artifactLocation": at, "region": {"startLine": place.line or 1}}}


def _fingerprint(case: Reported) -> str:
    """The same for the same case of the same subject, wherever its code moves to."""
    where = "" if case.place is None else case.place.shown
    return hashlib.sha256("\0".join((where, case.part, case.address)).encode("utf-8", "replace")).hexdigest()


def _version() -> str:
    try:
        return version("gradcheck")
    except PackageNotFoundError:
        return "unknown"
