"""A softmax activation in the manner of that book: the diagonal of the Jacobian alone.

# mistake: softmax-diagonal
# where: Activation_Softmax
"""

import numpy as np


class Activation_Softmax:
    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = dvalues * self.output * (1 - self.output)
