"""Files of layers and ops: right ones pass, wrong ones fail, with their mistakes named."""

from pathlib import Path

import pytest

from by_path import load

verified = load(Path(__file__).with_name("verified.py"))
FOLDERS = (
    "layer_pairs",
    "layer_classes",
    "loss_classes",
    "op_classes",
)


@pytest.mark.parametrize("path", verified.files("right", *FOLDERS), ids=verified.ident)
def test_right_ones_pass(path: Path) -> None:
    verified.right(path)


@pytest.mark.parametrize("path", verified.files("wrong", *FOLDERS), ids=verified.ident)
def test_wrong_ones_fail_and_are_named(path: Path) -> None:
    verified.wrong(path)
