"""Hypothesis strategies for graphs, networks, points and arrays: structure on purpose, valid points by construction."""

from gradcheck.strategies.comfort import Comfort
from gradcheck.strategies.drawn_networks import mlps, networks, neuron_dags
from gradcheck.strategies.graph_strategies import chains, graph_cases, graphs
from gradcheck.strategies.points import arrays, points

__all__ = ["Comfort", "arrays", "chains", "graph_cases", "graphs", "mlps", "networks", "neuron_dags", "points"]
