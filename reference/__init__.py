"""The reference implementation: backpropagation as the source documents describe it, written to be read.

`rules`: one vector-Jacobian product per op. `dag`: any graph (S0). `mlp`: the delta recursion, a batch at a time
(S3, S4). `neurons`: a network of single neurons (S2). `sgd`: mini-batches and update schedules (S3, S4). `plans` and
`mlp_plans`: the same, faster, for what is differentiated often.
"""

from .dag import gradients
from .mlp import mlp_gradients
from .neurons import neuron_gradients
from .sgd import train

__all__ = ["gradients", "mlp_gradients", "neuron_gradients", "train"]
