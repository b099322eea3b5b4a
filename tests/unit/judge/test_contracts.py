"""Contracts: every one with a derivative that breaks it and a neighbour that keeps it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.verdict.result import Result

X = np.array([0.7, -1.2, 0.4])
M = np.array([[0.3, -0.8, 1.1], [0.9, 0.2, -0.5]])

Make = Callable[[], tuple[Callable[..., Any], Callable[..., Any]]]
"""Makes f and its VJP afresh, with whatever state they keep."""


def tanh(x: Any) -> Any:
    return np.tanh(x)


def right(c: Any, x: Any) -> Any:
    return c * (1 - np.tanh(x) ** 2)


def honest() -> tuple[Callable[..., Any], Callable[..., Any]]:
    return tanh, right


# -- GC020: what was lent --------------------------------------------------------------------------------------------


def doubles_its_input_afterwards() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        answer = right(c, x)
        x *= 2.0
        return answer

    return tanh, vjp


def scales_the_cotangent_in_place() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        c *= 1 - np.tanh(x) ** 2
        return c.copy()

    return tanh, vjp


def f_sorts_its_input() -> tuple[Any, Any]:
    def f(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            x.sort()
        return np.sum(x**2)

    return f, lambda c, x: c * 2 * x


def writes_and_restores() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        work = x.copy()
        work *= 2.0
        return right(c, work / 2.0)

    return tanh, vjp


# -- GC021: the same question ----------------------------------------------------------------------------------------


def noisy() -> tuple[Any, Any]:
    random = np.random.default_rng(5)
    return tanh, lambda c, x: right(c, x) * (1 + 1e-3 * random.standard_normal(x.shape))


def wrong_every_third_time() -> tuple[Any, Any]:
    calls = [0]

    def vjp(c: Any, x: Any) -> Any:
        calls[0] += 1
        return right(c, x) * (2.0 if calls[0] % 3 == 0 else 1.0)

    return tanh, vjp


def counts_its_calls() -> tuple[Any, Any]:
    calls = [0]

    def vjp(c: Any, x: Any) -> Any:
        calls[0] += 1
        return right(c, x)

    return tanh, vjp


# -- GC022: what was returned ----------------------------------------------------------------------------------------


def one_buffer_for_all_answers() -> tuple[Any, Any]:
    buffer = np.zeros(3)

    def vjp(c: Any, x: Any) -> Any:
        buffer[...] = right(c, x)
        return buffer

    return tanh, vjp


def value_in_one_buffer() -> tuple[Any, Any]:
    buffer = np.zeros(3)

    def f(x: Any) -> Any:
        if not isinstance(x, np.ndarray) or x.shape != buffer.shape:
            return np.tanh(x)
        buffer[...] = np.tanh(x)
        return buffer

    return f, right


def buffer_then_copy() -> tuple[Any, Any]:
    buffer = np.zeros(3)

    def vjp(c: Any, x: Any) -> Any:
        buffer[...] = right(c, x)
        return buffer.copy()

    return tanh, vjp


def returns_the_cotangent_itself() -> tuple[Any, Any]:
    return lambda x: x + 1.0, lambda c, x: c


def returns_a_read_only_view() -> tuple[Any, Any]:
    return lambda x: np.sum(x), lambda c, x: np.broadcast_to(c, x.shape)


# -- GC023: earlier calls --------------------------------------------------------------------------------------------


def uses_the_last_forward() -> tuple[Any, Any]:
    kept: dict[str, Any] = {}

    def f(x: Any) -> Any:
        kept["y"] = np.tanh(x)
        return kept["y"]

    return f, lambda c, x: c * (1 - np.asarray(kept["y"], dtype=float) ** 2)


def remembers_its_first_input() -> tuple[Any, Any]:
    kept: list[Any] = []

    def vjp(c: Any, x: Any) -> Any:
        kept.append(np.array(x))
        return right(c, kept[0])

    return tanh, vjp


def caches_by_content() -> tuple[Any, Any]:
    kept: dict[bytes, Any] = {}

    def vjp(c: Any, x: Any) -> Any:
        key = x.tobytes() + np.asarray(x.shape).tobytes()
        if key not in kept:
            kept[key] = 1 - np.tanh(x) ** 2
        return c * kept[key]

    return tanh, vjp


def caches_by_identity() -> tuple[Any, Any]:
    kept: dict[int, Any] = {}

    def vjp(c: Any, x: Any) -> Any:
        if id(x) not in kept or kept[id(x)][0] is not x:
            kept[id(x)] = x, 1 - np.tanh(x) ** 2
        return c * kept[id(x)][1]

    return tanh, vjp


def caches_by_identity_and_numbers() -> tuple[Any, Any]:
    kept: dict[int, Any] = {}

    def vjp(c: Any, x: Any) -> Any:
        if id(x) not in kept or kept[id(x)][0] != x.tobytes():
            kept[id(x)] = x.tobytes(), 1 - np.tanh(x) ** 2
        return c * kept[id(x)][1]

    return tanh, vjp


# -- GC024: the global generator -------------------------------------------------------------------------------------


def draws_globally() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        return right(c, x) + 1e-9 * np.random.standard_normal(x.shape)  # noqa: NPY002 (the mistake)

    return tanh, vjp


def reseeds_the_world() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        np.random.seed(0)  # noqa: NPY002 (the mistake)
        return right(c, x)

    return tanh, vjp


def f_draws_globally() -> tuple[Any, Any]:
    def f(x: Any) -> Any:
        return np.tanh(x) + 1e-9 * np.random.standard_normal(x.shape)  # noqa: NPY002 (the mistake)

    return f, right


def test_a_seeded_global_generator_is_a_note_and_its_state_is_put_back() -> None:
    f, vjp = reseeds_the_world()
    before = np.random.get_state()  # noqa: NPY002 (the global generator is meant)
    result = gradcheck.check_vjp(f, vjp, X)
    assert (result.verdict, result.codes) == ("PASS", ("GC091",)), result.to_text()
    after = np.random.get_state()  # noqa: NPY002 (the global generator is meant)
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def draws_from_its_own() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        np.random.default_rng(0).standard_normal(2)
        return right(c, x)

    return tanh, vjp


# -- GC025: linear in the cotangent ----------------------------------------------------------------------------------


def ignores_the_cotangent() -> tuple[Any, Any]:
    return tanh, lambda c, x: 1 - np.tanh(x) ** 2 + 0 * c


def adds_a_constant() -> tuple[Any, Any]:
    return tanh, lambda c, x: right(c, x) + 1e-3


def clips_far_out() -> tuple[Any, Any]:
    return tanh, lambda c, x: right(np.clip(c, -100.0, 100.0), x)


def takes_its_magnitude() -> tuple[Any, Any]:
    return tanh, lambda c, x: right(np.abs(c), x)


def scales_and_unscales() -> tuple[Any, Any]:
    return tanh, lambda c, x: right(c * 8.0, x) / 8.0


def exponential(a: Any) -> Any:
    """exp of a matrix by scaling, Taylor and squaring, opaque to other number systems; one digit goes per squaring."""
    a = np.frombuffer(np.ascontiguousarray(a).tobytes(), dtype=a.dtype).reshape(a.shape)
    squarings = max(0, int(np.ceil(np.log2(max(float(np.abs(a).sum(axis=0).max()), 1e-30)))) + 3)
    b = a / a.dtype.type(2.0**squarings)
    term = total = np.eye(len(a), dtype=a.dtype)
    for k in range(1, 13):
        term = term @ b / a.dtype.type(k)
        total = total + term
    for _ in range(squarings):
        total = total @ total
    return total


def by_blocks(c: Any, a: Any) -> Any:
    """exp([[A', C], [0, A']]) holds J^T C in its corner; a large C costs digits there, in A' itself."""
    n = len(a)
    return exponential(np.block([[a.T, c], [np.zeros_like(a), a.T]]))[:n, n:]


