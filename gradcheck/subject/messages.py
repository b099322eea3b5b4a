"""The messages that a child may send: fields of each kind, facts of each error, and the form of every field.

The parent checks a message against these tables before it reads a field. A missing, unknown or malformed field breaks
the protocol, and that is a finding about the subject (GC006).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from gradcheck.subject.answer import DTYPES, ENTRY_POINTS, LONGEST_OP, MOST_OPS, Guarantee
from gradcheck.subject.limits import SET_BY_CHILD
from gradcheck.subject.pair_slopes import LINES
from gradcheck.subject.wire import Malformed

MOST_UNKNOWN, LONGEST_UNKNOWN = 400, 150
"""Maximum number of names, and of characters of each, in one mapping of an answer that the problem lacks."""

LONGEST_PATH = 4_096
"""Maximum number of characters of a file's or a function's name."""

MOST_FORMS = 20
"""Maximum number of further forms in which a subject can be asked for the same gradients."""

Form = Callable[[object], bool]


def _text(value: object) -> bool:
    return type(value) is str


def _text_or_none(value: object) -> bool:
    return value is None or type(value) is str


def _true_or_false(value: object) -> bool:
    return type(value) is bool


def _line(value: object) -> bool:
    return value is None or _whole(value)


def _whole(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _one_of(*values: str) -> Form:
    return lambda value: type(value) is str and value in values


def _texts(most: int, longest: int | None = None) -> Form:
    """A list of at most `most` texts, with at most `longest` characters each."""

    def form(value: object) -> bool:
        return (
            type(value) is list
            and len(value) <= most
            and all(type(text) is str and (longest is None or len(text) <= longest) for text in value)
        )

    return form


def _names(value: object) -> bool:
    """The names of a mapping that the problem lacks; all others travel as positions, in its first array."""
    return type(value) is dict and set(value) == {"unknown"} and _few(value["unknown"])


def _held(value: object) -> bool:
    if type(value) is not dict or not set(value) <= set(SET_BY_CHILD):
        return False
    return all(type(state) is str and state in get_args(Guarantee) for state in value.values())


def _entry_points(value: object) -> bool:
    if type(value) is not list or not 0 < len(value) <= len(ENTRY_POINTS):
        return False
    return all(type(name) is str and name in ENTRY_POINTS for name in value)


def _list(value: object) -> bool:
    """A list that is checked in full where it is read."""
    return type(value) is list


def _lines(value: object) -> bool:
    """Rows of six floats, as `pair_slopes` measures them."""
    if type(value) is not list or len(value) > LINES:
        return False
    return all(type(row) is list and len(row) == 6 and all(type(x) is float for x in row) for row in value)


def _origins(value: object) -> bool:
    """Rows of a block's position, and the file, the line and the name of a function, as `origins` finds them."""
    forms = (_whole, _short, _whole, _short)
    if type(value) is not list or len(value) > MOST_OPS:
        return False
    return all(
        type(row) is list and len(row) == 4 and all(f(x) for f, x in zip(forms, row, strict=True)) for row in value
    )


def _short(value: object) -> bool:
    return type(value) is str and len(value) <= LONGEST_PATH


def _or_none(form: Form) -> Form:
    return lambda value: value is None or form(value)


_few = _texts(MOST_UNKNOWN, LONGEST_UNKNOWN)
_RAISED = {"type": _text, "message": _text}
_WHERE = {"file": _text, "line": _line, "function": _text, "text": _text, "traceback": _text}

