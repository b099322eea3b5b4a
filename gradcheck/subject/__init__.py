"""The implementation under test: loaded by path and asked in a child process, or in this one if it is trusted.

Names are imported on first use: the child imports this package too, and needs neither pipes nor processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.subject.answer import ENTRY_POINTS, Answer, Declared, Subject, TrainingAnswer, TrainingStep
    from gradcheck.subject.process import ChildSubject, InProcessSubject

__all__ = [
    "ENTRY_POINTS",
    "Answer",
    "ChildSubject",
    "Declared",
    "InProcessSubject",
    "Subject",
    "TrainingAnswer",
    "TrainingStep",
]

_PROCESS = ("ChildSubject", "InProcessSubject")


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{'process' if name in _PROCESS else 'answer'}"), name)