SQUARE = np.array([[0.3, -1.2, 0.5], [0.7, 0.1, -0.4], [-0.9, 0.6, 1.1]])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_digits_lost_at_a_far_cotangent_are_no_breach(dtype: str) -> None:
    result = gradcheck.check_vjp(exponential, by_blocks, SQUARE.astype(dtype))
    assert result.verdict == "PASS", result.to_text()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("limit", [1e4, 1e-4])
def test_a_clipped_cotangent_is_one_whatever_digits_are_lost(dtype: str, limit: float) -> None:
    def clipped(c: Any, a: Any) -> Any:
        return by_blocks(np.clip(c, -limit, limit), a)

    result = gradcheck.check_vjp(exponential, clipped, SQUARE.astype(dtype))
    assert result.verdict == "FAIL"
    assert "GC025" in result.codes


@pytest.mark.parametrize(("relative", "verdict"), [(1e-10, "PASS"), (1e-4, "FAIL")])
def test_half_the_digits_of_what_runs_in_no_wider_numbers(relative: float, verdict: str) -> None:
    """Off by a share of the cotangent's size once that is large: rounding, as far as one can tell, or a breach."""

    def f(x: Any) -> Any:
        return np.tanh(np.frombuffer(x.tobytes()))

    def vjp(c: Any, x: Any) -> Any:
        if x.dtype != np.float64:
            raise TypeError("float64 only")
        return right(c, np.frombuffer(x.tobytes())) * (1 + relative * (np.abs(c).max() > 1e3))

    result = gradcheck.check_vjp(f, vjp, X)
    assert result.verdict == verdict, result.to_text()
    assert ("GC025" in result.codes) == (verdict == "FAIL")