MESSAGES: Mapping[str, tuple[Mapping[str, Form], Mapping[str, Form]]] = {
    "ready": ({"held": _held}, {}),
    "loaded": (
        {
            "entry_points": _entry_points,
            "forms": _texts(MOST_FORMS, LONGEST_UNKNOWN),
            "ops": _or_none(_texts(MOST_OPS, LONGEST_OP)),
            "dtype": _or_none(_one_of(*DTYPES)),
        },
        {"name": _text_or_none, "scalars": _true_or_false, "counts": _true_or_false},
    ),
    "looked": ({"offers": _list, "misses": _list, "public": _list}, {}),
    "begin": ({}, {}),
    "slopes": ({"lines": _lines}, {}),
    "judged": (
        {
            "verdict": _one_of("PASS", "FAIL", "UNDECIDED", "ERROR"),
            "codes": _texts(MOST_OPS, 10),
            "kinds": _texts(MOST_OPS, LONGEST_UNKNOWN),
            "entries": _whole,
            "headline": _text,
            "report": _text,
            "verbose": _text,
            "document": _text,
        },
        {},
    ),
    "answer": (
        {"mutated": _few, "gradients": _names},
        {"adjoints": _names, "operations": _whole, "tampered": _few},
    ),
    "training": ({"mutated": _few, "steps": _whole, "names": _few}, {}),
    "origins": ({"found": _origins}, {}),
    "error": ({"code": _text, "facts": lambda value: type(value) is dict}, {}),
}
"""Fields that a message must have, and may have, by status, besides "status" and "id"."""

ERRORS: Mapping[str, tuple[Mapping[str, Form], Mapping[str, Form]]] = {
    "GC001": (_RAISED, _WHERE),
    "GC002": ({"file": _text, "line": _line, "text": _text, "message": _text}, {}),
    "GC003": (
        {"file": _text, "looked_for": _texts(len(ENTRY_POINTS)), "found": _texts(30), "near": _texts(8)},
        {},
    ),
    "GC004": (_RAISED, _WHERE),
    "GC006": ({"how": _text, "phase": _one_of("loading", "answering")}, {}),
    "GC007": ({"expected": _text, "came": _text, "block": _text_or_none}, {}),
    "GC065": ({"operations": _whole, "what": _text}, {}),
}
"""Facts that an error must give, and may give, by finding code.

Only the parent knows that an answer was too late (GC005). GC065 means that counting stopped at the given limit.
"""

REPLIES: Mapping[str, tuple[str, ...]] = {
    "limit": ("ready",),
    "look": ("looked", "error"),
    "load": ("loaded", "error"),
    "ask": ("begin", "answer", "error"),
    "origins": ("begin", "origins", "error"),
    "judge": ("begin", "judged", "error"),
    "slopes": ("begin", "slopes", "error"),
    "train": ("begin", "training", "error"),
}
"""The kinds of message that may answer a question, by what it asks the child to do."""

_LOADING = frozenset({"GC001", "GC002", "GC003", "GC004", "GC006"})
_ANSWERING = frozenset({"GC004", "GC006", "GC007", "GC065"})


def checked(header: Mapping[str, Any], status: str) -> Mapping[str, Any]:
    """`header`, if it is a message of this kind; raises Malformed otherwise."""
    _check(f"the message {status!r}", header, *MESSAGES[status], ignored=("status", "id"))
    return header


def checked_error(header: Mapping[str, Any], do: str) -> tuple[str, Mapping[str, Any]]:
    """Code and facts of an error that a child may give when asked to `do` something; raises Malformed otherwise."""
    checked(header, "error")
    code, facts = header["code"], header["facts"]
    if code not in (_LOADING if do in ("load", "look") else _ANSWERING):
        raise Malformed(f"an error that is not its own to give: {code[:20]!r}")
    _check(f"the error {code}", facts, *ERRORS[code])
    return code, facts


def _check(
    what: str,
    fields: Mapping[str, object],
    required: Mapping[str, Form],
    optional: Mapping[str, Form],
    ignored: tuple[str, ...] = (),
) -> None:
    for name, form in required.items():
        if name not in fields:
            raise Malformed(f"{what} without {name!r}")
        if not form(fields[name]):
            raise Malformed(f"{what} with {name!r} of a wrong form")
    for name, value in fields.items():
        if name in required or name in ignored:
            continue
        if name not in optional:
            raise Malformed(f"{what} with an unknown field {name[:40]!r}")
        if not optional[name](value):
            raise Malformed(f"{what} with {name!r} of a wrong form")
