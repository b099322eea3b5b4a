"""A network's cost that leaves out the last unit of the hidden layer instead of the bias.

# mistake: permuted
# where: nnCostFunction
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def nnCostFunction(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_):
    split = hidden_layer_size * (input_layer_size + 1)
    Theta1 = nn_params[:split].reshape(hidden_layer_size, input_layer_size + 1)
    Theta2 = nn_params[split:].reshape(num_labels, hidden_layer_size + 1)
    m = X.shape[0]
    a1 = np.hstack([np.ones((m, 1)), X])
    a2 = np.hstack([np.ones((m, 1)), sigmoid(a1 @ Theta1.T)])
    a3 = sigmoid(a2 @ Theta2.T)
    y10 = np.zeros((m, num_labels))
    for i in range(m):
        y10[i, y[i] - 1] = 1
    J = np.sum(-y10 * np.log(a3) - (1 - y10) * np.log(1 - a3)) / m
    J = J + lambda_ / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    theta1_grad = np.zeros(Theta1.shape)
    theta2_grad = np.zeros(Theta2.shape)
    for i in range(m):
        d3 = a3[i] - y10[i]
        d2 = Theta2.T @ d3 * a2[i] * (1 - a2[i])
        theta1_grad += np.outer(d2[:-1], a1[i])
        theta2_grad += np.outer(d3, a2[i])
    theta1_grad /= m
    theta2_grad /= m
    theta1_grad[:, 1:] += lambda_ / m * Theta1[:, 1:]
    theta2_grad[:, 1:] += lambda_ / m * Theta2[:, 1:]
    return J, theta1_grad, theta2_grad
