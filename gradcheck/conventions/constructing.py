"""Makes a small network of a class whose constructor takes sizes, by the names of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.roles import arguments, role
from gradcheck.conventions.trial_data import HIDDEN, INPUTS, OUTPUTS, SAMPLES
from gradcheck.conventions.user_calls import attempt

SIZES: Mapping[str, str] = MappingProxyType(
    {
        "inputs": "input_dim input_size n_input n_inputs num_inputs in_dim in_features n_x n_in nin d_in input_nodes "
        "num_features n_features input_layer_size inputs input_units num_input d dim input_layer input_neurons inodes "
        "in_size number_of_inputs",
        "hidden": "hidden_dim hidden_size n_hidden num_hidden hidden hidden_nodes n_h hidden_units hidden_layer_size "
        "nhid h hidden_layer hidden_neurons hnodes n_hiddens num_hiddens hidden_features",
        "outputs": "num_classes output_size output_dim n_output n_outputs num_outputs out_dim out_features n_y n_out "
        "nout d_out output_nodes n_classes classes output_layer_size outputs output_units num_output k c output_layer "
        "output_neurons onodes out_size number_of_outputs",
        "several hidden": "hidden_dims hidden_size_list hidden_sizes hidden_layers hidden_layer_sizes hiddens",
        "all layers": "sizes layer_sizes layers layer_dims layers_dims dims architecture layer_dimensions shape "
        "structure topology nodes layers_size layers_sizes layersizes",
    }
)
"""Names that constructors give to the sizes of a network."""
IMAGE, FILTERS, FILTER = (2, 4, 4), 3, 3
"""Shape of one small image, channels first; number of filters of a convolution; rows and columns of each."""
IMAGE_NAMES = (
    "input_dim",
    "input_dims",
    "input_shape",
    "input_size",
    "image_shape",
    "img_shape",
    "image_size",
    "in_shape",
)
FILTER_NAMES: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(("num_filters", "n_filters", "filters", "filter_num", "num_kernels", "n_kernels"), FILTERS)
    | dict.fromkeys(("filter_size", "kernel_size", "filter_dim"), FILTER)
)
"""Names that constructors give to the sizes of a convolution."""

NUMBERS = frozenset(
    (
        *(
            "alpha",
            "beta",
            "gamma",
            "delta",
            "slope",
            "negative_slope",
            "temperature",
            "scale",
            "lam",
            "lambda_",
            "sigma",
        ),
        *("margin", "threshold", "tau", "a", "b"),
    )
)
"""Names of required arguments that are a number of the order of 1."""
ASIDES: Mapping[str, Any] = MappingProxyType(
    {"rate": 1.0, "reg": 0.0, "epochs": 1}
    | dict.fromkeys(("eps", "epsilon", "tol", "tolerance", "max_error", "min_error", "error_threshold"), 1e-3)
    | dict.fromkeys(("batch_size", "batch", "mini_batch_size", "minibatch_size"), SAMPLES)
    | dict.fromkeys(("momentum", "decay"), 0.0)
    | dict.fromkeys(("verbose", "debug", "plot", "print_cost"), False)
)
"""Values of required arguments that a network is trained or shown with, by role or name."""


def size_kind(name: str) -> str | None:
    """Which size an argument of this name is."""
    plain = name.lower().replace("_", "")
    singular = plain.removesuffix("s")  # input_dims, output_dims: one number all the same
    known = {kind: names.replace("_", "").split() for kind, names in SIZES.items()}
    found = next((kind for spelled in (plain, singular) for kind, names in known.items() if spelled in names), None)
    if found is None and (stem := name.rstrip("0123456789").rstrip("_")) != name:
        return "hidden" if size_kind(stem) == "hidden" else None  # one for each hidden layer
    return found


def instance(kind: type, changes: Mapping[str, Any] | None = None, outputs: int = OUTPUTS) -> Any:
    """A small network of this class, or the exception that making it raised, or the argument that is not understood.

    Parameters
    ----------
    changes: arguments by name that are not to have their usual values.
    outputs: number of outputs.
    """
    given = small_sizes(kind.__init__, outputs)  # type: ignore[misc] # asked for its signature alone
    if isinstance(given, str):
        return given
    made, wrong = attempt(lambda: kind(**{**given, **(changes or {})}))
    return wrong if wrong is not None else made


def small_sizes(constructor: Callable[..., Any], outputs: int = OUTPUTS) -> dict[str, Any] | str:
    """Arguments that make a small network in float64, or the name of a required one that is not understood."""
    sizes: dict[str, Any] = {
        "inputs": INPUTS,
        "hidden": HIDDEN[0],
        "outputs": outputs,
        "several hidden": list(HIDDEN),
        "all layers": [INPUTS, *HIDDEN, outputs],
    }
    given: dict[str, Any] = {}
    for parameter in arguments(constructor) or ():
        found = size_kind(parameter.name)
        if (image := _image(parameter)) is not None:
            given[parameter.name] = image
        elif (filters := _filters(parameter)) is not None:
            given[parameter.name] = filters
        elif found is not None and not isinstance(parameter.default, tuple):
            given[parameter.name] = sizes[found]
            if found == "hidden":  # of the next layer, if there is one
                sizes["hidden"] = HIDDEN[1]
        elif parameter.name == "dtype":
            given[parameter.name] = np.float64
        elif parameter.name in ("seed", "random_state", "random_seed"):
            given[parameter.name] = 0
        elif parameter.name == "name":
            given[parameter.name] = "it"
        elif parameter.default is Parameter.empty:
            if (aside := role(parameter.name) or parameter.name.lower()) in ASIDES:
                given[parameter.name] = ASIDES[aside]
            elif (number := _number(parameter)) is not None:
                given[parameter.name] = number
            else:
                return parameter.name
    return given


def _number(parameter: Parameter) -> Any:
    """A value for a required argument that is a number by its annotation or its name; None for any other."""
    annotated = {"float": 0.5, "int": 2, "bool": False}
    said = getattr(parameter.annotation, "__name__", str(parameter.annotation))
    return annotated.get(said, 0.5 if parameter.name.lower() in NUMBERS else None)


def image_shape(constructor: Callable[..., Any]) -> tuple[int, ...] | None:
    """The shape of one image for a network whose constructor is told so, as `small_sizes` tells it."""
    return next(filter(None, map(_image, arguments(constructor) or ())), None)


def _image(parameter: Parameter) -> tuple[int, ...] | None:
    """A small image, channels where those of the default are, if the default is the shape of an image."""
    usual = parameter.default
    if parameter.name not in IMAGE_NAMES or not isinstance(usual, tuple | list) or len(usual) != 3:
        return None
    return IMAGE if usual[0] <= usual[2] else IMAGE[1:] + IMAGE[:1]


def _filters(parameter: Parameter) -> Any:
    """A small value for what says how a convolution is made, also where a dict says so; None for anything else."""
    usual = parameter.default
    if isinstance(usual, dict) and set(usual) & set(FILTER_NAMES):
        return {name: FILTER_NAMES.get(name, value) for name, value in usual.items()}
    return FILTER_NAMES.get(parameter.name) if isinstance(usual, int) else None


def reg_argument(constructor: Callable[..., Any] | None) -> str | None:
    """The argument that gives the strength of a regularisation."""
    names = [parameter.name for parameter in arguments(constructor) or ()] if constructor is not None else []
    return next((name for name in names if role(name) == "reg"), None)
