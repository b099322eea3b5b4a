"""`gradcheck completion SHELL`: scripts that real shells run."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gradcheck.cli import COMMANDS, every_parser, main
from gradcheck.cli.completion import places
from gradcheck.cli.shell_scripts import SCRIPTS

BASH = """
source "$1"; shift
complete -p gradcheck
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_gradcheck
printf '%s\\n' "${COMPREPLY[@]}"
"""

ZSH = """
compdef() { print -r -- "complete -F $1 $2" }
compadd() { shift; print -rl -- "$@" }
_files() { print -rl -- ${PREFIX}*(N) }
_message() { }
_describe() { local row; for row in "${(@P)2}"; do print -r -- "${row%%:*}"; done }
source "$1"; shift
words=("$@"); CURRENT=$#; PREFIX=${words[CURRENT]}
_gradcheck
"""

FISH = """
source $argv[1]
echo complete -F _gradcheck gradcheck
complete -C (string join ' ' -- $argv[2..-1])
"""

SHELLS = {
    "bash": ("bash", "--norc", "--noprofile", "-c", BASH, "bash"),
    "zsh": ("zsh", "-f", "-c", ZSH, "zsh"),
    "fish": ("fish", "--no-config", "-c", FISH),
}

Complete = Callable[..., set[str]]


@pytest.fixture(params=SHELLS)
def complete(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Complete:
    """`complete("gradcheck", "ru")`: what a shell offers for the last word."""
    shell: str = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_suite.py").touch()
    assert main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)

    def offered(*words: str) -> set[str]:
        done = subprocess.run(
            [*SHELLS[shell], str(script), *words], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.stderr == ""
        first, *rest = done.stdout.splitlines()
        assert first == "complete -F _gradcheck gradcheck"
        words_offered = (line.partition("\t")[0] for line in rest if line)
        return {word for word in words_offered if word.startswith(words[-1])}

    return offered


def test_commands(complete: Complete) -> None:
    assert complete("gradcheck", "") >= set(COMMANDS)
    assert complete("gradcheck", "ver") == {"verify"}
    assert complete("gradcheck", "--vers") == {"--version"}


def test_options(complete: Complete) -> None:
    assert complete("gradcheck", "run", "--sub") == {"--subject"}
    assert complete("gradcheck", "run", "mlps", "--no-s") == {"--no-save"}
    assert complete("gradcheck", "explain", "--fo") == {"--form", "--format"}
    assert complete("gradcheck", "config", "--sub") == set()


def test_values_of_options(complete: Complete) -> None:
    assert complete("gradcheck", "run", "--format", "") == {"console", "json"}
    assert complete("gradcheck", "run", "--dtype", "float3") == {"float32"}
    assert complete("gradcheck", "explain", "--format", "m") == {"markdown", "mermaid"}


def test_files(complete: Complete) -> None:
    assert complete("gradcheck", "run", "--subject", "my_s") == {"my_suite.py"}
    assert complete("gradcheck", "verify", "my_s") == {"my_suite.py"}
    assert complete("gradcheck", "run", "--seed", "my_s") == set()


def test_suites(complete: Complete) -> None:
    assert complete("gradcheck", "run", "m") == {"mlps", "my_suite.py"}
    assert complete("gradcheck", "run", "worked") == {"worked_examples"}
    assert complete("gradcheck", "config", "worked") == set()


def test_actions_of_a_command(complete: Complete) -> None:
    assert complete("gradcheck", "baseline", "") >= {"record", "compare", "update"}
    assert complete("gradcheck", "baseline", "compare", "--fac") == {"--factor"}
    assert complete("gradcheck", "baseline", "record", "--fac") == set()
    assert complete("gradcheck", "completion", "") == set(SCRIPTS)


def test_a_value_behind_an_equals_sign_in_bash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", "bash"])
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    for words in (("--format", "=", "j"), ("--format", "=")):
        line = [*SHELLS["bash"], str(script), "gradcheck", "run", *words]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
        assert "json" in done.stdout.splitlines()


def test_every_option_of_every_command_is_in_every_script() -> None:
    found = places(every_parser())
    assert {place.words[0] for place in found if place.words} == set(COMMANDS)
    assert sum(len(place.options) for place in found) > 60
    for name, script in SCRIPTS.items():
        text = script(found)
        for place in found:
            for option in place.options:
                for flag in option.names:
                    shown = re.sub("^--?", "", flag) if name == "fish" else flag
                    assert re.search(rf"(?<![\w]){re.escape(shown)}(?![\w-])", text), (name, place.words, flag)


def test_an_unknown_shell(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["completion", "tcsh"])
    assert end.value.code == 2
    assert "invalid choice: 'tcsh'" in capsys.readouterr().err
