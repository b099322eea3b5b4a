"""An example of every kind of finding: facts as a report may state them, for `gradcheck explain GC012`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gradcheck.verdict.finding import Finding, finding

_WRONG = {"block": "W", "entry": [0, 2], "subject": 0.75, "truth": 1.5, "distance": 0.75, "allowed": 3.1e-15}
_TWO = {"block": "dx", "entry": [1], "first": 0.5, "second": 1.0}

EXAMPLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "GC001": {"type": "ModuleNotFoundError", "message": "No module named 'torch'", "place": " (engine.py, line 2)"},
        "GC002": {"place": "engine.py, line 12", "message": "expected ':'", "quoted": ": for node in order"},
        "GC003": {
            "file": "engine.py",
            "looked_for": "gradients (or mlp_gradients, neuron_gradients, train)",
            "found": "gradient",
            "hint": "; did you mean gradient?",
        },
        "GC004": {"type": "KeyError", "message": "'softmax'", "place": " (engine.py, line 41, in backward)"},
        "GC005": {"seconds": 10},
        "GC006": {"how": "called sys.exit(1)"},
        "GC007": {"place": "grads['w']: ", "expected": "an array of numbers", "came": "None"},
        "GC008": {"mapping": "grads", "missing": "'b1'", "keys": "'W1', 'W2', 'b2'"},
        "GC009": {"mapping": "grads", "extra": "'x'", "keys": "'w', 'b'"},
        "GC010": {"what": "the gradient of b", "wanted": (3,), "came": (4, 3)},
        "GC011": {"what": "the gradient of w", "wanted": "float64", "came": "float32", "hint": ""},
        "GC012": {**_WRONG, "loss": "f", "block": "b", "entry": "", "subject": 7, "truth": 9, "distance": 2.0},
        "GC013": {"loss": "loss", "block": "z", "entry": [3], "subject": float("nan"), "truth": 1.0},
        "GC014": {"loss": "loss", "subject": 2.5, "truth": 1.25, "distance": 1.25, "allowed": 2.2e-15},
        "GC015": {"node": "'h'", "op": "sigmoid", "subject": -0.5, "truth": 0.377540668798},
        "GC016": {
            "loss": "f",
            "block": "x",
            "entry": "",
            "subject": 0.333066907388,
            "truth": 0.333333333333,
            "digits": 11,
        },
        "GC017": {"times": 3},
        "GC018": {"who": "f", "what": "raised ZeroDivisionError: division by zero"},
        "GC019": {"wanted": "2 gradients, one for each of x and w", "came": "1"},
        "GC020": {"who": "the subject", "what": "x"},
        "GC021": _TWO,
        "GC022": _TWO,
        "GC023": {**_TWO, "what": "called again after another point"},
        "GC024": {"who": "the derivative"},
        "GC025": {**_TWO, "what": "with the cotangent doubled", "first": 3.0, "second": 1.5},
        "GC026": {**_TWO, "layout": "in Fortran order"},
        "GC027": {**_TWO, "names": "x and y"},
        "GC028": {
            "where": "every sign turned",
            "values": " (x = [-1, 0.5])",
            "sentence": "the gradient of f with respect to x[0] is 1, but the truth is 0",
        },
        "GC030": {"what": "relu has a kink at x[1] = 0: the one-sided derivatives are 0 and 1"},
        "GC031": {"block": "W", "entry": [0, 2], "bound": 3.2e-4, "interest": 1e-6},
        "GC032": {"oracles": "differences per entry and along a direction", "block": "W", "entry": [0, 2]},
        "GC033": {"why": "the graph has no parameters"},
        "GC034": {"block": "a", "entry": "", "subject": 0.353553390593, "truth": 0.353553401},
        "GC035": {"tried": 100, "why": "log of a negative number"},
        "GC036": {
            "name": "rows",
            "sentence": "the gradient of f with respect to table[2,0] is 1, but the truth is 2",
        },
        "GC037": {"node": "'e'", "dtype": "float16"},
        "GC038": {
            **_WRONG,
            "loss": "f",
            "subject": 0.75000001,
            "truth": 0.75,
            "digits": 7,
            "why": "f calls scipy.optimize",
            "accuracy": "1e-07",
        },
        "GC039": {"seconds": 60.0},
        "GC040": {"oracle": "path_enumeration", "why": "the graph has more than 10,000 paths"},
        "GC041": {"oracle": "finite_difference", "proven": "exact", "block": "x", "entry": [0]},
        "GC042": {"expected": "UNDECIDED", "reason": "at a kink", "verdict": "PASS"},
        "GC043": {"verdict": "UNDECIDED", "reason": "at a kink"},
        "GC044": {"text": "visiting node 3"},
        "GC045": {"where": "x[1]", "which": "that hold nearby"},
        "GC046": {"entries": 1_000_000, "directions": 8, "size": 1e-3, "miss": 1e-9},
        "GC047": {"what": "differences per entry and along a random direction"},
        "GC048": {"points": "the simplest point found that fails: x = [0, 1]"},
        "GC049": {
            "where": "every sign turned",
            "values": " (x = [-1, -2])",
            "why": "f cannot be followed there: a singularity, a guard or another number of iterations lies on the way",
        },
        "GC050": {"node": "'h'", "op": "tanh", "what": "passes on a wrong gradient, and every node after it is right"},
        "GC051": {"cause": "W: twice the right gradient, in every entry"},
        "GC060": {**_WRONG, "step": 2, "batch": [4, 0, 3], "schedule": "momentum"},
        "GC061": {"epoch": 1, "samples": 10, "what": "sample 3 comes twice, sample 7 never"},
        "GC062": {"came": 11, "why": "10 were due: that many were asked for"},
        "GC063": {"order": [0, 1, 2, 3], "seeds": "0, 1, 2"},
        "GC064": {"why": "the subject converts its arrays to Python's floats"},
        "GC065": {"what": "a gradient of a graph of 80 nodes takes 1,048,576 operations, 13,000 forward passes"},
        "GC066": {"step": 5, "why": "the parameters before it are not finite"},
        "GC070": {"node": "'h'", "entry": "", "subject": 7, "truth": 9, "distance": 2.0, "allowed": 3.1e-15},
        "GC071": {"why": "'h2': no such node in the graph"},
        "GC072": {"node": "'h'", "wanted": (3,), "came": (1, 3)},
        "GC080": {"ops": "softmax"},
        "GC081": {},
        "GC090": {"block": "b", "wanted": "float32 of shape (3,)", "came": "float64 of shape (1, 3)"},
        "GC091": {"who": "the derivative"},
        "GC096": {"where": "x[1] = 0", "block": "x", "entry": [1], "subject": float("nan"), "truth": 3.0},
        "GC111": {"tuples": "(x,), (dx,)", "own": "x, dx", "given": "*xs, *dxs"},
        "GC110": {"block": "biases", "wanted": (1, 5), "came": (4, 1)},
        "GC109": {"what": "along a line the derivative's slope is 7, and differences of f give 2"},
        "GC095": {"seconds": 60.0, "what": "every sign turned; the other side of a comparison"},
        "GC092": {
            **_WRONG,
            "loss": "f",
            "subject": 0.7500000000001,
            "truth": 0.75,
            "why": "a loop of f ends on a comparison",
            "digits": 12,
        },
        "GC093": {
            **_WRONG,
            "loss": "f",
            "subject": 0.75000001,
            "truth": 0.75,
            "digits": 7,
            "accuracy": "1e-07",
            "interest": "1e-08",
            "also": ", and lacks the 1e-08 that f adds",
        },
        "GC100": {
            "what": "Jacobian",
            "wanted": (3, 2),
            "flat": (3, 2),
            "out": (3,),
            "inner": (2,),
            "came": (2, 3),
            "hint": ": this is the shape of the transpose",
        },
        "GC101": {"what": "Jacobian", "rows": 400, "columns": 100, "miss": 1 / 30_000},
        "GC102": {"entry": [0, 1], "mirror": [1, 0], "first": 2.0, "second": 3.0},
        "GC108": {"how": "its code was differentiated"},
        "GC107": {"declared": "conjugate", "other": "holomorphic", "formula": "dL/da - i dL/db, as in JAX"},
        "GC113": {
            "derivative": "sigmoid_prime",
            "here": "right",
            "reading": "as a function of the output",
            "there": "wrong",
            "other": "as a function of the input",
            "advice": "call it with the output, or say --as functions:slope=input to demand the latter",
        },
        "GC114": {"spent": "after 10 s; --diagnosis-budget 60 goes on"},
        "GC115": {"what": "Jacobian"},
        "GC116": {"block": "idx", "value": 5.0},
        "GC105": {"block": "a"},
        "GC106": {"block": "idx"},
        "GC104": {"path": "params['layer2']['b']", "wanted": "part of it", "came": "nothing"},
        "GC103": {"who": "A", "what": "A(2 x) is not 2 A(x) at entry [0]", "distance": 1.0, "allowed": 1e-14},
    }
)
"""Facts that fill the sentence of each kind, by code."""


def example(code: str) -> Finding:
    """A finding of that code, as a report may show it; KeyError for a code that is not in the table."""
    return finding(code, **EXAMPLES[code])
