"""Layers of windows and a flattening affine layer, whose constructors take a stride and a padding."""

import numpy as np
class Affine:
    def __init__(self, W, b):
        self.W = W; self.b = b
        self.x = None; self.dW = None; self.db = None
    def forward(self, x):
        self.shape = x.shape
        x = x.reshape(x.shape[0], -1)
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        dx = dout @ self.W.T
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dx.reshape(self.shape)


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
                dxp[:, :, i*s:i*s+KH, j*s:j*s+KW] += np.tensordot(dout[:, :, i, j], self.W, (1, 0))
                self.dW += np.tensordot(dout[:, :, i, j], self.xp[:, :, i*s:i*s+KH, j*s:j*s+KW], (0, 0))
        return dxp[:, :, p:dxp.shape[2]-p, p:dxp.shape[3]-p]

class Pool:
    def __init__(self, pool_h, pool_w, stride=2):
        self.h, self.w, self.s = pool_h, pool_w, stride
    def forward(self, x):
        self.x = x
        N, C, H, W = x.shape
        oh, ow = 1 + (H-self.h)//self.s, 1 + (W-self.w)//self.s
        out = np.zeros((N, C, oh, ow))
        for i in range(oh):
            for j in range(ow):
                out[:, :, i, j] = x[:, :, i*self.s:i*self.s+self.h, j*self.s:j*self.s+self.w].max(axis=(2, 3))
        self.out = out
        return out
    def backward(self, dout):
        dx = np.zeros_like(self.x)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                a = self.x[:, :, i*self.s:i*self.s+self.h, j*self.s:j*self.s+self.w]
                dx[:, :, i*self.s:i*self.s+self.h, j*self.s:j*self.s+self.w] += (a == self.out[:, :, i, j][:, :, None, None]) * dout[:, :, i, j][:, :, None, None]
        return dx