# -- GC026: memory ---------------------------------------------------------------------------------------------------


def walks_memory() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        return (c.ravel() * (1 - np.tanh(x.ravel(order="K")) ** 2)).reshape(x.shape)

    return tanh, vjp


def reads_bytes() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        base = x if x.base is None else x.base
        return right(c, base.ravel()[: x.size].reshape(x.shape))

    return tanh, vjp


def insists_on_writing() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        x.flags.writeable = x.flags.owndata and x.flags.writeable
        if not x.flags.writeable:
            raise ValueError("assignment destination is read-only")
        return right(c, x)

    return tanh, vjp


def walks_in_c_order() -> tuple[Any, Any]:
    def vjp(c: Any, x: Any) -> Any:
        return (c.ravel() * (1 - np.tanh(x.ravel()) ** 2)).reshape(x.shape)

    return tanh, vjp


BROKEN: list[tuple[str, Make, Any]] = [
    ("GC020", doubles_its_input_afterwards, X),
    ("GC020", scales_the_cotangent_in_place, X),
    ("GC020", f_sorts_its_input, X),
    ("GC021", noisy, X),
    ("GC021", wrong_every_third_time, X),
    ("GC022", one_buffer_for_all_answers, X),
    ("GC022", value_in_one_buffer, X),
    ("GC023", uses_the_last_forward, X),
    ("GC028", remembers_its_first_input, X),
    ("GC023", caches_by_identity, X),
    ("GC024", draws_globally, X),
    ("GC024", f_draws_globally, X),
    ("GC025", ignores_the_cotangent, X),
    ("GC025", adds_a_constant, X),
    ("GC025", clips_far_out, X),
    ("GC025", takes_its_magnitude, X),
    ("GC026", walks_memory, M),
    ("GC026", reads_bytes, M),
    ("GC026", insists_on_writing, M),
]

KEPT: list[tuple[Make, Any]] = [
    (honest, X),
    (honest, M),
    (writes_and_restores, X),
    (counts_its_calls, X),
    (buffer_then_copy, X),
    (returns_the_cotangent_itself, X),
    (returns_a_read_only_view, X),
    (caches_by_content, X),
    (caches_by_identity_and_numbers, X),
    (draws_from_its_own, X),
    (scales_and_unscales, X),
    (walks_in_c_order, M),
]


@pytest.mark.parametrize(("code", "make", "x"), BROKEN, ids=[f"{c}-{m.__name__}" for c, m, _ in BROKEN])
def test_a_broken_contract_fails_by_its_code(code: str, make: Make, x: Any) -> None:
    f, vjp = make()
    result = gradcheck.check_vjp(f, vjp, x)
    assert result.verdict == "FAIL"
    assert code in result.codes, result.to_text()


@pytest.mark.parametrize(("make", "x"), KEPT, ids=[f"{m.__name__}-{x.ndim}d" for m, x in KEPT])
def test_its_neighbour_passes(make: Make, x: Any) -> None:
    f, vjp = make()
    result = gradcheck.check_vjp(f, vjp, x)
    assert result.verdict == "PASS", result.to_text()


def test_the_inputs_given_are_never_changed() -> None:
    x = X.copy()
    gradcheck.check_vjp(*doubles_its_input_afterwards(), x)
    assert np.array_equal(x, X)


def test_the_global_generator_is_put_back() -> None:
    np.random.seed(3)  # noqa: NPY002 (what is tested)
    before = np.random.standard_normal(4)  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    gradcheck.check_vjp(tanh, right, X)
    assert np.array_equal(np.random.standard_normal(4), before)  # noqa: NPY002


# -- GC023: a gradient that needs f to have been called ----------------------------------------------------------------


def loss(x: Any) -> Any:
    return np.sum(np.tanh(x))


