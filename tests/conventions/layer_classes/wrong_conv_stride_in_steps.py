"""A convolution whose way back takes windows one apart, whatever the stride: right at the default, a stride of 1.

# mistake: none
# where: stride=2 pad=1
"""

import numpy as np


class Conv:
    def __init__(self, W, b, stride=1, pad=0):
        self.W = W; self.b = b; self.stride = stride; self.pad = pad
    def forward(self, x):
        F, C, KH, KW = self.W.shape
        N, C, H, W = x.shape
        self.x = x
        p, s = self.pad, self.stride
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        self.xp = xp
        oh, ow = 1 + (H + 2*p - KH)//s, 1 + (W + 2*p - KW)//s
        out = np.zeros((N, F, oh, ow))
        for i in range(oh):
            for j in range(ow):
                out[:, :, i, j] = np.tensordot(xp[:, :, i*s:i*s+KH, j*s:j*s+KW], self.W, ([1, 2, 3], [1, 2, 3])) + self.b
        return out
    def backward(self, dout):
        F, C, KH, KW = self.W.shape
        s, p = self.stride, self.pad
        dxp = np.zeros_like(self.xp); self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                dxp[:, :, i:i+KH, j:j+KW] += np.tensordot(dout[:, :, i, j], self.W, (1, 0))
                self.dW += np.tensordot(dout[:, :, i, j], self.xp[:, :, i:i+KH, j:j+KW], (0, 0))
        return dxp[:, :, p:dxp.shape[2]-p, p:dxp.shape[3]-p]
