"""Hypothesis strategies for graphs, points and arrays: structure on purpose, valid points by construction."""

from gradcheck.strategies.graphs import chains, graph_cases, graphs
from gradcheck.strategies.points import arrays, points

__all__ = ["arrays", "chains", "graph_cases", "graphs", "points"]