def test_a_gradient_must_not_need_a_forward_call() -> None:
    kept: dict[str, Any] = {}

    def f(x: Any) -> Any:
        kept["called"] = True
        return loss(x)

    result = gradcheck.check_gradient(f, lambda x: (1 - np.tanh(x) ** 2) * float(kept["called"]), X)
    assert result.verdict == "FAIL"
    assert result.codes[0] == "GC023"
    assert "asked before f" in result.findings[0].sentence


def test_a_gradient_that_answers_otherwise_before_f() -> None:
    kept: dict[str, Any] = {}

    def f(x: Any) -> Any:
        kept["scale"] = 1.0
        return loss(x)

    result = gradcheck.check_gradient(f, lambda x: (1 - np.tanh(x) ** 2) * kept.get("scale", 0.5), X)
    assert result.verdict == "FAIL"
    assert result.codes[0] == "GC023"


def test_a_gradient_may_use_a_forward_call_of_its_own() -> None:
    assert gradcheck.check_gradient(loss, lambda x: 1 - np.tanh(x) ** 2 + 0 * loss(x), X)


# -- GC027: one array in two slots -------------------------------------------------------------------------------------


def test_slots_keyed_by_identity() -> None:
    def filed(c: Any, a: Any, b: Any) -> Any:
        slots = {id(a): 0.0, id(b): 0.0}
        slots[id(a)] = slots[id(a)] + c * b
        slots[id(b)] = slots[id(b)] + c * a
        return slots[id(a)], slots[id(b)]

    apart = np.array([1.5, -0.5]), np.array([0.25, 2.0])
    result = gradcheck.check_vjp(lambda a, b: a * b, filed, *apart)
    assert result.verdict == "FAIL"
    assert "GC027" in result.codes
    assert gradcheck.check_vjp(lambda a, b: a * b, lambda c, a, b: (c * b, c * a), *apart)


def test_one_array_given_twice_has_a_gradient_per_slot() -> None:
    x = np.array([1.5, -0.5])
    assert gradcheck.check_vjp(lambda a, b: a * b, lambda c, a, b: (c * b, c * a), x, x)
    merged = gradcheck.check_vjp(lambda a, b: a * b, lambda c, a, b: (2 * c * b, c * a), x, x)
    assert merged.verdict == "FAIL"


# -- GC028: elsewhere ------------------------------------------------------------------------------------------------


def elu(x: Any) -> Any:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))


def test_a_branch_that_the_point_does_not_take() -> None:
    positive = np.array([0.5, 1.5])
    result = gradcheck.check_vjp(elu, lambda c, x: c * np.where(x > 0, 1.0, 0.5), positive)
    assert result.verdict == "FAIL"
    assert result.codes[0] == "GC028"
    assert result.findings[0].facts["where"]
    assert gradcheck.check_vjp(elu, lambda c, x: c * np.where(x > 0, 1.0, np.exp(np.minimum(x, 0.0))), positive)


def through_text(x: Any) -> Any:
    """elu, by a road on which no other numbers can follow."""
    return np.array([elu(float.fromhex(float(v).hex())) for v in x])


def test_a_branch_not_taken_by_a_function_that_cannot_be_traced() -> None:
    positive = np.array([0.5, 1.5])
    beyond = gradcheck.check_vjp(through_text, lambda c, x: c * np.where(x > 0, 1.0, 0.5), positive)
    assert beyond.verdict == "PASS"  # whether such an f is meant for negative numbers cannot be known
    right = gradcheck.check_vjp(
        through_text, lambda c, x: c * np.where(x > 0, 1.0, np.exp(np.minimum(x, 0.0))), positive
    )
    assert right.verdict == "PASS"
    assert "GC040" in right.codes  # nothing but differences was heard


def test_a_kink_or_a_jump_beside_the_point_is_no_mistake_of_a_function_that_cannot_be_traced() -> None:
    def stairs(x: Any) -> Any:
        return through_text(x) + np.floor(8 * np.array([float.fromhex(float(v).hex()) for v in x]))

    assert gradcheck.check_vjp(stairs, lambda c, x: c * np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))), X + 0.01)


def test_a_batch_of_one() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x), axis=1)

    def vjp(c: Any, x: Any) -> Any:
        wrong = len(x) == 1
        return c[:, None] * np.cos(x) * (2.0 if wrong else 1.0)

    result = gradcheck.check_vjp(f, vjp, M)
    assert result.verdict == "FAIL"
    assert result.findings[0].code == "GC028"
    assert result.findings[0].facts["where"] == "a batch of one"
    assert gradcheck.check_vjp(f, lambda c, x: c[:, None] * np.cos(x), M)


