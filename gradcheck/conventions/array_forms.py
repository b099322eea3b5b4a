"""How classes of arrays take the attributes of an op: `x.sum(axis=0)`, `x.sum(0)`, `x.permute(1, 2, 0)`, `x[[2, 0]]`.

An op may be written in several forms, and names alone do not tell which of them a class takes. Each form is a call that
can be tried; `array_trials` keeps those whose forward values are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.offer import Contents
from gradcheck.conventions.spellings import FUNCTIONS, OPERATORS, numpys
from gradcheck.problem import OPS


@dataclass(frozen=True)
class Form:
    """How the attributes of an op are handed over.

    Attributes
    ----------
    positional: attributes given by position, in this order; a star in front spreads a tuple.
    named: keyword and attribute, for those given by name.
    sure: whether the call can mean nothing else; one that can is right only where its forward value is.
    silent: attributes that need not be given, because the class may have fixed them.
    tupled: attributes of which a single number is given as a tuple.
    """

    positional: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    sure: bool = True
    silent: tuple[str, ...] = ()
    tupled: tuple[str, ...] = ()

    def covers(self, op: str, attributes: Mapping[str, Any]) -> bool:
        """Whether every attribute that is not at its default is handed over."""
        said = {name.lstrip("*") for name in self.positional} | {name for _, name in self.named} | set(self.silent)
        defaults = OPS[op].attributes.items()
        return all(name in said for name, default in defaults if default is ... or attributes[name] != default)

    def positions(self, attributes: Mapping[str, Any]) -> list[Any]:
        """The arguments by position."""
        given: list[Any] = []
        for name in self.positional:
            value = self._given(name.lstrip("*"), attributes)
            if name.startswith("*"):
                given.extend(value if isinstance(value, tuple) else (value,))
            else:
                given.append(value)
        return given

    def keywords(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by keyword."""
        return {keyword: self._given(name, attributes) for keyword, name in self.named}

    def text(self) -> tuple[str, ...]:
        """The arguments as they are written, with attributes in braces."""
        spread = [f"*{{{name[1:]}}}" if name.startswith("*") else self._written(name) for name in self.positional]
        return (*spread, *(f"{keyword}={self._written(name)}" for keyword, name in self.named))

    def _given(self, name: str, attributes: Mapping[str, Any]) -> Any:
        value = attributes[name]
        return (value,) if name in self.tupled and isinstance(value, int) else value

    def _written(self, name: str) -> str:
        return f"({{{name}}},)" if name in self.tupled else f"{{{name}}}"


BARE = Form()


def _by_name(*keywords: str, attribute: str = "axis") -> tuple[Form, ...]:
    return tuple(Form(named=((keyword, attribute),)) for keyword in keywords)


_AXIS = _by_name("axis", "dim", "axes")
_REDUCTION = (
    BARE,
    *_AXIS,
    Form(("axis",), sure=False),
    *_by_name("keepdims", "keepdim", attribute="keepdims"),
    *(Form(named=((axis, "axis"),), tupled=("axis",)) for axis in ("axis", "dim", "axes")),
    Form(("axis",), sure=False, tupled=("axis",)),
    *(
        Form(named=((axis, "axis"), (keep, "keepdims")))
        for axis, keep in (("axis", "keepdims"), ("dim", "keepdim"), ("axis", "keepdim"), ("dim", "keepdims"))
    ),
    Form(("axis", "keepdims"), sure=False),
    Form(named=(("axis", "axis"),), sure=False, silent=("keepdims",)),
    Form(("axis",), sure=False, silent=("keepdims",)),
)
_ALONG = (*_AXIS, Form(("axis",), sure=False), Form(sure=False, silent=("axis",)))
_SHAPE = (Form(("shape",)), Form(("*shape",)), *_by_name("shape", "newshape", attribute="shape"))

FORMS: Mapping[str, tuple[Form, ...]] = MappingProxyType(
    {
        "sum": _REDUCTION,
        "mean": _REDUCTION,
        "max": _REDUCTION,
        "logsumexp": _REDUCTION,
        "softmax": _ALONG,
        "log_softmax": _ALONG,
        "cross_entropy": (*_by_name("axis"), Form(sure=False, silent=("axis",))),
        "reshape": _SHAPE,
        "broadcast_to": _SHAPE,
        "transpose": (
            Form(sure=False),
            Form(named=(("axes", "axes"),), sure=False),
            Form(("axes",), sure=False),
            Form(("*axes",), sure=False),
        ),
        "concatenate": (BARE, *_AXIS, Form(("axis",), sure=False)),
        "leaky_relu": (
            Form(sure=False, silent=("slope",)),
            *_by_name("slope", "negative_slope", "alpha", attribute="slope"),
            Form(("slope",), sure=False),
        ),
        "elu": (
            Form(sure=False, silent=("alpha",)),
            *_by_name("alpha", attribute="alpha"),
            Form(("alpha",), sure=False),
        ),
    }
)
"""Per op with attributes, the forms in the order in which they are tried; ops without attributes take none."""


