"""What is to be differentiated: ops, graphs, networks, functions, cases. Holds no derivative and calls nobody."""

from gradcheck.problem.builder import GraphBuilder, Handle
from gradcheck.problem.case import Case, Lowers
from gradcheck.problem.graph import Graph, Node, Point
from gradcheck.problem.ops import CODES, LEAVES, NAMES, OPS, Op

__all__ = [
    "CODES",
    "LEAVES",
    "NAMES",
    "OPS",
    "Case",
    "Graph",
    "GraphBuilder",
    "Handle",
    "Lowers",
    "Node",
    "Op",
    "Point",
]
