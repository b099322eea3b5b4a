"""Average pooling that gives each entry of a window the whole gradient.

# mistake: mean-sum, factor
# where: AveragePooling
"""

import numpy as np


class AveragePooling:
    def __init__(self, pool_size, stride=2):
        self.pool_size = pool_size
        self.stride = stride

    def forward(self, x):
        self.x = x
        N, C, H, W = x.shape
        k, s = self.pool_size, self.stride
        out = np.zeros((N, C, (H - k) // s + 1, (W - k) // s + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = np.mean(x[:, :, i * s : i * s + k, j * s : j * s + k], axis=(2, 3))
        return out

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        k, s = self.pool_size, self.stride
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                dx[:, :, i * s : i * s + k, j * s : j * s + k] += dout[:, :, i, j][:, :, None, None]
        return dx
