"""Completion scripts for bash, zsh and fish, from a description of what may stand where."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """An option.

    Attributes
    ----------
    names: `-q`, `--quiet`.
    about: its help.
    values: what it takes, where that is one of a few words.
    takes: whether it takes a value.
    files: whether that value is a file.
    """

    names: tuple[str, ...]
    about: str
    values: tuple[str, ...]
    takes: bool
    files: bool


@dataclass(frozen=True)
class Place:
    """What may stand behind some words of a command line.

    Attributes
    ----------
    words: the words, without `gradcheck` and without options.
    options: what begins with a dash.
    commands: the next word with its help, where it is a command or an action.
    values: other words that may stand here.
    files: whether a file may stand here.
    """

    words: tuple[str, ...]
    options: tuple[Choice, ...]
    commands: dict[str, str]
    values: tuple[str, ...]
    files: bool

    @property
    def path(self) -> str:
        """ "/baseline/record"; "" for the command itself."""
        return "".join(f"/{word}" for word in self.words)


def bash(places: Sequence[Place]) -> str:
    """The script for bash 4 and newer."""
    values, words = [], []
    for place in places:
        for option in place.options:
            keys = "|".join(f'"{place.path} {name}"' for name in option.names)
            if option.values:
                values.append(f"{keys}) options= words={_quoted(option.values)} files= ;;")
            elif option.takes:
                values.append(f"{keys}) options= words= files={'yes' if option.files else ''} ;;")
        names = [name for option in place.options for name in option.names]
        here = f"words={_quoted((*place.commands, *place.values))} files={'yes' if place.files else ''}"
        words.append(f'"{place.path}") options={_quoted(names)} {here} ;;')
    return f"""# bash completion for gradcheck:  source <(gradcheck completion bash)
_gradcheck() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} place= options= words= files= k
    # bash splits --option=value into three words
    if [[ $cur == = ]]; then cur=
    elif [[ $prev == = && COMP_CWORD -gt 1 ]]; then prev=${{COMP_WORDS[COMP_CWORD-2]}}; fi
    for ((k = 1; k < COMP_CWORD; k++)); do
        case "$place/${{COMP_WORDS[k]}}" in
            {_paths(places)}) place="$place/${{COMP_WORDS[k]}}" ;;
        esac
    done
    case "$place" in
        {_lines(words, 8)}
    esac
    case "$place $prev" in
        {_lines(values, 8)}
    esac
    [[ $cur == -* ]] && words=$options files=
    mapfile -t COMPREPLY < <(compgen -W "$words" ${{files:+-f}} -- "$cur")
    [[ -n $files ]] && compopt -o filenames 2>/dev/null
    return 0
}}
complete -F _gradcheck gradcheck
"""


def zsh(places: Sequence[Place]) -> str:
    """The script for zsh."""
    values, words = [], []
    for place in places:
        for option in place.options:
            keys = "|".join(f'"{place.path} {name}"' for name in option.names)
            if option.values:
                values.append(f"{keys}) compadd -- {' '.join(map(shlex.quote, option.values))}; return ;;")
            elif option.takes:
                values.append(f"{keys}) {'_files' if option.files else '_message value'}; return ;;")
        rows = [_described(name, option.about) for option in place.options for name in option.names]
        further = [_described(name, about) for name, about in place.commands.items()]
        further += map(shlex.quote, place.values)
        words.append(
            f'"{place.path}") options=({" ".join(rows)}) words=({" ".join(further)}) '
            f"files={'yes' if place.files else ''} ;;"
        )
    return f"""#compdef gradcheck
# zsh completion for gradcheck:  source <(gradcheck completion zsh), or a file _gradcheck along fpath
_gradcheck() {{
    local place= files= k
    local -a options words_here
    for ((k = 2; k < CURRENT; k++)); do
        case "$place/${{words[k]}}" in
            {_paths(places)}) place="$place/${{words[k]}}" ;;
        esac
    done
    case "$place ${{words[CURRENT-1]}}" in
        {_lines(values, 8)}
    esac
    case "$place" in
        {_lines([row.replace(" words=(", " words_here=(") for row in words], 8)}
    esac
    if [[ $PREFIX == -* ]]; then
        _describe option options
    else
        (( $#words_here )) && _describe argument words_here
        [[ -n $files ]] && _files
    fi
    return 0
}}
if [[ ${{zsh_eval_context[-1]}} == loadautofunc ]]; then _gradcheck "$@"; else compdef _gradcheck gradcheck; fi
"""


def fish(places: Sequence[Place]) -> str:
    """The script for fish."""
    known = " ".join(_fish(place.path) for place in places if place.words)
    rows = []
    for place in places:
        here = f"complete -c gradcheck -n {_fish(f'__gradcheck_at {_fish(place.path)}')}"
        if not place.files:
            rows.append(f"{here} -f")
        rows += [f"{here} -a {_fish(name)} -d {_fish(about)}" for name, about in place.commands.items()]
        if place.values:
            rows.append(f"{here} -a {_fish(' '.join(place.values))}")
        for option in place.options:
            names = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names)
            takes = " -x" if option.takes and not option.files else " -r -F" if option.takes else ""
            takes += f" -a {_fish(' '.join(option.values))}" if option.values else ""
            rows.append(f"{here} {names}{takes} -d {_fish(option.about)}")
    return f"""# fish completion for gradcheck:  gradcheck completion fish | source
function __gradcheck_at
    set -l place ''
    for word in (commandline -opc)[2..-1]
        contains -- "$place/$word" {known}; and set place "$place/$word"
    end
    test "$place" = "$argv[1]"
end
{_lines(rows, 0)}
"""


SCRIPTS: dict[str, Callable[[Sequence[Place]], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""The shells that there is a script for."""


def _paths(places: Sequence[Place]) -> str:
    return "|".join(place.path for place in places if place.words)


def _quoted(words: Sequence[str]) -> str:
    return shlex.quote(" ".join(words))


def _described(name: str, about: str) -> str:
    return shlex.quote(f"{name.replace(':', chr(92) + ':')}:{about.replace(':', chr(92) + ':')}")


def _fish(text: str) -> str:
    """A single-quoted string of fish, in which only backslashes and quotes are escaped."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _lines(rows: Sequence[str], indent: int) -> str:
    return f"\n{' ' * indent}".join(rows)
