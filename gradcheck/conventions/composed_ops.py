"""Which ops of a class are made of others, such as `-x` as `x * -1`: its own calls are watched while each op runs once.

A mistake in one op shows in all that are made of it, and is told once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

from gradcheck.conventions.spellings import OPERATORS, REFLECTED, Spelling
from gradcheck.conventions.value_class import SAMPLE, ValueClass
from gradcheck.problem import OPS

MADE_OF = "made of "
"""Prefix of an op, in an offer's words, whose value are the ops that it is made of."""


def composed_ops(uses: ValueClass, spelled: Mapping[str, Spelling], sample: Callable[[float], Any]) -> dict[str, str]:
    """By "made of OP", the ops of the class that OP is made of; an op that calls no other is left out."""
    found = {}
    for op, spelling in spelled.items():
        called: set[str] = set()
        try:
            operands = [uses.make(sample(value)) for value in (SAMPLE * 2)[: OPS[op].arity or 1]]
            with _watched(uses.kind, spelled, called):
                spelling.apply(*operands)
        except Exception:  # a form that needs more, such as attributes
            continue
        if others := called - {op}:
            found[f"{MADE_OF}{op}"] = " ".join(sorted(others))
    return found


def ops_made_of(words: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """By op, the ops that it is made of, out of an offer's words."""
    return {key.removeprefix(MADE_OF): frozenset(text.split()) for key, text in words.items() if key[:8] == MADE_OF}


@contextmanager
def _watched(kind: type, spelled: Mapping[str, Spelling], called: set[str]) -> Iterator[None]:
    """While it lasts, ops whose methods the class runs come into `called`."""
    usual = {name: method for base in reversed(kind.__mro__[:-1]) for name, method in vars(base).items()}
    own = {name: usual[name] for op in spelled for name in _methods(op, spelled) if inspect.isfunction(usual.get(name))}
    inherited = [name for name in own if name not in vars(kind)]
    try:
        for op in spelled:
            for name in _methods(op, spelled):
                if name in own:
                    setattr(kind, name, _noting(op, own[name], called))
        yield
    finally:
        for name, method in own.items():
            if name in inherited:
                delattr(kind, name)
            else:
                setattr(kind, name, method)


def _methods(op: str, spelled: Mapping[str, Spelling]) -> list[str]:
    names = [OPERATORS[op][0]] if op in OPERATORS else []
    return [*names, *([REFLECTED[op]] if op in REFLECTED else []), *([spelled[op].name] if spelled[op].name else [])]


def _noting(op: str, method: Callable[..., Any], called: set[str]) -> Callable[..., Any]:
    @wraps(method)
    def noted(*given: Any, **named: Any) -> Any:
        called.add(op)
        return method(*given, **named)

    return noted
