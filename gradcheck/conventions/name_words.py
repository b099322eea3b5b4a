"""The words of a name, however it is spelled, and what is left of a name without words that say nothing of it."""

from __future__ import annotations

import re
from collections.abc import Collection

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SPELLINGS = {
    "regularized": "reg",
    "regularised": "reg",
    "regularization": "reg",
    "regularisation": "reg",
    "log": "logistic",
    "lin": "linear",
    "gradients": "gradient",
    "grad": "gradient",
    "grads": "gradient",
}
"""Words that are spelled in several ways."""


def words(name: str) -> list[str]:
    """["center", "word", "vec"] of `centerWordVec` and of `center_word_vec`."""
    return [word.lower() for word in _WORD.findall(name)]


def without(name: str, dropped: Collection[str]) -> tuple[str, ...]:
    """The words of a name in one spelling, those in `dropped` left out."""
    spelled = (_SPELLINGS.get(word, word) for word in words(name))
    return tuple(word for word in spelled if word not in dropped)
