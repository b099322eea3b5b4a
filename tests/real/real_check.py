"""One check of a function that somebody else published: which of gradcheck's doors it goes through."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np

from gradcheck import Result


@dataclass(frozen=True)
class RealCheck:
    """A call of one of gradcheck's checks, and the verdict that is right.

    `arguments` are the check's own: f, its derivative, inputs. `expected` is PASS but where the package is wrong or
    nothing can be known; `why` says so then, and a test beside it has the evidence.
    """

    name: str
    door: Callable[..., Result]
    arguments: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    expected: str = "PASS"
    why: str = ""

    def __str__(self) -> str:
        return self.name

    def result(self) -> Result:
        """What gradcheck says."""
        return self.door(*self.arguments, **self.options)

    def counted(self) -> tuple[Result, int]:
        """What gradcheck says, and how often it called the functions that it was given."""
        calls = [0]
        counted = [_counting(argument, calls) for argument in self.arguments]
        return self.door(*counted, **self.options), calls[0]

    def assert_expected(self) -> None:
        """The verdict is the one that is right."""
        result = self.result()
        assert result.verdict.value == self.expected, result.report(verbose=True)
        assert result.comparisons > 0 or self.expected == "UNDECIDED"


def planted(derivative: Callable[..., Any], factor: Any) -> Callable[..., Any]:
    """A derivative with a mistake: what it returns times a factor."""

    def wrong(*args: Any, **keywords: Any) -> Any:
        return np.asarray(derivative(*args, **keywords)) * np.asarray(factor)

    return wrong


def _counting(argument: Any, calls: list[int]) -> Any:
    if not callable(argument) or hasattr(argument, "matvec"):
        return argument

    @wraps(argument)
    def counting(*args: Any, **keywords: Any) -> Any:
        calls[0] += 1
        return argument(*args, **keywords)

    return counting
