"""A recurrent network of characters, its weights globals: the slope of tanh lacks the square.

# mistake: power-rule, other-slope
# where: loss_function
"""

import numpy as np

text = "a small text of letters"
letters = sorted(set(text))
n_letters, n_hidden = len(letters), 40

W_in = 0.01 * np.random.randn(n_hidden, n_letters)
W_rec = 0.01 * np.random.randn(n_hidden, n_hidden)
W_out = 0.01 * np.random.randn(n_letters, n_hidden)
b_rec = np.zeros((n_hidden, 1))
b_out = np.zeros((n_letters, 1))


def loss_function(inputs, targets, h_prev):
    h, p, x, loss = {-1: np.copy(h_prev)}, {}, {}, 0.0
    for t, letter in enumerate(inputs):
        x[t] = np.zeros((n_letters, 1))
        x[t][letter] = 1
        h[t] = np.tanh(W_in @ x[t] + W_rec @ h[t - 1] + b_rec)
        scores = W_out @ h[t] + b_out
        p[t] = np.exp(scores) / np.sum(np.exp(scores))
        loss += -np.log(p[t][targets[t], 0])
    dW_in, dW_rec, dW_out = np.zeros_like(W_in), np.zeros_like(W_rec), np.zeros_like(W_out)
    db_rec, db_out, carried = np.zeros_like(b_rec), np.zeros_like(b_out), np.zeros_like(h_prev)
    for t in reversed(range(len(inputs))):
        dscores = np.copy(p[t])
        dscores[targets[t]] -= 1
        dW_out += dscores @ h[t].T
        db_out += dscores
        da = (W_out.T @ dscores + carried) * (1 - h[t])
        db_rec += da
        dW_in += da @ x[t].T
        dW_rec += da @ h[t - 1].T
        carried = W_rec.T @ da
    for gradient in (dW_in, dW_rec, dW_out, db_rec, db_out):
        np.clip(gradient, -5, 5, out=gradient)
    return loss, dW_in, dW_rec, dW_out, db_rec, db_out, h[len(inputs) - 1]
