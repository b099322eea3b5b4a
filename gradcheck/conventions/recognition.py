"""Which conventions a loaded file keeps: every convention looks at it, and what explains nothing new is left out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any, cast

from gradcheck.conventions import check_options
from gradcheck.conventions.left_over import left_over
from gradcheck.conventions.offer import Contents, Convention, Miss, Offer
from gradcheck.errors import UsageError

CONVENTIONS: Mapping[str, str] = MappingProxyType(
    {
        "graph": "subject.native",
        "mlp": "subject.native_networks",
        "autograd-function": "conventions.autograd_function",
        "custom-vjp": "conventions.custom_vjp",
        "tensor-value": "conventions.tensor_value",
        "scalar-value": "conventions.scalar_value",
        "op-classes": "conventions.op_classes",
        "dictionaries": "conventions.dictionaries",
        "dual": "conventions.dual_numbers",
        "grad-transform": "conventions.grad_transform",
        "layer-pairs": "conventions.layer_pairs",
        "nielsen": "conventions.nielsen",
        "network-loss": "conventions.network_loss",
        "loss-classes": "conventions.loss_classes",
        "layer-classes": "conventions.layer_classes",
        "functions": "conventions.named_derivatives",
        "function-classes": "conventions.function_classes",
    }
)
"""Name of each convention and its module, in the order in which they are tried.

Those of gradcheck's own functions stand in the room `subject`, which says what those functions are.
"""

GRAPH = "graph"
"""The convention of gradcheck's own functions."""


@dataclass(frozen=True)
class Recognition:
    """What was found in a file, and what nearly was."""

    offers: tuple[Offer, ...]
    misses: tuple[Miss, ...]


@dataclass(frozen=True)
class Wish:
    """What `--as CONVENTION:option=value` says: a convention, or None for all of them, and its options."""

    convention: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


def convention(name: str) -> Convention:
    """The convention of this name, imported when it is asked for."""
    return cast(Convention, import_module(f"gradcheck.{CONVENTIONS[name]}"))


def wish(text: str | None) -> Wish:
    """The wish in the text of `--as`; UsageError for an unknown convention, option or value."""
    if text is None:
        return Wish()
    name, _, rest = text.partition(":")
    if name not in CONVENTIONS:
        near = difflib.get_close_matches(name, CONVENTIONS, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"--as: there is no convention {name!r:.80}; {meant}there are {', '.join(CONVENTIONS)}")
    options = {}
    allowed = convention(name).OPTIONS
    for part in filter(None, rest.split(",")):
        option, _, value = part.partition("=")
        of_check = name in check_options.PAIRS and option in check_options.OPTIONS
        if option not in allowed and not of_check:
            known = ", ".join([*allowed, *(check_options.OPTIONS if name in check_options.PAIRS else ())]) or "none"
            raise UsageError(f"--as {name}: there is no option {option!r:.80}; it has {known}")
        if of_check:
            check_options.read(name, option, value)
        elif allowed[option] and value not in allowed[option]:
            raise UsageError(f"--as {name}:{option} takes {', '.join(allowed[option])}, got {value!r:.80}")
        options[option] = value
    return Wish(name, options)


def recognised(module: ModuleType, only: str | None = None, wanted: Wish | None = None) -> Recognition:
    """What `module` offers: under the convention that is wanted, else under all of them."""
    wanted = wanted or Wish()
    contents = Contents(module, only)
    contents.wanted = wanted.convention is not None
    offers: list[Offer] = []
    misses: list[Miss] = []
    claimed: set[str] = set()
    for name in CONVENTIONS if wanted.convention is None else (wanted.convention,):
        contents.claimed = frozenset(claimed)
        for found in _found(name, contents, wanted.options):
            if isinstance(found, Miss):
                misses.append(found)
                continue
            pairs = tuple(check_options.with_check_options(pair, name, wanted.options) for pair in found.pairs)
            found = replace(found, pairs=pairs)
            if not found.claims <= claimed or wanted.convention is not None:
                offers.append(found)
        claimed.update(*(offer.claims for offer in offers))
    offers = [offer for offer in offers if offer.convention != GRAPH or not _is_of_nodes(offer, offers)]
    offers = [offer for offer in offers if not _is_kind_of(offer, offers, contents)]
    if wanted.convention is None:
        misses += left_over(contents, offers, misses)
    explained = {offer.name for offer in offers} | claimed
    left = (m for m in misses if not set(m.name.split(" and ")) <= explained)
    return Recognition(tuple(offers), tuple(left))


def _is_of_nodes(native: Offer, offers: list[Offer]) -> bool:
    """Whether `gradients(root, leaves)` belongs to a class of nodes, and takes no graph of ours."""
    return any(native.claims <= offer.claims for offer in offers if offer is not native)


def _is_kind_of(one: Offer, offers: list[Offer], contents: Contents) -> bool:
    """Whether an engine's class is made from that of another engine of its convention, as a kind of leaves is."""
    kind = contents.classes.get(one.name)
    others = (other for other in offers if other is not one and other.convention == one.convention)
    bases = (contents.classes.get(other.name) for other in others if other.functions)
    return bool(one.functions) and kind is not None and any(b is not None and b in kind.__mro__[1:] for b in bases)


def _found(name: str, contents: Contents, options: Mapping[str, str]) -> Iterator[Any]:
    try:
        yield from convention(name).find(contents, options)
    except Exception as wrong:  # the file's own code ran, and may raise anything
        yield Miss(name, "", f"looking at it raised {type(wrong).__name__}: {wrong}"[:500])
