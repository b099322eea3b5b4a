"""`check_gradient`, `check_vjp`, `check_jvp`: is this derivative of a function of arrays right?

No step size, no tolerance, no float64 caveat: the truth comes with a bound, rounding is measured, and where nothing
can be known the verdict is UNDECIDED and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import update_wrapper
from typing import Any

from gradcheck.checks.arriving import answers_in_tensors, arriving, convention_of
from gradcheck.checks.conventions import Convention, judged, known_convention
from gradcheck.checks.drawn_inputs import check_drawn
from gradcheck.checks.forms import Form, form_of, taken_keywords
from gradcheck.checks.function_arguments import entrance, require_callable
from gradcheck.checks.given_form import GivenForm
from gradcheck.checks.held_arguments import asked
from gradcheck.checks.second_order import Given, check_order, second_order
from gradcheck.checks.structures import hinted
from gradcheck.checks.trees import scaled
from gradcheck.checks.whole_numbers import with_floats
from gradcheck.errors import InvalidProblem
from gradcheck.judge.declarations import check_signature
from gradcheck.judge.domain import Declared
from gradcheck.judge.function_trial import Examination
from gradcheck.judge.question import Kind
from gradcheck.judge.settings import NEEDED, Settings
from gradcheck.judge.strategies_of_inputs import is_strategy
from gradcheck.problem.function import as_inputs
from gradcheck.verdict.conclusion import conclude_again
from gradcheck.verdict.result import Result

Wrt = Sequence[int | str] | int | str | None


@entrance
def check_gradient(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    *inputs: Any,
    wrt: Wrt = None,
    structure: Mapping[int | str, str] | None = None,
    meant: Callable[..., Any] | None = None,
    accuracy: float | None = None,
    domain: Declared | None = None,
    elsewhere: bool = True,
    stop_gradient: Wrt = (),
    kwargs: Mapping[str, Any] | None = None,
    has_aux: bool = False,
    convention: Convention | None = None,
    budget: float | None = None,
    interest: float | None = None,
    max_ulps: float | None = None,
    seed: int | None = None,
    oracles: str = NEEDED,
) -> Result:
    """Is `grad(*inputs)` the gradient of the scalar function `f(*inputs)`?

    Parameters
    ----------
    f: returns one number (shape () or a single entry).
    grad: returns one array per input, in order, each of its input's shape and dtype (bare for a single input); None for
        an input that has no gradient. May return gradients for the inputs in `wrt` only.
    inputs: arrays of float64, float32 or float16 of any shape, numbers, lists, or Hypothesis strategies that draw them;
        dicts, tuples, lists and dataclasses of those, for which grad returns its gradient in the same form. Whole
        numbers, None, strings and objects are handed to f and not differentiated by. Numbers stay numbers, tuples of
        whole numbers tuples where f runs on them; lists become arrays.
    wrt: positions or names of the inputs to differentiate by; by default all of floating-point dtype.
    structure: {input: one of "symmetric", "positive-definite", "skew", "triangular", "lower-triangular",
        "upper-triangular", "orthogonal", "unit" (length 1 along the last axis), "simplex"}: only changes that keep the
        structure count.
    meant: a function with f's signature that f approximates (a truncated iteration); its derivative is the truth.
    accuracy: relative accuracy to which f reaches what was meant, below 1 and not below rounding (or 0); widens the
        truth by as much.
    domain: where f is meant: {input: (low, high)}, bounds included and None for none; {input: function that says
        whether}; or {input: Hypothesis strategy}, of which points are drawn and looked at. No other point is.
    elsewhere: whether other points are looked at besides the one given; there f may take branches that hide a mistake.
    stop_gradient: positions or names of inputs held constant on purpose (a target network's): their gradient is None,
        zero, or left out. `gradcheck.held(x)` inside f does the same for any value.
    kwargs: keyword arguments that f and grad are both called with; they are not differentiated.
    has_aux: f returns (value, anything), and the value alone counts.
    convention: of complex gradients: "conjugate" (dL/da + i dL/db, as in PyTorch) or "holomorphic" (dL/da - i dL/db, as
        in JAX); needed only where the two differ.
    budget: seconds for the whole check, by default 60. The point given comes first; a note says what was left out. A
        call of f or the derivative that takes longer is not interrupted.
    interest: relative error that matters, by default 1e-6; 1e-4 in float32, 0.03 in float16.
    max_ulps: fail gradients that are further off than this many units in the last place.
    seed: whole number >= 0, of random cotangents, tangents and drawn inputs; by default derived from grad's name.
    oracles: "needed", where a clear PASS leaves out the oracles that it does not need (a proof bounds every entry, the
        answer agrees with it everywhere, and a complex step confirms the proof), or "all". Any other verdict asks all.

    Returns
    -------
    Result: verdict, findings, comparisons, worst entry; true exactly if the verdict is PASS. What f or grad raises is a
        finding too (ERROR), and `result.exception`; Ctrl-C passes.

    Raises
    ------
    InvalidProblem: f or grad is not callable, an input is no array of real numbers, no input can be differentiated, an
        unknown `wrt`, `structure` or `stop_gradient`, a `domain` that does not hold the inputs.
    UsageError: an option that does not exist (there is no step size and no tolerance), or a value that it cannot have.
    HarnessFault: two proofs contradict each other.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> result = gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: 2 * x, np.array([1.0, -3.0]))
    >>> result.verdict.value, result.comparisons
    ('PASS', 2)

    A dict of parameters, a keyword argument, and a function that returns something besides its value:

    >>> loss = lambda p, *, k: (k * np.sum(p["w"] ** 2) + p["b"], "what else it has to say")
    >>> grad = lambda p, *, k: {"w": 2 * k * p["w"], "b": 1.0}
    >>> p = {"w": np.array([1.0, -3.0]), "b": 0.5}
    >>> gradcheck.check_gradient(loss, grad, p, kwargs={"k": 3.0}, has_aux=True).verdict.value
    'PASS'

    A symmetric matrix, and complex numbers by PyTorch's convention:

    >>> logdet, s = lambda s: np.linalg.slogdet(s)[1], np.array([[2.0, 0.5], [0.5, 1.0]])
    >>> gradcheck.check_gradient(logdet, np.linalg.inv, s, structure={"s": "symmetric"}).verdict.value
    'PASS'
    >>> power, z = lambda z: np.sum(np.abs(z) ** 2), np.array([1.0 + 2.0j, 0.5 - 1.0j])
    >>> gradcheck.check_gradient(power, lambda z: 2 * z, z, convention="conjugate").verdict.value
    'PASS'

    A target that is held constant on purpose, and where f is meant:

    >>> error = lambda w, target: np.sum((np.sqrt(w) - target) ** 2)
    >>> slope = lambda w, target: (1 - target / np.sqrt(w), None)
    >>> w, declared = np.array([0.5, 2.0]), {"stop_gradient": "target", "domain": {"w": (0, None)}}
    >>> gradcheck.check_gradient(error, slope, w, np.ones(2), **declared).verdict.value
    'PASS'
    """
    declared = _declared(structure, meant, accuracy, domain, elsewhere, stop_gradient)
    settings = Settings(interest, max_ulps, **declared, budget=budget, seed=seed, oracles=oracles)
    return _check("gradient", f, grad, inputs, wrt, settings, kwargs, has_aux=has_aux, convention=convention)


@entrance
def check_vjp(
    f: Callable[..., Any],
    vjp: Callable[..., Any],
    *inputs: Any,
    wrt: Wrt = None,
    structure: Mapping[int | str, str] | None = None,
    meant: Callable[..., Any] | None = None,
    accuracy: float | None = None,
    domain: Declared | None = None,
    elsewhere: bool = True,
    stop_gradient: Wrt = (),
    kwargs: Mapping[str, Any] | None = None,
    has_aux: bool = False,
    convention: Convention | None = None,
    order: int = 1,
    vjp2: Callable[..., Any] | None = None,
    budget: float | None = None,
    interest: float | None = None,
    max_ulps: float | None = None,
    seed: int | None = None,
    oracles: str = NEEDED,
) -> Result:
    """Is `vjp(cotangent, *inputs)` equal to J^T cotangent for `f(*inputs)`?

    The cotangent has the shape of f's output; it is a tuple if f returns one. Everything else as `check_gradient`.

    Parameters
    ----------
    order: with 2, the VJP's own derivative is judged besides, where the VJP is right: as a function of cotangent and
        inputs it must have the second derivatives of f. What is judged is `vjp2`, or else the derivative of the code of
        `vjp`, in which a value held constant (`gradcheck.held`) has none. Each order has `budget` seconds.
    vjp2: vjp2(vector, cotangent, *inputs), the VJP of `vjp`: the vector has the form of its answer (a tuple for several
        inputs). It returns the gradients of <vector, vjp(cotangent, *inputs)> by the cotangent and by each input.

    Raises
    ------
    As `check_gradient`; UsageError for another order, InvalidProblem for a `vjp` whose code cannot be differentiated.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> x = np.array([0.5, 1.0])
    >>> vjp = lambda c, x: 2 * x * c
    >>> vjp2 = lambda v, c, x: (2 * x * v, 2 * c * v)
    >>> gradcheck.check_vjp(np.square, vjp, x, order=2, vjp2=vjp2).verdict.value
    'PASS'
    >>> detached = lambda c, x: 2 * gradcheck.held(x) * c
    >>> [gradcheck.check_vjp(np.square, detached, x, order=k).verdict.value for k in (1, 2)]
    ['PASS', 'FAIL']
    """
    check_order(order, vjp2, inputs, structure)
    declared = _declared(structure, meant, accuracy, domain, elsewhere, stop_gradient)
    settings = Settings(interest, max_ulps, **declared, budget=budget, seed=seed, oracles=oracles)
    result = _check("vjp", f, vjp, inputs, wrt, settings, kwargs, has_aux=has_aux, convention=convention)
    if order == 1:
        return result
    given = Given(f, vjp, vjp2, inputs, wrt, kwargs, has_aux=has_aux, holomorphic=convention == "holomorphic")
    return second_order(result, given, settings)


@entrance
def check_jvp(
    f: Callable[..., Any],
    jvp: Callable[..., Any],
    *inputs: Any,
    wrt: Wrt = None,
    structure: Mapping[int | str, str] | None = None,
    meant: Callable[..., Any] | None = None,
    accuracy: float | None = None,
    domain: Declared | None = None,
    elsewhere: bool = True,
    stop_gradient: Wrt = (),
    kwargs: Mapping[str, Any] | None = None,
    has_aux: bool = False,
    budget: float | None = None,
    interest: float | None = None,
    max_ulps: float | None = None,
    seed: int | None = None,
    oracles: str = NEEDED,
) -> Result:
    """Is `jvp(primals, tangents)`, two tuples, equal to J tangents for `f(*primals)`?

    It returns the output tangent, or (output, output tangent). Everything else as `check_gradient`.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> jvp = lambda primals, tangents: tangents[0] * primals[1] + primals[0] * tangents[1]
    >>> gradcheck.check_jvp(np.multiply, jvp, np.array([1.0, 2.0]), np.array([3.0, -1.0])).verdict.value
    'PASS'
    """
    declared = _declared(structure, meant, accuracy, domain, elsewhere, stop_gradient)
    settings = Settings(interest, max_ulps, **declared, budget=budget, seed=seed, oracles=oracles)

    def under(more: dict[str, Any], factor: float) -> Result:
        own = jvp if factor == 1.0 else update_wrapper(lambda *given: scaled(jvp(*given), factor), jvp)
        return _check("jvp", f, own, inputs, wrt, replace(settings, **more), kwargs, has_aux=has_aux)

    return hinted(under({}, 1.0), f, inputs, declared | {"budget": budget}, under, curved=True)


def _declared(
    structure: Mapping[int | str, str] | None,
    meant: Callable[..., Any] | None,
    accuracy: float | None,
    domain: Declared | None,
    elsewhere: bool,
    stop_gradient: Wrt,
) -> dict[str, Any]:
    """What the author declares about f, as options of Settings."""
    given: dict[str, Any] = {"meant": meant, "accuracy": accuracy, "elsewhere": elsewhere}
    given["stop_gradient"] = () if stop_gradient is None else stop_gradient
    return {**given, "structure": {} if structure is None else structure, "domain": {} if domain is None else domain}


def _check(
    kind: Kind,
    f: Callable[..., Any],
    derivative: Callable[..., Any],
    inputs: Sequence[Any],
    wrt: Wrt,
    settings: Settings,
    keywords: Mapping[str, Any] | None = None,
    *,
    has_aux: bool = False,
    convention: Convention | None = None,
) -> Result:
    known_convention(convention)
    require_callable(derivative, f"the {kind} to check", vectors=kind != "gradient")
    if not callable(f):
        raise InvalidProblem(f"expected a function of arrays, got {type(f).__name__}", where="f")
    taken_keywords(keywords, f=(f, len(inputs)), derivative=(derivative, len(inputs) + (kind == "vjp")))
    if settings.meant is not None:
        check_signature(settings.meant, f, inputs, keywords or {})
    inputs = arriving(f, inputs, keywords or {})
    convention = convention or convention_of(inputs)
    tensors = answers_in_tensors(f, inputs, keywords or {})
    form = form_of(kind, f, inputs, keywords, has_aux=has_aux, complex_output=tensors)
    if form is not None:
        return _judged_in_form(form, f, derivative, wrt, settings, convention)
    if any(is_strategy(value) for value in inputs):
        return check_drawn(kind, f, derivative, inputs, wrt, settings)
    result = _judge(kind, f, derivative, inputs, wrt, settings)
    contained = any(x.code == "GC018" and "returned a" in x.sentence for x in result.findings)
    if contained and kind != "gradient":  # a gradient is one of a real number
        form = form_of(kind, f, inputs, keywords, complex_output=True)
        return result if form is None else _judged_in_form(form, f, derivative, wrt, settings, convention)
    return result


def _judged_in_form(
    form: Form,
    f: Callable[..., Any],
    derivative: Callable[..., Any],
    wrt: Wrt,
    settings: Settings,
    convention: Convention | None,
) -> Result:
    """A function of containers or of complex numbers, as one of plain arrays."""
    form = replace(form, wrt=wrt)
    wrt = form.plain_choice(wrt)
    settings = form.declared(settings)

    def judge(form: Form, derivative: Callable[..., Any]) -> Result:
        plain, own = form.function(f), form.derivative(derivative, f)
        meant = None if settings.meant is None else form.function(settings.meant)
        mine = replace(settings, meant=meant)
        if any(is_strategy(value) for value in form.plain_inputs()):
            return check_drawn(form.kind, plain, own, form.plain_inputs(), wrt, mine)
        return _judge(form.kind, plain, own, form.plain_inputs(), wrt, mine)

    return judged(form, f, derivative, convention, judge)


def _judge(
    kind: Kind,
    f: Callable[..., Any],
    derivative: Callable[..., Any],
    inputs: Sequence[Any],
    wrt: Wrt,
    settings: Settings,
) -> Result:
    form = GivenForm.of(f, inputs)
    f, derivative = form.function(f), form.derivative(kind, derivative)
    if settings.meant is not None:
        settings = replace(settings, meant=form.function(settings.meant))
    given, notes = with_floats(kind, f, derivative, as_inputs(inputs, f), wrt)
    question, settings = asked(kind, f, derivative, given, wrt, settings)
    return conclude_again(Examination(question, given, settings).result(), notes)
