"""What is to be differentiated: ops, graphs, networks, functions, cases. Holds no derivative and calls no subject."""

from gradcheck.problem.builder import GraphBuilder, Handle
from gradcheck.problem.case import Case, Lowers
from gradcheck.problem.cost_claims import Cost, Forwards, Growth, Shortcut
from gradcheck.problem.graph import Graph, Node, Point
from gradcheck.problem.mlp import MLP
from gradcheck.problem.neuron_dag import NeuronDAG
from gradcheck.problem.ops import CODES, LEAVES, NAMES, OPS, Op
from gradcheck.problem.schedules import AdaGrad, Constant, Custom, Decay
from gradcheck.problem.training import Training, Until

__all__ = [
    "CODES",
    "LEAVES",
    "MLP",
    "NAMES",
    "OPS",
    "AdaGrad",
    "Case",
    "Constant",
    "Cost",
    "Custom",
    "Decay",
    "Forwards",
    "Graph",
    "GraphBuilder",
    "Growth",
    "Handle",
    "Lowers",
    "NeuronDAG",
    "Node",
    "Op",
    "Point",
    "Shortcut",
    "Training",
    "Until",
]