def renamed(op: str, attributes: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The attributes by each keyword under which a function of numbers may take them."""
    forms = [form for form in FORMS.get(op, (BARE,)) if form.named or not attributes]
    return tuple(form.keywords(attributes) for form in forms if {name for _, name in form.named} == set(attributes))


NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sum": ("summation",),
        "max": ("max_reduce",),
        "transpose": ("permute",),
        "cross_entropy": ("cross_entropy", "softmax_cross_entropy", "softmax_crossentropy", "cross_entropy_loss"),
    }
)
"""Names besides those of `spellings.FUNCTIONS` under which classes of arrays offer an op."""


@dataclass(frozen=True)
class Way:
    """One call that may be an op: `apply(*operands, **attributes)`, all attributes given.

    `text` is how it is written, with operands by number and attributes by name; `infix` says that an operand may be a
    plain number or array; `name` is the name in the file that it uses, "" for an operator; `sure` as in `Form`.
    """

    apply: Callable[..., Any]
    text: str
    infix: bool = False
    name: str = ""
    sure: bool = True


def ways(op: str, attributes: Mapping[str, Any], operands: int, kind: type, contents: Contents) -> Iterator[Way]:
    """Every call that may be this op with these attributes, the most usual first."""
    if op in OPERATORS:
        method, apply, text = OPERATORS[op]
        if method in dir(kind):
            yield Way(apply, text, infix=True)
    if op in _SPECIAL:
        yield from _SPECIAL[op](attributes, kind, contents)
    for form in FORMS.get(op, (BARE,)):
        if form.covers(op, attributes):
            for name in (*FUNCTIONS.get(op, ()), *NAMES.get(op, ())):
                yield from _calls(op, name, form, operands, kind, contents)


def _calls(op: str, name: str, form: Form, operands: int, kind: type, contents: Contents) -> Iterator[Way]:
    """The op as a method and as a function of this name."""
    numbers = [f"{{{k}}}" for k in range(operands)]
    plain = op == "cross_entropy"  # targets are data
    listed = op == "concatenate"
    if callable(getattr(kind, name, None)) and not listed:
        text = f"{{0}}.{name}({', '.join([*numbers[1:], *form.text()])})"
        yield Way(_method(name, form), text, plain, name, form.sure)
    first = f"[{', '.join(numbers)}]" if listed else ", ".join(numbers)
    for written, function in (*_functions_of(name, kind if listed else None, contents), *numpys(kind, name)):
        text = f"{written}({', '.join([first, *form.text()])})"
        yield Way(_function(function, form, listed), text, plain, written, form.sure)


def _functions_of(name: str, kind: type | None, contents: Contents) -> list[tuple[str, Callable[..., Any]]]:
    """The subject's functions of this name; in mygrad functions are classes that make a tensor when called.

    `kind`: the class whose method `Tensor.cat([x, y])` it may be.
    """
    found = contents.functions_of(name)
    if name in contents.own_classes:
        found = [*found, (name, contents.own_classes[name])]
    if not found and callable(getattr(kind, name, None)):
        found = [(f"{kind.__name__}.{name}", getattr(kind, name))] if kind is not None else []
    return found


def _method(name: str, form: Form) -> Callable[..., Any]:
    def apply(node: Any, *more: Any, **attributes: Any) -> Any:
        return getattr(node, name)(*more, *form.positions(attributes), **form.keywords(attributes))

    return apply


def _function(function: Callable[..., Any], form: Form, listed: bool) -> Callable[..., Any]:
    def apply(*operands: Any, **attributes: Any) -> Any:
        given = [list(operands)] if listed else operands
        return function(*given, *form.positions(attributes), **form.keywords(attributes))

    return apply


def _transposed(attributes: Mapping[str, Any], kind: type, contents: Contents) -> Iterator[Way]:
    if attributes["axes"] is None and hasattr(kind, "T"):
        yield Way(lambda x, **_: x.T() if callable(x.T) else x.T, "{0}.T", sure=False)


def _taken(attributes: Mapping[str, Any], kind: type, contents: Contents) -> Iterator[Way]:
    """Indexing; a list of indices is tried where an array of them is refused."""
    if not hasattr(kind, "__getitem__"):
        return
    front, axis = ":, ", attributes["axis"]
    for convert in (np.asarray, _listed):
        yield Way(_indexing(convert), f"{{0}}[{front * axis}{{indices}}]")


def _indexing(convert: Callable[[Any], Any]) -> Callable[..., Any]:
    def apply(x: Any, indices: Any, axis: int = 0) -> Any:
        index = indices if isinstance(indices, int) else convert(indices)
        return x[(*(slice(None),) * axis, index)] if axis else x[index]

    return apply


def _listed(indices: Any) -> Any:
    return np.asarray(indices).tolist()


def _chosen(attributes: Mapping[str, Any], kind: type, contents: Contents) -> Iterator[Way]:
    """where(mask, x, y), as a function or a static method."""
    method = getattr(kind, "where", None)
    found = _functions_of("where", None, contents)
    for written, function in (*found, *([(f"{kind.__name__}.where", method)] if method is not None else [])):
        yield Way(_choice(function), f"{written}({{mask}}, {{0}}, {{1}})", name="where")


def _choice(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y, mask: function(np.asarray(mask, dtype=bool), x, y)


def _absolute(attributes: Mapping[str, Any], kind: type, contents: Contents) -> Iterator[Way]:
    if hasattr(kind, "__abs__"):
        yield Way(abs, "abs({0})")


_SPECIAL: Mapping[str, Callable[[Mapping[str, Any], type, Contents], Iterator[Way]]] = MappingProxyType(
    {"transpose": _transposed, "take": _taken, "where": _chosen, "abs": _absolute}
)
