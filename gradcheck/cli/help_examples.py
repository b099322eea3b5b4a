"""Two lines for each command's `--help`; a test runs every one of them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, str]] = {
    "": ("gradcheck verify my_backprop.py", "gradcheck run my_suite.py --subject my_engine.py"),
    "verify": ("gradcheck verify my_backprop.py", "gradcheck verify --list"),
    "run": (
        "gradcheck run my_suite.py --subject my_engine.py --jobs 2",
        "gradcheck run worked_examples::S4.b --report junit=gradients.xml",
    ),
    "explain": ("gradcheck explain worked_examples::S4.b", "gradcheck explain GC012"),
    "faults": ("gradcheck faults F01 --no-engines", "gradcheck faults F01 --no-engines --format json"),
    "baseline": (
        "gradcheck baseline record my_suite.py --subject my_engine.py",
        "gradcheck baseline compare --subject my_engine.py",
    ),
    "baseline record": (
        "gradcheck baseline record my_suite.py --subject my_engine.py",
        "gradcheck baseline record my_suite.py --subject my_engine.py --baseline other.json",
    ),
    "baseline compare": (
        "gradcheck baseline compare --subject my_engine.py",
        "gradcheck baseline compare my_suite.py --subject my_engine.py --factor 2",
    ),
    "baseline update": (
        "gradcheck baseline update --subject my_engine.py --dry-run",
        "gradcheck baseline update my_suite.py --subject my_engine.py",
    ),
    "config": ("gradcheck config", "gradcheck config --format json"),
    "completion": ("source <(gradcheck completion bash)", "gradcheck completion fish > gradcheck.fish"),
}
"""By the words after `gradcheck`; "" for the command itself."""


def epilog(command: str, codes: str) -> str:
    """What stands below a command's options: its examples, and the exit codes."""
    lines = "".join(f"  {line}\n" for line in EXAMPLES.get(command, ()))
    return f"examples:\n{lines}\n{codes}" if lines else codes
