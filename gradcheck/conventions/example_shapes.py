"""Which shapes arguments of layers and losses have, by their names, in the layouts that occur.

A layout says how big what each role stands for is: rows or columns, images, a single sample. All sizes of a layout
differ, so that a transposed or wrongly summed gradient shows; `SQUARES` are for code that needs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

N, D, M = 4, 3, 5

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Shapes by role. A target is `labels` (whole numbers), one-hot rows, or numbers of the shape in `targets`.

    Where `words`, data are numbers of words, which are rows of the weights.
    """

    name: str
    shapes: Mapping[str, Shape]
    targets: Sequence[tuple[str, Shape]] = ()
    words: bool = False


ROLES: Mapping[str, str] = MappingProxyType(
    {
        "state": r"prev_h\w*|h_?prev\w*|h0|hidden\w*|prev_c|c_?prev|next_h|next_c|c0",
        "data": r"[xazhuvs]\d?|xs|inp|inputs?|input_data|in_data|act\w*|data|features?|[az]_?prev|x_in|arr|array|"
        r"inputs?_\w+",
        "index": r"idx|idxs|ids|indices|index|words?|tokens?|word_ids|token_ids",
        "prediction": r"scores?|logits?|y_?hat|y_?pred\w*|pred\w*|p|q|probs?|out|output|outputs",
        "weight": r"w\d?|weights?|kernel|filters?|theta|beta_hat|coefs?|params",
        "hidden": r"wh|whh|w_hh|u_h|wh_?h",
        "entering": r"wx|wxh|w_xh|w_ih|wx_?h",
        "bias": r"b\d?|bias|biases|c",
        "scale": r"gamma|beta|g|scale|shift",
        "target": r"y\d?|t|labels?|targets?|y_?true|truth|y_batch|ground_truth|gt",
    }
)
"""What the names of arguments stand for: patterns, lower case."""

PARAMETERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "bn_param": {"mode": "train", "eps": 1e-5, "momentum": 0.9},
        "ln_param": {"eps": 1e-5},
        "gn_param": {"eps": 1e-5},
        "dropout_param": {"p": 0.6, "mode": "train", "seed": 7},
        "conv_param": {"stride": 2, "pad": 1},
        "pool_param": {"pool_height": 2, "pool_width": 2, "stride": 2},
    }
)
"""Dictionaries of settings, by the names of CS231n."""

SETTINGS: Mapping[str, Any] = MappingProxyType(
    {
        "eps": 1e-5, "epsilon": 1e-5, "momentum": 0.9, "p": 0.6, "keep_prob": 0.6, "rate": 0.4, "drop_prob": 0.4,
        "dropout_ratio": 0.4, "ratio": 0.4, "dropout": 0.4, "p_dropout": 0.4, "mode": "train", "train": True,
        "training": True, "is_training": True, "train_flg": True, "stride": 2, "pad": 1, "padding": 1, "seed": 7,
        "reg": 0.3, "lmbda": 0.3, "lamda": 0.3, "Lambda": 0.3, "reg_lambda": 0.3, "reg_strength": 0.3,
        "_lambda": 0.3, "lambda_reg": 0.3, "learningRate": 0.3, "learning_rate": 0.3, "lr": 0.3,
        "lam": 0.3, "lambd": 0.3, "lambda_": 0.3, "l2": 0.3, "alpha": 0.3, "slope": 0.3, "negative_slope":
        0.3, "delta": 1.0, "axis": -1, "pool_size": 2, "kernel_size": 3, "k": 2, "n": 3, "temperature": 1.7, "tau": 1.7,
        "pool_h": 2, "pool_w": 2, "pool_height": 2, "pool_width": 2, "margin": 1.0, "size": 2,
        "G": 2, "groups": 2, "num_groups": 2, "n_groups": 2,
    }
)  # fmt: skip
"""Numbers and words by the name of the argument that takes them."""

_ROWS = {"data": (N, D), "index": (N,), "prediction": (N, D), "weight": (D, M), "bias": (M,), "scale": (D,),
         "state": (N, M), "entering": (D, M), "hidden": (M, M)}  # fmt: skip
_GATES = {"entering": (D, 4 * M), "hidden": (M, 4 * M), "bias": (4 * M,), "weight": (D, 4 * M)}
_COLUMNS = {"data": (D, N), "prediction": (D, N), "weight": (M, D), "bias": (M, 1), "scale": (D, 1), "state": (M, N),
            "entering": (M, D), "hidden": (M, M)}  # fmt: skip
_LABELLED = (("labels", (N, D)), ("one-hot", (N, D)), ("real", (N, D)))
_SQUARE = {role: tuple(3 for _ in shape) for role, shape in _ROWS.items()}

