"""Lanes: the small op, repeated as the tables say, is the whole op; and nothing else feeds an entry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradcheck.errors import Unsupported
from gradcheck.oracle.closed_form.lanes import Lanes, freeze, lanes
from gradcheck.problem import OPS


def assembled(groups: tuple[Lanes, ...], arguments: list[np.ndarray], size: int) -> np.ndarray:
    """The whole op's result, from the small op alone."""
    out = np.full(size, np.nan)
    for group in groups:
        small = OPS[group.op]
        for lane, outputs in enumerate(group.outputs):
            entries = [
                arguments[slot].reshape(-1)[table[lane]].reshape(shape)
                for slot, table, shape in zip(group.slots, group.inputs, group.shapes, strict=True)
            ]
            out[outputs] = np.reshape(small.value(*entries, **dict(group.attributes)), -1)
    return out


@pytest.mark.parametrize("op", OPS)
def test_the_small_op_repeated_is_the_whole_op(op: str) -> None:
    row, rng = OPS[op], np.random.default_rng(3)
    for shapes, attributes in row.examples:
        arguments = [np.array(rng.uniform(*row.range_of(k), s)) for k, s in enumerate(shapes)]
        value = np.asarray(row.value(*arguments, **attributes))
        groups = lanes(op, freeze(attributes), shapes)
        np.testing.assert_allclose(assembled(groups, arguments, value.size), value.reshape(-1), rtol=1e-14)
        assert sum(group.outputs.size for group in groups) == value.size
        first = groups[0]
        rolled = np.roll(first.outputs, 1, axis=0)
        if not np.array_equal(value.reshape(-1)[rolled], value.reshape(-1)[first.outputs]):
            wrong = (replace(first, outputs=rolled), *groups[1:])  # lanes that answer for their neighbours
            assert not np.allclose(assembled(wrong, arguments, value.size), value.reshape(-1), rtol=1e-14)


def test_edges_are_counted() -> None:
    (product,) = lanes("matmul", (), ((2, 3), (3, 4)))
    assert product.edges == 2 * 4 * (3 + 3)
    (scalar,) = lanes("add", (), ((2, 1), (3,)))
    assert scalar.edges == 6 * 2


def test_attributes_freeze() -> None:
    assert freeze({"mask": np.array([[True], [False]]), "axis": [0, 1]}) == (
        ("axis", (0, 1)),
        ("mask", ((True,), (False,))),
    )


def test_tables_have_a_limit() -> None:
    with pytest.raises(Unsupported, match="2 000 000 scalar edges"):
        lanes("matmul", (), ((2000, 1001), (1001, 2)))
    with pytest.raises(Unsupported, match="2 000 000 scalar edges"):
        lanes("softmax", (), ((1500, 1500),))