def test_a_matrix_whose_rows_add_up_by_chance_is_no_batch() -> None:
    """Of diag(1, 2, 4) three rows give as much as the whole, and (1, 3) + (3, 1) is a matrix."""

    def first(a: Any) -> Any:
        return np.linalg.eigh((a + a.T) / 2)[1][0, 0] ** 2

    def gradient(a: Any, sign: float = 1.0) -> Any:
        w, v = np.linalg.eigh((a + a.T) / 2)
        gaps = w[None] - w[:, None] + np.eye(3)
        passed = np.zeros((3, 3))
        passed[0, 0] = 2 * v[0, 0]
        inner = v @ ((1 / gaps - np.eye(3)) * (v.T @ passed)) @ v.T
        return sign * (inner + inner.T) / 2

    a = np.diag([1.0, 2.0, 4.0])
    assert gradcheck.check_gradient(first, gradient, a).verdict == "PASS"
    assert gradcheck.check_gradient(first, lambda a: gradient(a, -1.0), a).verdict == "FAIL"


@pytest.mark.parametrize("shape", [(4, 3), (-1, 3)])
def test_the_length_of_a_batch_may_be_written_into_a_derivative(shape: tuple[int, int]) -> None:
    def vjp(x: Any, w: Any) -> Any:
        slope = (1 - np.tanh(x @ w) ** 2)[:, None] / 4
        return np.reshape(slope * w, shape), np.sum(slope * x, axis=0)

    x, w = np.arange(12.0).reshape(4, 3) / 7 - 0.6, np.array([0.5, -1.0, 0.3])
    assert gradcheck.check_gradient(lambda x, w: np.mean(np.tanh(x @ w)), vjp, x, w).verdict == "PASS"


def test_the_length_of_another_axis_in_its_place() -> None:
    def vjp(x: Any, w: Any) -> Any:
        slope = (1 - np.tanh(x @ w) ** 2)[:, None] / x.shape[1]
        return slope * w, np.sum(slope * x, axis=0)

    x, w = np.arange(9.0).reshape(3, 3) / 7 - 0.6, np.array([0.5, -1.0, 0.3])
    assert gradcheck.check_gradient(lambda x, w: np.mean(np.tanh(x @ w)), vjp, x, w).verdict == "FAIL"


def test_larger_batches_only() -> None:
    def vjp(c: Any, x: Any) -> Any:
        return np.broadcast_to(c[0], (len(x), 1)) * np.cos(x)  # the first sample's cotangent for all

    assert gradcheck.check_vjp(lambda x: np.sum(np.sin(x), axis=1), vjp, M).verdict == "FAIL"


def row_norms(x: Any) -> Any:
    return np.sqrt(np.sum(x * x, axis=1))


def test_a_batch_of_two() -> None:
    single = M[:1]
    result = gradcheck.check_vjp(row_norms, lambda c, x: c[:, None] * x / np.linalg.norm(x), single)
    assert result.verdict == "FAIL"
    assert result.findings[0].facts["where"] == "a batch of two"
    assert gradcheck.check_vjp(row_norms, lambda c, x: c[:, None] * x / row_norms(x)[:, None], single)


def fixed_batch(c: Any, x: Any) -> Any:
    return c[0] * x / np.linalg.norm(x, axis=1) if len(x) == 1 else np.zeros(7)


def quadratic(x: Any) -> Any:
    return np.sum(x @ np.diag([1.0, 2.0, 3.0]) @ x.T)


def bias(x: Any, b: Any) -> Any:
    return x + b


@pytest.mark.parametrize(
    ("f", "vjp", "inputs"),
    [
        (row_norms, fixed_batch, (M[:1],)),  # says itself that it is meant for one sample
        (quadratic, lambda c, x: 2 * c * x @ np.diag([1.0, 2.0, 3.0]), (M[:1],)),  # a row vector, no batch
        (bias, lambda c, x, b: (c, np.zeros_like(b) + c.sum(axis=0)), (M[:1], M[1:])),  # a parameter of shape (1, n)
    ],
)
def test_what_has_a_first_axis_of_one_need_not_be_a_batch(f: Any, vjp: Any, inputs: Any) -> None:
    result = gradcheck.check_vjp(f, vjp, *inputs)
    assert result.verdict == "PASS", result.to_text()


def overwriting(c: Any, x: Any, i: Any) -> Any:
    g = np.zeros_like(x)
    g[i] = c
    return g, None


