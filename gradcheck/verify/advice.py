"""What to do where a file keeps no known convention, or where more than one engine in it does."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from gradcheck.conventions.recognition import CONVENTIONS, Wish
from gradcheck.errors import SubjectError, printable
from gradcheck.judge.protocol import no_answer
from gradcheck.subject.description import Seen

MOST_NAMES = 12
"""Maximum number of public names, and of near misses, that a message lists."""

ADAPTER = """
write an adapter beside it, such as

    import numpy as np
    from {module} import your_loss, your_backward

    def f(w):              # the function, of NumPy arrays
        return your_loss(w)

    def f_grad(w):         # its gradient
        return your_backward(w)

    EXAMPLES = {{"f": (np.array([0.5, -1.5]),)}}

and verify the adapter: gradcheck verify adapter.py"""


NO_DERIVATIVE = (
    "nothing in it is named like a derivative (backward, grad, f_prime, ...) or takes an upstream gradient: if it "
    "computes values alone, there is no gradient to check"
)
"""What is said of a file in which nothing came near a convention."""

MAIN = 'put it under `if __name__ == "__main__":`'
HINTS: Mapping[str, str] = MappingProxyType(
    {
        "ModuleNotFoundError": "install what it imports into the environment of gradcheck",
        "EOFError": f"it waits for input() while it is imported: {MAIN}",
    }
)
"""What to do about an exception that was raised while a file was imported, by the exception's type."""


PROGRAM = (
    'it reads a line and answers it by a line, which it flushes: {"gradcheck": 1}; see gradcheck/subject/PROTOCOL.md'
)
"""What to look at in a program that does not answer hello."""


def unusable(name: str, wrong: SubjectError, *, program: bool = False) -> str:
    """The message about a file that cannot be loaded, or a program that does not answer hello."""
    hint = PROGRAM if program else HINTS.get(str(wrong.facts.get("type")), "")
    if wrong.code == "GC005" and not program:
        hint = f"it trains, or loops, while it is imported: {MAIN}"
    return f"{name} cannot be used: {printable(no_answer(wrong).sentence)}{f'; {hint}' if hint else ''}"


def nothing_recognised(name: str, seen: Seen, wanted: Wish, only: str | None) -> str:
    """The message about a file without any offer: what was looked for, what was found, what to write; "" with one."""
    if seen.offers:
        return ""
    if only is not None and only not in seen.public:
        near = difflib.get_close_matches(only, seen.public, n=1)
        meant = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(seen.public[:MOST_NAMES]) or 'none'}"
        return f"{name} has no class or function {only} of its own{meant}"
    found = ", ".join(seen.public[:MOST_NAMES]) + (", ..." if len(seen.public) > MOST_NAMES else "")
    if not seen.public and not seen.misses:
        return f"{name} defines no class and no function: is it empty, or the wrong file?"
    near_ones = [miss for miss in seen.misses if miss.name]
    every = "a convention (gradcheck verify --list prints them)" if near_ones else "any of " + ", ".join(CONVENTIONS)
    looked = f"the convention {wanted.convention}" if wanted.convention else every
    lines = [f"nothing in {name} keeps {looked}; it defines {found or 'nothing public'}"]
    for miss in seen.misses[:MOST_NAMES]:
        about = f"{miss.name}: " if miss.name else ""
        lines.append(f"  not {miss.convention}: {printable(about + miss.why)}")  # it may quote what the file raised
    if not seen.misses and not wanted.convention:
        lines.append(NO_DERIVATIVE)
    module = name.removesuffix(".py").removesuffix(".ipynb")
    return "\n".join(lines) + ADAPTER.format(module=module if module.isidentifier() else "your_file")


def ambiguous(target: str, seen: Seen) -> str:
    """The message about two engines of one convention; "" where there is one of each."""
    engines = Counter(offer.convention for offer in seen.offers if offer.entries)
    for convention, count in engines.items():
        if count > 1:
            names = [offer.name for offer in seen.offers if offer.convention == convention]
            ways = " or ".join(f"gradcheck verify {target}:{name} --as {convention}" for name in names)
            return f"{count} in this file keep the convention {convention}: {', '.join(names)}; say which one: {ways}"
    return ""
