"""Two ways back from a batch normalisation; the short one forgets the path over the mean.

# mistake: variance-mean, dropped
# where: batchnorm_alt
"""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    if bn_param["mode"] == "test":
        mean, var = bn_param.get("running_mean", np.zeros(x.shape[1])), bn_param.get("running_var", np.ones(x.shape[1]))
        return gamma * (x - mean) / np.sqrt(var + bn_param["eps"]) + beta, None
    mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + bn_param["eps"])
    normal = (x - mean) / std
    return gamma * normal + beta, (normal, gamma, std)


def batchnorm_backward(dout, cache):
    normal, gamma, std = cache
    dnormal = dout * gamma
    dx = (dnormal - dnormal.mean(axis=0) - normal * (dnormal * normal).mean(axis=0)) / std
    return dx, (dout * normal).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    normal, gamma, std = cache
    m = len(dout)
    dgamma, dbeta = (dout * normal).sum(axis=0), dout.sum(axis=0)
    return gamma / (m * std) * (m * dout - normal * dgamma), dgamma, dbeta
