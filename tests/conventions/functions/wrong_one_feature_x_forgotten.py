"""Linear regression of one feature: the gradient of w lacks the factor x.

# mistake: slope-forgotten, dropped
# where: compute_gradient
"""

import numpy as np


def compute_cost(x, y, w, b):
    m = x.shape[0]
    cost = 0
    for i in range(m):
        f_wb = w * x[i] + b
        cost = cost + (f_wb - y[i]) ** 2
    return 1 / (2 * m) * cost


def compute_gradient(x, y, w, b):
    m = x.shape[0]
    dj_dw = 0
    dj_db = 0
    for i in range(m):
        f_wb = w * x[i] + b
        dj_dw += f_wb - y[i]
        dj_db += f_wb - y[i]
    return dj_dw / m, dj_db / m
