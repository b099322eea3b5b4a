"""Example inputs of losses of word vectors: vectors, a position, a vocabulary, a data set to draw from.

What an argument is follows from the last word of its name: `outsideWordIdx`, `center_word_vec`, `word2Ind`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.example_inputs import Example, setting
from gradcheck.conventions.example_shapes import role
from gradcheck.conventions.example_values import numbers
from gradcheck.conventions.name_words import words

_WIDTH = 3
_TOKENS = "abcde"
_CENTER, _AROUND = "c", ("a", "b", "e", "d", "b", "a")
_LAST: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "vector": ("vec", "vector", "embedding"),
        "vectors": ("vecs", "vectors", "embeddings"),
        "position": ("idx", "index", "ind"),
        "dataset": ("dataset",),
        "word": ("word", "token"),
        "around": ("words", "tokens", "context"),
        "window": ("window",),
    }
)
"""What the last word of a name stands for."""


class Dataset:
    """Draws tokens and contexts as the data set of a course does; every copy draws the same."""

    def __init__(self) -> None:
        self._drawn = np.random.RandomState(3)

    def sampleTokenIdx(self) -> int:  # noqa: N802 - the name that files call
        """A token's number."""
        return int(self._drawn.randint(len(_TOKENS)))

    def getRandomContext(self, size: int = 2) -> tuple[str, list[str]]:  # noqa: N802
        """A word and the words around it."""
        return _CENTER, list(_AROUND[:size])


def word_vectors(names: Sequence[str]) -> Iterator[Example]:
    """The example for arguments with such names; none where one of them is of another kind."""
    kinds = {name: _kind(name) for name in names}
    if not {"vector", "vectors"} & set(kinds.values()):
        return
    known = {"prediction": "vector", "target": "position"}
    values: dict[str, Any] = {}
    for name, mine in kinds.items():
        kind = mine or known.get(role(name) or "")
        if kind is None and setting(name) is None:
            return
        values[name] = setting(name) if kind is None else _value(kind, name)
    yield Example(values, tuple(n for n, v in values.items() if isinstance(v, np.ndarray)), (), "vectors of words")


def _kind(name: str) -> str | None:
    found = words(name)
    if not found:
        return None
    if len(found) > 2 and found[-2] in ("2", "to"):
        return "vocabulary"
    if found[-2:] in (["window", "size"], ["context", "size"]):
        return "window"
    return next((kind for kind, last in _LAST.items() if found[-1] in last), None)


def _value(kind: str, name: str) -> Any:
    values: dict[str, Callable[[], Any]] = {
        "vector": lambda: numbers((_WIDTH,), name),
        "vectors": lambda: numbers((len(_TOKENS), _WIDTH), name),
        "position": lambda: 1,
        "dataset": Dataset,
        "vocabulary": lambda: {token: k for k, token in enumerate(_TOKENS)},
        "word": lambda: _CENTER,
        "around": lambda: list(_AROUND),
        "window": lambda: 2,
    }
    return values[kind]()
