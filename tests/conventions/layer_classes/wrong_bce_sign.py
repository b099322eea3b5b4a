"""A binary cross-entropy on probabilities whose gradient has the two targets exchanged.

# mistake: sign
# where: BinaryCrossEntropy
"""

import numpy as np


class BinaryCrossEntropy:
    def forward(self, y_pred, y_true):
        self.y_pred = y_pred
        self.y_true = y_true
        return -np.mean(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))

    def backward(self):
        p, t = self.y_pred, self.y_true
        return (t - p) / (p * (1 - p)) / t.size
