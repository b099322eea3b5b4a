"""What was recognised, on its way from the child to the parent: texts alone, checked on arrival."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradcheck.conventions.offer import Offer
from gradcheck.conventions.recognition import CONVENTIONS, Recognition
from gradcheck.errors import one_line
from gradcheck.subject.wire import Malformed

MOST, LONGEST = 400, 1_000
"""Maximum number of entries of one list, and of characters of one text; what is beyond is left out or cut."""


@dataclass(frozen=True)
class SeenPair:
    """A pair of functions: its name, the kind of its check, and the names in the user's file."""

    name: str
    kind: str
    shown: str


@dataclass(frozen=True)
class SeenOffer:
    """An `Offer` without its callables; the attributes as there, `entries` are the keys of its functions."""

    convention: str
    name: str
    title: str
    entries: tuple[str, ...] = ()
    ops: frozenset[str] | None = None
    scalars: bool = False
    dtype: str | None = None
    forms: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    pairs: tuple[SeenPair, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeenMiss:
    """A `Miss`: a convention, the name in the file, and why it is none."""

    convention: str
    name: str
    why: str


@dataclass(frozen=True)
class Seen:
    """What was recognised in a file; `public` are some of the names that it defines."""

    offers: tuple[SeenOffer, ...]
    misses: tuple[SeenMiss, ...]
    public: tuple[str, ...]


def seen(offer: Offer) -> SeenOffer:
    """The offer without its callables."""
    return SeenOffer(
        offer.convention,
        offer.name[:LONGEST],
        offer.title[:LONGEST],
        tuple(offer.functions),
        offer.ops,
        offer.scalars,
        offer.dtype,
        tuple(offer.forms),
        tuple(text[:LONGEST] for text in offer.lacking[:MOST]),
        tuple(text[:LONGEST] for text in offer.notes[:MOST]),
        tuple(text[:LONGEST] for text in offer.limits[:MOST]),
        {str(k)[:LONGEST]: str(v)[:LONGEST] for k, v in list(offer.words.items())[:MOST]},
        tuple(SeenPair(p.name[:LONGEST], p.kind, (p.shown or p.name)[:LONGEST]) for p in offer.pairs[:MOST]),
        tuple(text[:LONGEST] for text in offer.warnings[:MOST]),
    )


def to_wire(found: Recognition, public: list[str]) -> dict[str, Any]:
    """The recognition as JSON data."""
    offers = []
    for offer in map(seen, found.offers[:MOST]):
        fields = {**vars(offer), "ops": None if offer.ops is None else sorted(offer.ops)}
        fields["pairs"] = [[pair.name, pair.kind, pair.shown] for pair in offer.pairs]
        texts = ("entries", "forms", "lacking", "notes", "limits", "warnings")
        fields.update({name: list(fields[name]) for name in texts})
        offers.append({**fields, "words": dict(offer.words)})
    misses = [[m.convention, m.name[:LONGEST], one_line(m.why)[:LONGEST]] for m in found.misses[:MOST]]
    return {"offers": offers, "misses": misses, "public": [name[:LONGEST] for name in public[:MOST]]}


def from_wire(header: Mapping[str, Any]) -> Seen:
    """What `to_wire` wrote; raises Malformed for anything else."""
    try:
        offers = tuple(_offer(fields) for fields in _list(header["offers"]))
        misses = tuple(SeenMiss(*map(_text, _list(row))) for row in _list(header["misses"]))
        return Seen(offers, misses, _texts(header["public"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Malformed("a description that is none") from None


def _offer(fields: Mapping[str, Any]) -> SeenOffer:
    convention, dtype = _text(fields["convention"]), fields["dtype"]
    if convention not in CONVENTIONS or dtype not in (None, "float32", "float64") or type(fields["words"]) is not dict:
        raise ValueError
    return SeenOffer(
        convention,
        _text(fields["name"]),
        _text(fields["title"]),
        _texts(fields["entries"]),
        None if fields["ops"] is None else frozenset(_texts(fields["ops"])),
        fields["scalars"] is True,
        dtype,
        _texts(fields["forms"]),
        _texts(fields["lacking"]),
        _texts(fields["notes"]),
        _texts(fields["limits"]),
        {_text(k): _text(v) for k, v in list(fields["words"].items())[:MOST]},
        tuple(SeenPair(*map(_text, _list(row))) for row in _list(fields["pairs"])),
        _texts(fields["warnings"]),
    )


def _list(value: Any) -> list[Any]:
    if type(value) is not list or len(value) > MOST:
        raise ValueError
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > LONGEST:
        raise ValueError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, _list(value)))
