"""The networks of the source documents, both of which lower to a Graph: `MLP` (S1, S3, S4) and `NeuronDAG` (S2)."""

from gradcheck.problem.losses import LOSSES, Loss
from gradcheck.problem.mlp import ACTIVATIONS, MLP
from gradcheck.problem.neuron_dag import Edge, NeuronDAG, target, weight

__all__ = ["ACTIVATIONS", "LOSSES", "MLP", "Edge", "Loss", "NeuronDAG", "target", "weight"]
