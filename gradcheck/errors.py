"""Every exception that gradcheck raises on purpose, and who is to blame for each.

    GradcheckError
    ├── UsageError          the call is wrong: flags, configuration, a missing file       (exit code 2)
    ├── InvalidProblem      the graph, network, function, point or suite is invalid       (exit code 2)
    ├── SubjectError        the implementation under test gave no answer to judge         (a finding; exit code 1)
    ├── Unsupported         gradcheck cannot do this here; an oracle steps aside on it
    └── HarnessFault        gradcheck contradicts itself: two proofs that do not meet     (exit code 3)

What `assert_gradient`, `assert_vjp` and `assert_jvp` raise is an AssertionError and stands beside the result that it
carries: `gradcheck.verdict.result.GradientError`.

A message is one paragraph of at most LONGEST characters: what was expected, what came, where, and what to do about it.
It may quote what a user handed in, whatever that holds: `printable` makes it fit for a terminal.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

LONGEST = 2_000
"""Characters of a message."""

_LONGEST_PLACE = 500
"""Characters of a message that say where."""

_NO_NAME = re.compile(r"(.*module 'numpy[\w.]*' has no attribute '\w+')", re.DOTALL)


def one_line(said: str) -> str:
    """What an exception says, in one line; of a name that NumPy lacks, what that means instead of NumPy's paragraph."""
    lacking = _NO_NAME.match(said)
    whole = said if lacking is None else f"{lacking[1]}: the code is written for another version of NumPy"
    return " ".join(whole.split())


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` characters: the middle of a longer one becomes "..."."""
    if len(text) <= most:
        return text
    end = (most - 3) // 3
    return f"{text[: most - 3 - end]}...{text[len(text) - end :]}"


def printable(text: str) -> str:
    """`text` on one line and without anything that a terminal obeys: other characters become escapes, such as \\x1b."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shell_word(text: str) -> str:
    """`text` as one word of a shell's command, on one line and without anything that a terminal obeys.

    Bash, zsh and ksh read $'...' with such escapes.
    """
    if text.isprintable():
        return shlex.quote(text)
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{printable(quoted)}'"


def shown(value: object, most: int = 100) -> str:
    """What a user gave, as messages quote it: its repr in one line and at most so many characters, or its type."""
    try:
        return shortened(" ".join(repr(value).split()), most)
    except Exception:  # whatever a foreign __repr__ raises
        return f"an object of type {type(value).__name__}"


class GradcheckError(Exception):
    """Root of the tree; catching it catches everything gradcheck raises on purpose except GradientError."""

    def __init__(self, message: str = "") -> None:
        super().__init__(shortened(message, LONGEST))


class UsageError(GradcheckError):
    """The command or call itself is wrong; nothing ran."""


class InvalidProblem(GradcheckError, ValueError):
    """A problem, point, case or suite that means nothing.

    `where` names the place as far as the raiser knows it: a node, a block, a layer, a case, a file.
    """

    def __init__(self, message: str, *, where: str = "") -> None:
        self.where = shortened(where, _LONGEST_PLACE)
        self.message = shortened(message, LONGEST - len(self.where) - 2)
        super().__init__(f"{self.where}: {self.message}" if where else self.message)

    def within(self, place: str) -> InvalidProblem:
        """The same complaint with an outer `place` (a file, a case) put in front of `where`."""
        where = f"{place}: {self.where}" if self.where else place
        return InvalidProblem(self.message, where=where)


class SubjectError(GradcheckError):
    """The subject gave no answer that can be judged.

    `code` is the stable code of the finding that reports it; `facts` fills that finding's sentence.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(", ".join(f"{key}={value}" for key, value in facts.items()) or code)
        self.code = code
        self.facts = facts


class Unsupported(GradcheckError):
    """Something gradcheck cannot do; an oracle that meets it steps aside with this message as its reason."""


class HarnessFault(GradcheckError):
    """gradcheck contradicts itself, so that no verdict of this run can be trusted."""


class Interrupted(KeyboardInterrupt):
    """A signal asks gradcheck to end; `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
