"""What a verification is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.subject.command import Command
from gradcheck.subject.looking import Source

SECONDS = 12.0
"""Seconds for the search for causes and smallest examples, all groups together."""


@dataclass(frozen=True)
class Wanted:
    """What is to be verified, and how.

    Attributes
    ----------
    source: what is looked at; text: the same as it was given.
    replay: the command that repeats one case or pair, up to its address.
    required: ops that an engine must offer.
    only: the address of the one graph or pair to be asked; None for all.
    timeout: seconds for each question.
    budget: seconds for the search for causes.
    """

    source: Source | Command
    text: str
    replay: str
    required: Sequence[str] = ()
    only: str | None = None
    timeout: float = 10.0
    budget: float = SECONDS