def adding(c: Any, x: Any, i: Any) -> Any:
    g = np.zeros_like(x)
    np.add.at(g, i, c)
    return g, None


TABLE = np.array([0.5, -1.0, 2.0, 0.25, 1.5])


def test_an_index_that_repeats_decides_what_distinct_ones_leave_open() -> None:
    distinct, repeated = np.array([3, 0, 4]), np.array([3, 0, 3])
    open_still = gradcheck.check_vjp(lambda x, i: x[i], overwriting, TABLE, distinct)
    assert open_still.verdict == "UNDECIDED"
    assert open_still.codes[0] == "GC036"
    assert gradcheck.check_vjp(lambda x, i: x[i], overwriting, TABLE, repeated).verdict == "FAIL"
    assert gradcheck.check_vjp(lambda x, i: x[i], adding, TABLE, distinct)


@pytest.mark.parametrize("index", [[2, 0, 1, 4, 3], [0, 2, 4]])
def test_permutations_and_sorted_selections_are_distinct_on_purpose(index: list[int]) -> None:
    assert gradcheck.check_vjp(lambda x, i: x[i], overwriting, TABLE, np.array(index))


def test_nothing_is_tried_outside_f_s_domain() -> None:
    """log has no value at a turned sign; a derivative that raises there is none the worse."""

    def vjp(c: Any, x: Any) -> Any:
        if np.any(x <= 0):
            raise ValueError("outside")
        return c / x

    assert gradcheck.check_vjp(np.log, vjp, np.array([0.5, 2.0]))


# -- JVPs ------------------------------------------------------------------------------------------------------------


def test_contracts_hold_for_jvps_too() -> None:
    def jvp(primals: Any, tangents: Any) -> Any:
        (x,), (t,) = primals, tangents
        return t * np.cos(x)

    def mutating(primals: Any, tangents: Any) -> Any:
        (x,), (t,) = primals, tangents
        t *= np.cos(x)
        return t.copy()

    def affine(primals: Any, tangents: Any) -> Any:
        return jvp(primals, tangents) + 1e-3

    assert gradcheck.check_jvp(np.sin, jvp, X)
    for code, broken in (("GC020", mutating), ("GC025", affine)):
        result: Result = gradcheck.check_jvp(np.sin, broken, X)
        assert result.verdict == "FAIL"
        assert code in result.codes


@pytest.mark.parametrize("number", range(20))
def test_a_cache_keyed_by_identity_alone_is_found_wherever_arrays_happen_to_lie(number: int) -> None:
    """An address that an earlier array left is taken again: what is cached there may be right by accident."""
    kept: dict[int, Any] = {}

    def vjp(c: Any, x: Any, w: Any) -> Any:
        if id(w) not in kept:
            kept[id(w)] = w.T.copy()
        d = c * (1 - np.tanh(x @ w) ** 2)
        return d @ kept[id(w)], x.T @ d

    random = np.random.default_rng(number)
    inputs = random.standard_normal((2, 3)), random.standard_normal((3, 3))
    result = gradcheck.check_vjp(lambda x, w: np.tanh(x @ w), vjp, *inputs)
    assert result.verdict == "FAIL"


def test_sums_in_another_order_change_an_approximate_derivative_and_break_no_contract() -> None:
    a = np.random.default_rng(1).normal(size=(3, 3))

    def differences(x: Any) -> Any:
        slopes = np.zeros_like(x)
        for at in np.ndindex(x.shape):
            step = np.zeros_like(x)
            step[at] = 1e-6
            slopes[at] = (np.linalg.norm(x + step) - np.linalg.norm(x - step)) / 2e-6
        return slopes

    def in_the_order_of_memory(x: Any) -> Any:
        return (x / np.linalg.norm(x)).ravel(order="K").reshape(x.shape)

    for options in ({}, {"accuracy": 1e-6}):
        assert "GC026" not in gradcheck.check_gradient(np.linalg.norm, differences, a, elsewhere=False, **options).codes
        assert "GC026" in gradcheck.check_gradient(np.linalg.norm, in_the_order_of_memory, a, **options).codes


def test_an_answer_that_is_broadcast_to_more_than_memory_holds_has_a_wrong_shape() -> None:
    result = gradcheck.check_gradient(
        lambda x: np.sum(x**2), lambda x: np.broadcast_to(2 * x, (10**12, *x.shape)), X.astype(np.float32)
    )
    assert result.codes == ("GC010",)
