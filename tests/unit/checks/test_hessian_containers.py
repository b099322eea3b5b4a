"""Second derivatives by containers of arrays: f(a, b) = a . b a[0] + b^3 / 3 + 2 a[1]^2, derived by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import gradcheck


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclass
class Record:
    a: Any
    b: Any


A, B = np.array([1.5, -0.5]), np.array([[2.0, 0.25]])

KINDS: dict[str, tuple[Callable[..., Any], Callable[[Any], Any]]] = {
    "dict": (lambda a, b: {"a": a, "b": b}, lambda p: (p["a"], p["b"])),
    "nested": (lambda a, b: {"a": {"v": a}, "b": [b, 0]}, lambda p: (p["a"]["v"], p["b"][0])),
    "list": (lambda a, b: [a, b], lambda p: (p[0], p[1])),
    "tuple": (lambda a, b: (a, b), lambda p: (p[0], p[1])),
    "named tuple": (Pair, lambda p: (p.a, p.b)),
    "dataclass": (Record, lambda p: (p.a, p.b)),
}


def value(a: Any, b: Any) -> Any:
    return a @ b[0] * a[0] + np.sum(b**3) / 3 + 2 * a[1] ** 2


def gradient(a: Any, b: Any) -> tuple[Any, Any]:
    c, d = b[0]
    return np.array([2 * a[0] * c + a[1] * d, a[0] * d + 4 * a[1]]), np.array([[a[0] ** 2 + c**2, a[0] * a[1] + d**2]])


def blocks(a: Any, b: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    c, d = b[0]
    mixed = np.array([[2 * a[0], a[1]], [0.0, a[0]]])
    return (
        (np.array([[2 * c, d], [d, 4.0]]), mixed.reshape(2, 1, 2)),
        (mixed.T.reshape(1, 2, 2), np.diag([2 * c, 2 * d]).reshape(1, 2, 1, 2)),
    )


def wrong_blocks(a: Any, b: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    first, (mixed, last) = blocks(a, b)
    return first, (mixed, last / 2)


@pytest.mark.parametrize("kind", KINDS)
class TestKinds:
    def hessian(self, kind: str, own: Callable[..., Any]) -> Callable[..., Any]:
        build, parts = KINDS[kind]
        return lambda p: build(*(build(*row) for row in own(*parts(p))))

    def test_right(self, kind: str) -> None:
        build, parts = KINDS[kind]
        result = gradcheck.check_hessian(lambda p: value(*parts(p)), self.hessian(kind, blocks), build(A, B))
        assert result.verdict == "PASS"
        assert result.comparisons == 16

    def test_wrong_in_one_block(self, kind: str) -> None:
        build, parts = KINDS[kind]
        result = gradcheck.check_hessian(lambda p: value(*parts(p)), self.hessian(kind, wrong_blocks), build(A, B))
        assert result.verdict == "FAIL"
        assert {k: wrong for k, (wrong, _) in result.blocks.items() if wrong}.popitem()[1] == 2
        assert result.worst is not None
        assert " by " in result.worst.block

    def test_products(self, kind: str) -> None:
        build, parts = KINDS[kind]

        def product(own: Callable[..., Any], p: Any, v: Any) -> Any:
            (aa, ab), (ba, bb) = own(*parts(p))
            u, w = parts(v)
            return build(aa @ u + np.tensordot(ab, w, 2), np.tensordot(ba, u, 1) + np.tensordot(bb, w, 2))

        def f(p: Any) -> Any:
            return value(*parts(p))

        assert gradcheck.check_hvp(f, lambda p, v: product(blocks, p, v), build(A, B))
        assert gradcheck.check_hvp(f, lambda p, v: product(wrong_blocks, p, v), build(A, B)).verdict == "FAIL"


POINT = {"a": A, "b": B}


def of_dict(p: Any) -> Any:
    return value(p["a"], p["b"])


def dict_hessian(p: Any, own: Callable[..., Any] = blocks) -> Any:
    (aa, ab), (ba, bb) = own(p["a"], p["b"])
    return {"a": {"a": aa, "b": ab}, "b": {"a": ba, "b": bb}}


def flat(p: Any, own: Callable[..., Any] = blocks) -> Any:
    return np.vstack([np.hstack([block.reshape(2, 2) for block in row]) for row in own(p["a"], p["b"])])


def test_one_matrix_by_all_entries_in_order() -> None:
    assert gradcheck.check_hessian(of_dict, flat, POINT)
    result = gradcheck.check_hessian(of_dict, lambda p: flat(p, wrong_blocks), POINT)
    assert result.verdict == "FAIL"
    assert result.worst is not None
    assert result.worst.block == "p['b'][0, 0] by p['b']"
    assert result.worst.entry == (0, 0)


def test_one_matrix_has_no_plain_order_where_keys_are_not_sorted() -> None:
    result = gradcheck.check_hessian(of_dict, flat, {"b": B, "a": A})
    assert result.verdict == "ERROR"
    assert (
        "p should be a dict with ['b'], ['a'], got an array of shape (4, 4) and dtype float64"
        in result.findings[0].sentence
    )


def test_one_matrix_by_several_inputs() -> None:
    def matrix(a: Any, b: Any) -> Any:
        return np.array([[6 * a * b**2, 6 * a**2 * b], [6 * a**2 * b, 2 * a**3]])

    def f(a: Any, b: Any) -> Any:
        return a**3 * b**2

    assert gradcheck.check_hessian(f, matrix, 2.0, 3.0)
    wrong = gradcheck.check_hessian(f, lambda a, b: matrix(a, b) * [[1, 1], [1, 2]], 2.0, 3.0)
    assert wrong.verdict == "FAIL"
    assert wrong.worst is not None
    assert wrong.worst.block == "b by b"


def test_of_a_gradient() -> None:
    def grad(p: Any) -> Any:
        a, b = gradient(p["a"], p["b"])
        return {"a": a, "b": b}

    assert gradcheck.check_hessian(grad, dict_hessian, POINT, of="gradient")
    assert not gradcheck.check_hessian(grad, lambda p: dict_hessian(p, wrong_blocks), POINT, of="gradient")


def test_by_one_of_the_arrays() -> None:
    assert gradcheck.check_hessian(of_dict, dict_hessian, POINT, wrt="p['b']").comparisons == 4
    result = gradcheck.check_hessian(of_dict, lambda p: dict_hessian(p, wrong_blocks), POINT, wrt="p['a']")
    assert result.verdict == "PASS"


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (lambda h: {"a": h["a"]}, "p['b'] should be part of it, got nothing"),
        (lambda h: {**h, "b": {"a": h["b"]["a"]}}, "the block of p['b'] and p['b'] should be part of it, got nothing"),
        (lambda h: {**h, "b": h["b"]["b"]}, "the block of p['b'] and p should be a dict"),
        (lambda h: h["a"]["a"], "p should be a dict with ['a'], ['b'], got an array of shape (2, 2) and dtype float64"),
    ],
)
def test_the_first_place_where_it_is_built_otherwise(bend: Callable[[Any], Any], words: str) -> None:
    result = gradcheck.check_hessian(of_dict, lambda p: bend(dict_hessian(p)), POINT)
    assert result.verdict == "ERROR"
    assert words in result.findings[0].sentence


def test_a_mirror_block_that_differs_is_named() -> None:
    def lopsided(p: Any) -> Any:
        h = dict_hessian(p)
        return {**h, "b": {**h["b"], "a": 3 * h["b"]["a"]}}

    result = gradcheck.check_hessian(of_dict, lopsided, POINT)
    (found,) = (f for f in result.findings if f.code == "GC102")
    assert "entry p['a'][0] by p['b'][0, 0] is 3, and entry p['b'][0, 0] by p['a'][0] is 9" in found.sentence


def test_a_product_is_told_by_its_input() -> None:
    def product(p: Any, v: Any) -> Any:
        h = dict_hessian(p)
        return {
            "a": h["a"]["a"] @ v["a"] + np.tensordot(h["a"]["b"], v["b"], 2),
            "b": np.tensordot(h["b"]["b"], v["b"], 2),  # lacks the mixed block
        }

    result = gradcheck.check_hvp(of_dict, product, POINT)
    assert result.verdict == "FAIL"
    assert result.right_blocks == ("p['a']",)
    assert result.worst is not None
    assert result.worst.block == "p['b']"


def test_lists_of_arrays_of_one_shape_in_the_form_of_jax() -> None:
    u, v = np.array([1.0, 2.0]), np.array([3.0, 4.5])

    def hess(p: Any, last: float = 0.0) -> Any:
        # of sum u^2 v: diag(2 v) by u twice, diag(2 u) by u and v
        return [[np.diag(2 * p[1]), np.diag(2 * p[0])], [np.diag(2 * p[0]), last * np.eye(2)]]

    def f(p: Any) -> Any:
        return np.sum(p[0] ** 2 * p[1])

    assert gradcheck.check_hessian(f, hess, [u, v])
    assert gradcheck.check_hessian(f, lambda p: hess(p, 1.0), [u, v]).verdict == "FAIL"

    def jac(p: Any, factor: float = 2.0) -> Any:
        return [np.diag(p[1] ** 2), np.diag(factor * p[0] * p[1])]

    assert gradcheck.check_jacobian(lambda p: p[0] * p[1] ** 2, jac, [u, v])
    assert gradcheck.check_jacobian(lambda p: p[0] * p[1] ** 2, lambda p: jac(p, 1.0), [u, v]).verdict == "FAIL"


def test_a_list_of_rows_that_is_meant_as_a_matrix_stays_one() -> None:
    def jac(x: Any) -> Any:
        return np.einsum("ij,ik,jl->ijkl", 2 * np.asarray(x), np.eye(2), np.eye(2))

    rows = [np.array([1.0, 2.0]), np.array([3.0, 4.5])]
    assert gradcheck.check_jacobian(lambda x: np.asarray(x) ** 2 if type(x) is list else x**2, jac, rows)
    assert gradcheck.check_jacobian(lambda x: x**2, lambda x: jac(x) / 2, rows).verdict == "FAIL"
