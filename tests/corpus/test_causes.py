"""The labels of causes: every wrong item has one, in words of the vocabulary, at a statement that is in its forward."""

import re
from collections import Counter
from pathlib import Path

import pytest

from by_path import load

HERE = Path(__file__)
causes, forward, kinds = (load(HERE.with_name(f"{name}.py")) for name in ("causes", "forward", "kinds"))
ITEMS = {item.name: item for item in load(HERE.with_name("load.py")).load_items()}
WRONG = [name for name, item in ITEMS.items() if item.label == "wrong"]
TABLES = causes.tables()
LABELS = causes.load_causes()
CODE = re.compile(r"GC\d{3}")


def complaints(name, cause):
    """What is not as it should be with one label."""
    found = [f"{kind} is no kind" for kind in cause.kinds if kind not in (*kinds.KINDS, kinds.CONTRACT)]
    found += [f"{code} is no code" for code in cause.codes if not CODE.fullmatch(code)]
    found += [f"{kind} twice" for kind, n in Counter(cause.kinds).items() if n > 1]
    if not cause.kinds:
        found.append("no kind")
    texts = [s.text for s in forward.statements(ITEMS[name].f)] if cause.places else []
    for place in cause.places:
        if (times := sum(place in text for text in texts)) != 1:
            found.append(f"{place!r} stands in {times} statements of the forward")
    return found


def test_every_wrong_item_is_labelled():
    assert [name for name in WRONG if name not in LABELS] == []


def test_every_label_is_of_a_wrong_item():
    assert [name for name in LABELS if name not in WRONG] == []


def test_no_item_is_labelled_twice():
    assert [name for name, n in Counter(name for table in TABLES.values() for name in table).items() if n > 1] == []


@pytest.mark.parametrize("name", LABELS)
def test_the_label_is_whole(name):
    assert complaints(name, LABELS[name]) == []


SOME = "residual_block_skip_forgotten"
BROKEN = {
    "no kind": causes.Cause((), (), ()),
    "a word of its own": causes.Cause(("forgotten",), (), ()),
    "the same twice": causes.Cause(("dropped", "dropped"), (), ()),
    "a statement that is not there": causes.Cause(("dropped",), ("x + np.minimum(",), ()),
    "a statement of the derivative": causes.Cause(("dropped",), ("dz = (c @ W2.T) * (z > 0)",), ()),
    "no code": causes.Cause(("contract",), (), ("GC2",)),
}


@pytest.mark.parametrize("label", BROKEN.values(), ids=BROKEN)
def test_broken_labels_are_seen(label):
    assert complaints(SOME, label)


def test_a_part_that_stands_in_two_statements_is_seen():
    assert complaints("leapfrog_stale_position", causes.Cause(("stale",), ("p = p - 0.05 * np.sin(q)",), ()))


def test_one_of_two_lambdas_on_a_line_is_the_forward():
    (only,) = forward.statements(ITEMS["upstream_ignored"].f)
    assert only.text == "lambda x: x**3"


def test_the_forward_holds_what_it_calls():
    texts = [s.text for s in forward.statements(ITEMS["course_affine_bias_averaged"].f)]
    assert "out = x.reshape(x.shape[0], -1).dot(w) + b" in texts
    assert not any("np.mean(dout, axis=0)" in text for text in texts)
