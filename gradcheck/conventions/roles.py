"""What the arguments of a function are for, told by their names: the data, the labels, the outputs, the cache ..."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "X": (
            "X",
            "x",
            "inputs",
            "input",
            "data",
            "images",
            "features",
            "A0",
            "input_data",
            "inp",
            "X_train",
            "xs",
            "training_inputs",
            "training_set_inputs",
            "train_inputs",
            "train_x",
            "inputs_list",
            "input_list",
            "x_train",
        ),
        "y": (
            "y",
            "Y",
            "t",
            "target",
            "targets",
            "labels",
            "label",
            "T",
            "d",
            "desired",
            "expected",
            "ys",
            "training_outputs",
            "training_set_outputs",
            "train_outputs",
            "train_y",
            "targets_list",
            "target_list",
            "y_train",
            "expected_output",
            "expected_outputs",
            "actual",
            "target_outputs",
        ),
        "out": ("AL", "output", "outputs", "out", "y_hat", "yhat", "y_pred", "pred", "preds", "prediction", "logits"),
        "cache": ("cache", "caches", "memory", "stored", "activations", "forward_cache", "intermediate"),
        "parameters": ("parameters", "params", "param", "weights", "parameters_values", "theta", "model"),
        "rate": ("lr", "learning_rate", "eta", "alpha", "rate", "learningrate", "l_rate", "step_size"),
        "reg": (
            "reg",
            "lambd",
            "lmbda",
            "lambda_",
            "lam",
            "reg_lambda",
            "weight_decay",
            "l2",
            "l2_reg",
            "lamda",
            "l2_lambda",
            "weight_decay_lambda",
        ),
        "epochs": (
            "epochs",
            "iterations",
            "n_iter",
            "n_iters",
            "num_iterations",
            "num_iters",
            "n_iterations",
            "num_epochs",
            "n_epochs",
            "iters",
            "max_iter",
            "training_iterations",
            "number_of_training_iterations",
            "number_of_iterations",
            "iteration_time",
            "epoch",
            "nb_epoch",
        ),
        "keep": ("keep_prob", "dropout_keep_ratio", "keep"),
    }
)
"""Names of arguments by what they are for; case and trailing words such as `_batch` do not count (see `role`)."""
_MORE_OUTPUTS = ("predictions", "scores", "probs", "probabilities", "a", "a2", "a3", "al", "o", "y_", "hypothesis", "h")
_ENDINGS = ("_batch", "batch", "_true", "_train", "_data", "_i")


def role(name: str) -> str | None:
    """What an argument of this name is for; None for a name that tells nothing."""
    for plain in (name, *(name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending))):
        for found, names in ROLES.items():
            if plain in names or plain.lower() in {n.lower() for n in names if len(n) > 1}:
                return found
        if plain.lower() in _MORE_OUTPUTS:
            return "out"
    return None


def arguments(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """The arguments that may be given by position, `self` left out; None where the signature is not to be had."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    return [p for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.name != "self"]


def roles(function: Callable[..., Any] | None) -> list[str | None]:
    """What the arguments are for, in order; none where there is no function."""
    if function is None:
        return []
    return [role(p.name) for p in arguments(function) or ()]


def filled(
    function: Callable[..., Any],
    values: Mapping[str, Any],
    first: str | None = None,
    named: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """The arguments of a call by name, each by what it is for; None where a required one is for something else.

    An argument with a default keeps it unless `values` holds its role. `first` is the role of the first argument where
    its own name tells nothing. What `named` holds under an argument's own name comes before all roles.
    """
    given = {}
    for k, parameter in enumerate(arguments(function) or ()):
        if named is not None and parameter.name in named:
            given[parameter.name] = named[parameter.name]
            continue
        found = role(parameter.name) or (first if k == 0 else None)
        if found is not None and found in values:
            given[parameter.name] = values[found]
        elif parameter.default is parameter.empty:
            return None
    return given