ONE_ROW = "one sample in a row"
"""Layout of code that takes no batches."""
ROWS = Layout("samples in rows", _ROWS, _LABELLED)
LAYOUTS: tuple[Layout, ...] = (
    ROWS,
    Layout("samples in rows, weights (out, in)", {**_ROWS, "weight": (M, D), "entering": (M, D)}, _LABELLED),
    Layout("one output per sample", {**_ROWS, "prediction": (N,), "weight": (D,), "bias": ()}, (("real", (N,)),)),
    Layout(
        "one output per sample, as a column",
        {**_ROWS, "prediction": (N, 1), "weight": (D, 1), "bias": (1,)},
        (("real", (N, 1)),),
    ),
    Layout(
        "one output per sample, targets as a column",
        {**_ROWS, "prediction": (N,), "weight": (D,), "bias": ()},
        (("real", (N, 1)),),
    ),
    Layout("weights per class", {**_ROWS, "weight": (D, 3)}, (("labels", (N, 3)), ("one-hot", (N, 3)))),
    Layout(
        "samples in columns",
        _COLUMNS,
        (("one-hot columns", (N, D)), ("real", (M, N)), ("real", (1, N)), ("labels", (N, D))),
    ),
    Layout(
        "one output per sample, samples in columns",
        {**_COLUMNS, "prediction": (1, N), "weight": (1, D), "bias": (1, 1)},
        (("real", (1, N)),),
    ),
    Layout("images for windows", {"data": (2, 3, 4, 6)}),
    Layout(
        "images",
        {"data": (2, 2, 3, 5), "weight": (3, 2, 3, 3), "bias": (3,), "scale": (2,), "prediction": (2, 2, 3, 5)},
    ),
    Layout("sequences of channels", {"data": (2, 2, 6), "weight": (3, 2, 3), "bias": (3,)}),
    Layout("images in four channels", {"data": (2, 4, 3, 2), "scale": (1, 4, 1, 1)}),
    Layout("sequences", {**_ROWS, "data": (2, N, D), "state": (2, M), "scale": (D,), "prediction": (2, N, D)}),
    Layout(
        "sequences with labels",
        {"data": (2, N, D), "prediction": (2, N, D), "mask": (2, N)},
        (("labels of sequences", (2, N, D)),),
    ),
    Layout("gates", {**_ROWS, **_GATES}),
    Layout("gates, in sequences", {**_ROWS, **_GATES, "data": (2, N, D), "state": (2, M)}),
    Layout(
        "one sample",
        {"data": (D,), "prediction": (D,), "weight": (M, D), "bias": (M,), "scale": (D,), "state": (M,),
         "entering": (M, D), "hidden": (M, M)},
        (("label", (D,)), ("one-hot sample", (D,)), ("real", (D,)), ("real", (M,))),
    ),
    Layout("numbers, one for each sample", {"data": (N,), "weight": (), "bias": ()}, (("real", (N,)),)),
    Layout("one sample, weights (in, out)", {"data": (D,), "weight": (D, M), "bias": (M,)}, (("real", (M,)),)),
    Layout("one sample and one output", {"data": (D,), "weight": (D,), "bias": ()}, (("real", ()),)),
    Layout(
        "one sample as a column",
        {"data": (D, 1), "prediction": (D, 1), "weight": (M, D), "bias": (M, 1), "state": (M, 1), "entering": (M, D),
         "hidden": (M, M)},
        (("one-hot column", (D, 1)), ("real", (D, 1)), ("real", (M, 1))),
    ),
    Layout("equations in a vector", {"data": (D,), "square": (N, D), "bias": (N,)}, (("real", (N,)),)),
    Layout("a vector and a square matrix", {"data": (D,), "square": (D, D), "bias": (D,)}, (("real", (D,)),)),
    Layout("features and their bias", {"data": (N, D), "bias": (D,)}),
    Layout("all of one shape", dict.fromkeys(ROLES, (N, D))),
    Layout("vectors of one length", dict.fromkeys(ROLES, (D,))),
    Layout("words of sequences", {"data": (2, N), "weight": (M, D)}, words=True),
    Layout("vectors of length 2", dict.fromkeys(ROLES, (2,))),
    Layout("numbers", dict.fromkeys(ROLES, ()), (("real", ()),)),
)  # fmt: skip
"""Layouts in the order in which they are tried."""

SQUARES: tuple[Layout, ...] = (
    Layout("as many samples as features and outputs", _SQUARE, (("labels", (3, 3)), ("one-hot", (3, 3)))),
    Layout("the same in columns", {**_SQUARE, "bias": (3, 1), "scale": (3, 1)}),
    Layout("one sample, as many features as outputs", {"data": (3,), "weight": (3, 3), "bias": (3,)}),
    Layout("the same as a column", {"data": (3, 1), "weight": (3, 3), "bias": (3, 1)}),
)
"""For a backward pass that fails on different sizes: there its mistake has numbers, and can be named."""
SQUARE_BATCHES = 2
"""Number of these that are batches; the others are one sample."""


def of_width(width: int) -> tuple[Layout, ...]:
    """Samples of so many features, in rows and in columns."""
    rows: dict[str, Shape] = {**_ROWS, "data": (N, width), "prediction": (N, width), "scale": (width,)}
    columns: dict[str, Shape] = {**_COLUMNS, "data": (width, N), "prediction": (width, N)}
    return (
        Layout("samples in rows", rows, (("labels", (N, width)), ("one-hot", (N, width)), ("real", (N, 1)))),
        Layout("samples in columns", columns, (("one-hot columns", (N, width)),)),
        Layout("one sample", {"data": (width,)}, (("real", (width,)),)),
        Layout(ONE_ROW, {"data": (1, width)}, (("real", (1, width)),)),
    )


def role(name: str) -> str | None:
    """What an argument of this name stands for, if its name tells."""
    lower = name.lower().strip("_")
    return next((role for role, pattern in ROLES.items() if re.fullmatch(pattern, lower)), None)
