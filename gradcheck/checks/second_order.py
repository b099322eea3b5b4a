"""`check_vjp(..., order=2)`: does the derivative itself differentiate rightly?

A VJP is a function of a cotangent and the inputs, g(c, x) = J(x)^T c. What is judged is a VJP of that function,
v -> (J(x) v, d/dx <v, J(x)^T c>): either a rule of the user's own, `vjp2`, or what comes of differentiating the code of
`vjp` as an automatic differentiation would, constants that it holds (`gradcheck.held`) included. The truth knows
nothing of `vjp`: f's record is swept in reverse, and that sweep is swept again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import update_wrapper
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.forms import Form, form_of
from gradcheck.checks.given_form import GivenForm
from gradcheck.checks.gradient_of import GradientOf
from gradcheck.checks.held_arguments import asked
from gradcheck.checks.structures import no_curved
from gradcheck.checks.trees import branch
from gradcheck.checks.whole_numbers import with_floats
from gradcheck.errors import InvalidProblem, Unsupported, UsageError, shown
from gradcheck.judge.function_trial import Examination
from gradcheck.judge.input_structure import Projection, projections
from gradcheck.judge.question import Question
from gradcheck.judge.raised import UnreadableAnswer
from gradcheck.judge.settings import Settings
from gradcheck.judge.strategies_of_inputs import is_strategy
from gradcheck.judge.what_was_checked import checked_as
from gradcheck.problem.function import Function, as_inputs, lend
from gradcheck.tracing import Outcomes, explore
from gradcheck.tracing.complex_traced import is_complex
from gradcheck.verdict.conclusion import conclude_again
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict

Array = NDArray[Any]

MOST_KNOWN = 32
"""Maximum number of points at which the record of a VJP is kept: the judge asks about one point many times."""


@dataclass(frozen=True)
class Given:
    """What a user hands to `check_vjp(..., order=2)`, beside the options of the judge."""

    f: Callable[..., Any]
    vjp: Callable[..., Any]
    vjp2: Callable[..., Any] | None
    inputs: tuple[Any, ...]
    wrt: Any
    keywords: Mapping[str, Any] | None
    has_aux: bool
    holomorphic: bool


def check_order(order: int, vjp2: Any, inputs: Sequence[Any], structure: Any) -> None:
    """Raises UsageError for an order that there is not, and for what an order does not go with."""
    if not isinstance(order, int) or isinstance(order, bool) or order not in (1, 2):
        raise UsageError(f"order must be 1 (the VJP) or 2 (its own derivative besides), got {shown(order)}")
    if vjp2 is not None and not callable(vjp2):
        raise InvalidProblem(f"expected a function, got {type(vjp2).__name__}", where="vjp2")
    if vjp2 is not None and order == 1:
        raise UsageError("vjp2 is the VJP of vjp: say order=2 to have it checked")
    if order == 2 and any(is_strategy(value) for value in inputs):
        raise UsageError("order=2 needs a point; inputs drawn by strategies are checked at order 1 only")
    if order == 2:
        no_curved(structure, "order=2")


def second_order(first: Result, given: Given, settings: Settings) -> Result:
    """What the first order came to, and the second order besides; `first` itself if it is wrong already."""
    if first.verdict in (Verdict.FAIL, Verdict.ERROR):
        return first
    twice, settings = _twice(given, settings)
    names = (*twice.cotangent_names, *twice.function.names)
    function = Function(twice.truth(), twice.positions, names)
    arguments = (*twice.cotangents, *twice.inputs)
    derivative = twice.own(given.vjp2) if given.vjp2 is not None else twice.traced(arguments)
    result = Examination(Question("vjp", function, derivative), arguments, settings).result()
    if result.verdict is Verdict.FAIL:
        how = "vjp2 was asked" if given.vjp2 is not None else "its code was differentiated"
        result = conclude_again(result, [finding("GC108", how=how)])
    about = checked_as("vjp", _named(given.f, names), given.vjp if given.vjp2 is None else given.vjp2, arguments)
    about = replace(about, function=f"the vjp of {about.function}")
    result = replace(result, checked=about, address=first.address, comparisons=first.comparisons + result.comparisons)
    return conclude_again(result, [f for f in first.findings if f.code != "GC033"])


@dataclass(frozen=True)
class _Twice:
    """A VJP as a function of its cotangents and inputs.

    Attributes
    ----------
    function: f in the form of plain arrays, with the inputs by which the VJP is differentiated.
    vjp: the VJP on trial.
    inputs, cotangents: the point.
    many: whether f returns a tuple, so that a cotangent is one.
    keep: per differentiated input the projection that its declared structure asks for, or None.
    """

    function: Function
    vjp: Callable[..., Any]
    inputs: tuple[Any, ...]
    cotangents: tuple[Array, ...]
    many: bool
    keep: tuple[Projection | None, ...]

    @property
    def cotangent_names(self) -> tuple[str, ...]:
        """A name per cotangent that no input has."""
        word = "cotangent" if "cotangent" not in self.function.names else "upstream cotangent"
        return tuple(f"{word} {k}" for k in range(len(self.cotangents))) if len(self.cotangents) > 1 else (word,)

    @property
    def positions(self) -> tuple[int, ...]:
        """Positions of what the VJP is differentiated by: every cotangent, and the differentiated inputs."""
        count = len(self.cotangents)
        return (*range(count), *(count + k for k in self.function.wrt))

    def truth(self) -> Callable[..., Any]:
        """(cotangents, inputs) -> the right VJP: the gradient of <c, f(x)> by x."""
        count = len(self.cotangents)

        def weighed(*arguments: Any) -> Any:
            value = self.function.f(*arguments[count:])
            outputs = value if isinstance(value, tuple | list) else (value,)
            return sum(np.sum(c * y) for c, y in zip(arguments[:count], outputs, strict=True))

        gradient = GradientOf(update_wrapper(weighed, self.function.f), self.positions[count:])
        if not any(self.keep):
            return gradient
        return lambda *arguments: self._kept(gradient(*arguments))

    def traced(self, arguments: Sequence[Any]) -> Callable[..., Any]:
        """The VJP of `vjp` that its own code has. Raises InvalidProblem if it cannot be had at this point."""
        differentiated = _Differentiated(self)
        differentiated.outcomes(arguments)
        return update_wrapper(lambda v, *own: differentiated(self._kept(v), *own), self.vjp)

    def _kept(self, parts: Any) -> Any:
        """A gradient, or a vector of its form, without what declared structure cannot see of it."""
        several = parts if isinstance(parts, tuple) else (parts,)
        kept = tuple(p if keep is None else keep.apply(p) for p, keep in zip(several, self.keep, strict=True))
        return kept if isinstance(parts, tuple) else kept[0]

    def own(self, vjp2: Callable[..., Any]) -> Callable[..., Any]:
        """The user's VJP of `vjp`, as a function of plain arrays."""

        def asked_for(vectors: Any, *arguments: Any) -> tuple[Any, ...]:
            cotangent, inputs = self._split(arguments)
            answer = vjp2(self._kept(vectors), cotangent, *inputs)
            return self._per_argument(answer)

        return update_wrapper(asked_for, vjp2)

    def parts(self, *arguments: Any) -> tuple[Any, ...]:
        """What `vjp` answers: an array per differentiated input, of its shape."""
        cotangent, inputs = self._split(arguments)
        answer = self.vjp(cotangent, *inputs)
        shapes = [np.shape(self.inputs[k]) for k in self.function.wrt]
        found = _chosen(answer, len(self.inputs), self.function.wrt)
        return tuple(
            np.zeros(shape) if part is None else np.reshape(part, shape)
            for part, shape in zip(found, shapes, strict=True)
        )

    def _split(self, arguments: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        """The cotangent as `vjp` takes it, and the inputs."""
        count = len(self.cotangents)
        own = tuple(arguments[:count])
        return (own if self.many else own[0]), arguments[count:]

    def _per_argument(self, answer: Any) -> tuple[Any, ...]:
        """One array per cotangent and input; None for an input that is not differentiated. Raises UnreadableAnswer."""
        count = 1 + len(self.inputs)
        wanted = f"{count} gradients: by the cotangent, and by each of {', '.join(self.function.names)}"
        if not isinstance(answer, tuple | list) or len(answer) not in (count, 1 + len(self.function.wrt)):
            came = str(len(answer)) if isinstance(answer, tuple | list) else f"one {type(answer).__name__}"
            raise UnreadableAnswer("GC019", wanted=wanted, came=came)
        first = tuple(answer[0]) if self.many and isinstance(answer[0], tuple | list) else (answer[0],)
        if len(first) != len(self.cotangents):
            raise UnreadableAnswer("GC019", wanted=f"{len(self.cotangents)} cotangents", came=str(len(first)))
        rest = dict(zip(self.function.wrt if len(answer) < count else range(count - 1), answer[1:], strict=True))
        return (*first, *(rest.get(k) for k in range(count - 1)))


class _Differentiated:
    """The VJP of a VJP, by a reverse sweep over its record: what an automatic differentiation makes of its code."""

    def __init__(self, twice: _Twice) -> None:
        self._twice = twice
        self._known: dict[Any, Outcomes] = {}

    def __call__(self, vectors: Any, *arguments: Any) -> tuple[Any, ...]:
        """An array per cotangent and input; None for an input that is not differentiated."""
        outcomes = self.outcomes(arguments)
        seeds = list(vectors) if isinstance(vectors, tuple) else [vectors]
        with np.errstate(all="ignore"):
            parts = iter(outcomes.vjp(seeds).parts)
        return tuple(
            np.asarray(next(parts).midpoint, np.float64).reshape(np.shape(x)).astype(np.asarray(x).dtype)
            if k in self._twice.positions
            else None
            for k, x in enumerate(arguments)
        )

    def outcomes(self, arguments: Sequence[Any]) -> Outcomes:
        """The record of `vjp` at a point. Raises InvalidProblem if there is none."""
        key = tuple((np.shape(x), np.asarray(x).dtype.str, np.asarray(x).tobytes()) for x in arguments)
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            parts = update_wrapper(lambda *own: self._twice.parts(*own), self._twice.vjp)
            try:
                self._known[key] = explore(parts, lend(arguments), wrt=self._twice.positions)
            except Unsupported as why:
                raise InvalidProblem(
                    f"it cannot be differentiated ({why}); give its own VJP, vjp2=", where="vjp"
                ) from None
        return self._known[key]


def _twice(given: Given, settings: Settings) -> tuple[_Twice, Settings]:
    """The VJP as a function, and the options of its check."""
    f, vjp, inputs, wrt = given.f, given.vjp, given.inputs, given.wrt
    form = _form(given)
    if form is not None:
        if given.vjp2 is not None and any(branch(value) is not None for value in inputs):
            raise UsageError("vjp2 takes plain arrays; leave it out, and the code of vjp is differentiated")
        f, vjp, inputs = form.function(f), form.derivative(vjp, f), form.plain_inputs()
        wrt = form.plain_choice(wrt)
        settings = form.declared(settings)
    given_form = GivenForm.of(f, inputs)
    f, vjp = given_form.function(f), given_form.derivative("vjp", vjp)
    plain, _ = with_floats("vjp", f, vjp, as_inputs(inputs), wrt)
    question, settings = asked("vjp", f, vjp, plain, wrt, settings)
    function = question.function if settings.meant is None else replace(question.function, f=settings.meant)
    outputs, many = function.value(lend(plain))
    function = replace(function, wrt=tuple(k for k in function.wrt if k not in question.stopped))
    random = np.random.default_rng(settings.seed or 0)
    cotangents = tuple(np.asarray(random.standard_normal(y.shape), _floating(y.dtype)) for y in outputs)
    shift = len(cotangents)
    kept = projections(settings.structure, plain, function.names, function.wrt)
    moved = replace(
        settings,
        structure=_shifted(settings.structure, shift),
        domain=_shifted(settings.domain, shift),
        meant=None,
        stop_gradient=(),
    )
    keep = tuple(kept.get(function.names[k]) for k in function.wrt)
    return _Twice(function, vjp, plain, cotangents, many, keep), moved


def _form(given: Given) -> Form | None:
    form = form_of("vjp", given.f, given.inputs, given.keywords, has_aux=given.has_aux)
    if form is None:
        value = given.f(*lend(as_inputs(given.inputs)))
        parts = value if isinstance(value, tuple | list) else (value,)
        if any(is_complex(part) for part in parts):
            form = form_of("vjp", given.f, given.inputs, given.keywords, complex_output=True)
    return form if form is None else replace(form, holomorphic=given.holomorphic, wrt=given.wrt)


def _chosen(answer: Any, count: int, wrt: Sequence[int]) -> Sequence[Any]:
    """The part of an answer for each input in `wrt`, however they were packed: order 1 has accepted it."""
    if isinstance(answer, tuple | list) and not (isinstance(answer, list) and count == 1):
        if len(answer) == len(wrt) != count:
            return answer
        return [answer[k] for k in wrt]
    return (answer,) if len(wrt) == 1 else [answer[k] for k in wrt]


def _shifted(declared: Mapping[int | str, Any], by: int) -> dict[int | str, Any]:
    """Declarations about inputs, where as many arguments come before them."""
    return {key + by if isinstance(key, int) else key: value for key, value in declared.items()}


def _floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def _named(f: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """f, with these names for arguments."""

    def call(*arguments: Any) -> Any:
        return f(*arguments)

    wrapped = update_wrapper(call, f)
    wrapped.argument_names = names  # type: ignore[attr-defined] # read by input_names
    return wrapped
