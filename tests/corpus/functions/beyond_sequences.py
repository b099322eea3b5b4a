"""Dynamic programs, recurrent cells, attention and layers with one mistake each: the seventh held-out set."""

import numpy as np

from ..edited import edited
from ..item import Category
from ..retold import retold

CATEGORY = Category("beyond sequences")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(8101)


# a linear chain conditional random field
EMIT, TRANS = rng.standard_normal((4, 3)), rng.standard_normal((3, 3))
TAGS = [0, 2, 1, 1]


def crf(emit, trans):
    alpha = emit[0]
    for t in range(1, 4):
        alpha = np.log(np.sum(np.exp(alpha[:, None] + trans), axis=0)) + emit[t]
    log_z = np.log(np.sum(np.exp(alpha)))
    gold = emit[0, TAGS[0]]
    for t in range(1, 4):
        gold = gold + trans[TAGS[t - 1], TAGS[t]] + emit[t, TAGS[t]]
    return log_z - gold


def crf_gradient(emit, trans):
    alpha = np.zeros((4, 3))
    alpha[0] = emit[0]
    for t in range(1, 4):
        alpha[t] = np.log(np.sum(np.exp(alpha[t - 1][:, None] + trans), axis=0)) + emit[t]
    beta = np.zeros((4, 3))
    for t in range(2, -1, -1):
        beta[t] = np.log(np.sum(np.exp(trans + emit[t + 1] + beta[t + 1]), axis=1))
    log_z = np.log(np.sum(np.exp(alpha[-1])))
    d_emit = np.exp(alpha + beta - log_z)
    d_trans = np.zeros((3, 3))
    for t in range(1, 4):
        pair = alpha[t - 1][:, None] + trans + emit[t] + beta[t]
        d_trans += np.exp(pair - log_z)
    for t in range(4):
        d_emit[t, TAGS[t]] -= 1
    for t in range(1, 4):
        d_trans[TAGS[t - 1], TAGS[t]] -= 1
    return d_emit, d_trans


T = retold(crf)
right("beyond_crf", "gradient", crf, crf_gradient, (EMIT, TRANS),
      "Log-partition minus the score of the labels, by forward and backward.", T)  # fmt: skip
wrong("beyond_crf_gold_transitions", "gradient", crf, edited(crf_gradient,
      ("d_trans[TAGS[t - 1], TAGS[t]] -= 1", "pass")), (EMIT, TRANS),
      "The transitions of the gold path are forgotten.", T)  # fmt: skip
wrong("beyond_crf_gold_transposed", "gradient", crf, edited(crf_gradient,
      ("d_trans[TAGS[t - 1], TAGS[t]] -= 1", "d_trans[TAGS[t], TAGS[t - 1]] -= 1")), (EMIT, TRANS),
      "The gold path's transitions are counted from new to old.", T)  # fmt: skip
wrong("beyond_crf_last_pair_lost", "gradient", crf, edited(crf_gradient,
      ("    for t in range(1, 4):\n        pair = alpha[t - 1]",
       "    for t in range(1, 3):\n        pair = alpha[t - 1]")),
      (EMIT, TRANS), "The expected transitions stop one step short.", T)  # fmt: skip


def crf_by_backward_steps(emit, trans):
    alphas, shares = [emit[0]], []
    for t in range(1, 4):
        score = alphas[-1][:, None] + trans
        total = np.log(np.exp(score).sum(axis=0))
        shares.append(np.exp(score - total))
        alphas.append(total + emit[t])
    d_emit, d_trans = np.zeros_like(emit), np.zeros_like(trans)
    d = np.exp(alphas[-1] - np.log(np.exp(alphas[-1]).sum()))
    for t in (3, 2, 1):
        d_emit[t] = d
        pair = shares[t - 1] * d
        d_trans += pair
        d = pair.sum(axis=1)
    d_emit[0] = d
    d_emit[np.arange(4), TAGS] -= 1
    np.subtract.at(d_trans, (TAGS[:-1], TAGS[1:]), 1)
    return d_emit, d_trans


right("beyond_crf_by_backward_steps", "gradient", crf, crf_by_backward_steps, (EMIT, TRANS),
      "Back through the sums of the forward pass.", T)  # fmt: skip

# alignments of two letters with five frames, with blanks between
LOGITS = rng.standard_normal((5, 3))
SPELLED = np.array([0, 1, 0, 2, 0])


def ctc(logits):
    p = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    alpha = [p[0, 0], p[0, 1], 0.0, 0.0, 0.0]
    for t in range(1, 5):
        new = []
        for s in range(5):
            a = alpha[s] + (alpha[s - 1] if s > 0 else 0.0)
            if s == 3:
                a = a + alpha[1]
            new.append(a * p[t, SPELLED[s]])
        alpha = new
    return -np.log(alpha[3] + alpha[4])


def ctc_gradient(logits):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    alpha, beta = np.zeros((5, 5)), np.zeros((5, 5))
    alpha[0, :2] = p[0, :2]
    beta[4, 3:] = 1.0
    for t in range(1, 5):
        for s in range(5):
            a = alpha[t - 1, s]
            if s > 0:
                a = a + alpha[t - 1, s - 1]
            if s == 3:
                a = a + alpha[t - 1, 1]
            alpha[t, s] = a * p[t, SPELLED[s]]
    for t in range(3, -1, -1):
        for s in range(5):
            b = beta[t + 1, s] * p[t + 1, SPELLED[s]]
            if s < 4:
                b = b + beta[t + 1, s + 1] * p[t + 1, SPELLED[s + 1]]
            if s == 1:
                b = b + beta[t + 1, 3] * p[t + 1, 2]
            beta[t, s] = b
    total = alpha[4, 3] + alpha[4, 4]
    occupied = np.zeros((5, 3))
    for s in range(5):
        occupied[:, SPELLED[s]] += alpha[:, s] * beta[:, s] / total
    return p - occupied


T = retold(ctc)
right("beyond_ctc", "gradient", ctc, ctc_gradient, (LOGITS,),
      "By the alignment's forward and backward sums.", T)  # fmt: skip
wrong("beyond_ctc_skip_of_the_blank", "gradient", ctc, edited(ctc_gradient,
      ("b = b + beta[t + 1, 3] * p[t + 1, 2]", "pass")), (LOGITS,), "Backwards no blank is skipped.", T)  # fmt: skip
wrong("beyond_ctc_last_blank", "gradient", ctc, edited(ctc_gradient,
      ("beta[4, 3:] = 1.0", "beta[4, 4] = 1.0")), (LOGITS,),
      "Backwards only alignments that end on the blank are begun.", T)  # fmt: skip
wrong("beyond_ctc_blanks_overwrite", "gradient", ctc, edited(ctc_gradient,
      ("occupied[:, SPELLED[s]] += alpha", "occupied[:, SPELLED[s]] = alpha")), (LOGITS,),
      "Counts of one symbol at several states overwrite each other.", T)  # fmt: skip

# two series of unlike length, aligned softly
LONG, SHORT = np.array([0.3, 1.1, -0.4, 0.6]), np.array([0.5, -0.2, 0.9])


def soft_dtw(x, y):
    cost = (x[:, None] - y[None, :]) ** 2
    table = [[None] * 3 for _ in range(4)]
    for i in range(4):
        for j in range(3):
            before = []
            if i > 0:
                before.append(table[i - 1][j])
            if j > 0:
                before.append(table[i][j - 1])
            if i > 0 and j > 0:
                before.append(table[i - 1][j - 1])
            soft = 0.0
            if before:
                soft = -0.5 * np.log(sum(np.exp(-b / 0.5) for b in before))
            table[i][j] = cost[i, j] + soft
    return table[3][2]


def soft_dtw_gradient(x, y):
    gamma = 0.5
    cost = (x[:, None] - y[None, :]) ** 2
    r = np.full((5, 4), np.inf)
    r[0, 0] = 0.0
    for i in range(1, 5):
        for j in range(1, 4):
            three = np.array([r[i - 1, j], r[i, j - 1], r[i - 1, j - 1]])
            r[i, j] = cost[i - 1, j - 1] - gamma * np.log(np.exp(-three / gamma).sum())
    e = np.zeros((6, 5))
    e[4, 3] = 1.0
    for i in range(4, 0, -1):
        for j in range(3, 0, -1):
            if (i, j) != (4, 3):
                total = 0.0
                for di, dj in ((1, 0), (0, 1), (1, 1)):
                    if i + di < 5 and j + dj < 4:
                        here = r[i + di, j + dj] - cost[i + di - 1, j + dj - 1]
                        total += e[i + di, j + dj] * np.exp((here - r[i, j]) / gamma)
                e[i, j] = total
    e = e[1:5, 1:4]
    apart = 2 * (x[:, None] - y[None, :])
    return (e * apart).sum(axis=1), -(e * apart).sum(axis=0)


T = retold(soft_dtw)
right("beyond_soft_dtw", "gradient", soft_dtw, soft_dtw_gradient, (LONG, SHORT),
      "Soft minima over three neighbours.", T)  # fmt: skip
wrong("beyond_soft_dtw_no_diagonal", "gradient", soft_dtw, edited(soft_dtw_gradient,
      ("((1, 0), (0, 1), (1, 1))", "((1, 0), (0, 1))")), (LONG, SHORT),
      "The steps along the diagonal are forgotten on the way back.", T)  # fmt: skip
wrong("beyond_soft_dtw_without_two", "gradient", soft_dtw, edited(soft_dtw_gradient,
      ("apart = 2 * (x", "apart = (x")), (LONG, SHORT), "The square's 2 is forgotten.", T)  # fmt: skip
wrong("beyond_soft_dtw_second_sign", "gradient", soft_dtw, edited(soft_dtw_gradient,
      (", -(e * apart)", ", (e * apart)")), (LONG, SHORT),
      "The second series gets the sign of the first.", T)  # fmt: skip

# a gated unit over three steps
TOKENS, STATE = rng.standard_normal((3, 2)), rng.standard_normal(2)
GATES, CANDIDATE = 0.7 * rng.standard_normal((4, 4)), 0.7 * rng.standard_normal((4, 2))


def gru(xs, h, wg, wc):
    for t in range(3):
        g = 1 / (1 + np.exp(-np.concatenate([xs[t], h]) @ wg))
        z, r = g[:2], g[2:]
        cand = np.tanh(np.concatenate([xs[t], r * h]) @ wc)
        h = (1 - z) * h + z * cand
    return h


def gru_backward(dh, xs, h, wg, wc):
    tape = []
    for t in range(3):
        joined = np.concatenate([xs[t], h])
        g = 1 / (1 + np.exp(-joined @ wg))
        z, r = g[:2], g[2:]
        reset = np.concatenate([xs[t], r * h])
        cand = np.tanh(reset @ wc)
        tape.append((joined, z, r, reset, cand, h))
        h = (1 - z) * h + z * cand
    dxs, dwg, dwc = np.zeros((3, 2)), np.zeros((4, 4)), np.zeros((4, 2))
    for t in reversed(range(3)):
        joined, z, r, reset, cand, h = tape[t]
        dz = dh * (cand - h)
        da = dh * z * (1 - cand**2)
        dwc += np.outer(reset, da)
        dreset = wc @ da
        dr = dreset[2:] * h
        dg = np.concatenate([dz * z * (1 - z), dr * r * (1 - r)])
        dwg += np.outer(joined, dg)
        djoined = wg @ dg
        dxs[t] = dreset[:2] + djoined[:2]
        dh = dh * (1 - z) + dreset[2:] * r + djoined[2:]
    return dxs, dh, dwg, dwc


T = retold(gru)
right("beyond_gru", "vjp", gru, gru_backward, (TOKENS, STATE, GATES, CANDIDATE),
      "Reset before the product, three gates.", T)  # fmt: skip
wrong("beyond_gru_update_gate_state", "vjp", gru, edited(gru_backward,
      ("dz = dh * (cand - h)", "dz = dh * cand")), (TOKENS, STATE, GATES, CANDIDATE),
      "The update gate's derivative is that of z * cand alone.", T)  # fmt: skip
wrong("beyond_gru_state_through_reset", "vjp", gru, edited(gru_backward,
      ("+ dreset[2:] * r + djoined[2:]", "+ djoined[2:]")), (TOKENS, STATE, GATES, CANDIDATE),
      "The state under the reset gate is not followed.", T)  # fmt: skip
wrong("beyond_gru_reset_slope_of_update", "vjp", gru, edited(gru_backward,
      ("dr * r * (1 - r)", "dr * z * (1 - z)")), (TOKENS, STATE, GATES, CANDIDATE),
      "The reset gate gets the slope of the update gate.", T)  # fmt: skip
wrong("beyond_gru_kept_and_taken_exchanged", "vjp", gru, edited(gru_backward,
      ("dh = dh * (1 - z) +", "dh = dh * z +")), (TOKENS, STATE, GATES, CANDIDATE),
      "The old state's share is z where it is 1 - z.", T)  # fmt: skip

# a memory cell whose gates see it
SEEN, CELL = rng.standard_normal((3, 2)), rng.standard_normal(3)
WX, PEEP = 0.6 * rng.standard_normal((2, 9)), rng.standard_normal((2, 3))


def lstm_peephole(xs, c, wx, peep):
    h = c * 0.5
    for t in range(3):
        a = xs[t] @ wx
        forget = 1 / (1 + np.exp(-(a[:3] + peep[0] * c)))
        fresh = np.tanh(a[3:6] + h)
        c = forget * c + (1 - forget) * fresh
        out = 1 / (1 + np.exp(-(a[6:] + peep[1] * c)))
        h = out * np.tanh(c)
    return h


def lstm_peephole_backward(dh, xs, c, wx, peep):
    h, saved = c * 0.5, []
    for t in range(3):
        a = xs[t] @ wx
        forget = 1 / (1 + np.exp(-(a[:3] + peep[0] * c)))
        fresh = np.tanh(a[3:6] + h)
        new = forget * c + (1 - forget) * fresh
        out = 1 / (1 + np.exp(-(a[6:] + peep[1] * new)))
        saved.append((c, forget, fresh, new, out))
        c, h = new, out * np.tanh(new)
    dc, dxs, dwx, dpeep = np.zeros(3), np.zeros_like(xs), np.zeros_like(wx), np.zeros_like(peep)
    for t in range(2, -1, -1):
        old, forget, fresh, c, out = saved[t]
        tc = np.tanh(c)
        do = dh * tc * out * (1 - out)
        dc = dc + dh * out * (1 - tc**2) + do * peep[1]
        df = dc * (old - fresh) * forget * (1 - forget)
        dn = dc * (1 - forget) * (1 - fresh**2)
        dpeep[0] += df * old
        dpeep[1] += do * c
        da = np.concatenate([df, dn, do])
        dxs[t] = wx @ da
        dwx += np.outer(xs[t], da)
        dh = dn
        dc = dc * forget + df * peep[0]
    return dxs, dc + 0.5 * dh, dwx, dpeep


T = retold(lstm_peephole)
right("beyond_lstm_peephole", "vjp", lstm_peephole, lstm_peephole_backward, (SEEN, CELL, WX, PEEP),
      "Gates that look at the cell.", T)  # fmt: skip
wrong("beyond_lstm_peephole_output_peep_not_followed", "vjp", lstm_peephole,
      edited(lstm_peephole_backward, ("+ do * peep[1]", "")), (SEEN, CELL, WX, PEEP),
      "The cell does not move through the output gate.", T)  # fmt: skip
wrong("beyond_lstm_peephole_peep_at_the_old_cell", "vjp", lstm_peephole, edited(lstm_peephole_backward,
      ("dpeep[1] += do * c", "dpeep[1] += do * old")), (SEEN, CELL, WX, PEEP),
      "The output's peephole is multiplied by the cell before.", T)  # fmt: skip
wrong("beyond_lstm_peephole_first_hidden_state", "vjp", lstm_peephole, edited(lstm_peephole_backward,
      ("dc + 0.5 * dh, dwx", "dc, dwx")), (SEEN, CELL, WX, PEEP),
      "The first hidden state is taken for given.", T)  # fmt: skip

# a state space whose pace depends on what comes in
DRIVE, DECAY, PACE = rng.standard_normal((4, 2)), np.array([0.5, 1.2]), np.array([0.4, -0.3])


def scanned(x, decay, pace):
    h = np.zeros(2)
    ys = []
    for t in range(4):
        dt = np.log(1 + np.exp(x[t] @ pace))
        keep = np.exp(-dt * decay)
        h = keep * h + dt * x[t]
        ys.append(np.sum(h * h))
    return np.stack(ys)


def scanned_backward(dy, x, decay, pace):
    hs, kept, dts = [np.zeros(2)], [], []
    for t in range(4):
        dt = np.log1p(np.exp(x[t] @ pace))
        keep = np.exp(-dt * decay)
        hs.append(keep * hs[-1] + dt * x[t])
        kept.append(keep)
        dts.append(dt)
    dh, dx, ddecay, dpace = np.zeros(2), np.zeros((4, 2)), np.zeros(2), np.zeros(2)
    for t in range(3, -1, -1):
        dh = dh + dy[t] * 2 * hs[t + 1]
        dkeep = dh * hs[t]
        ddt = dh @ x[t] - dkeep @ (kept[t] * decay)
        ddecay -= dkeep * kept[t] * dts[t]
        da = ddt / (1 + np.exp(-x[t] @ pace))
        dx[t] = dh * dts[t] + da * pace
        dpace += da * x[t]
        dh = dh * kept[t]
    return dx, ddecay, dpace


T = retold(scanned)
right("beyond_scanned", "vjp", scanned, scanned_backward, (DRIVE, DECAY, PACE),
      "A selective state space, step by step.", T)  # fmt: skip
wrong("beyond_scanned_pace_in_the_input_alone", "vjp", scanned, edited(scanned_backward,
      ("ddt = dh @ x[t] - dkeep @ (kept[t] * decay)", "ddt = dh @ x[t]")), (DRIVE, DECAY, PACE),
      "The pace moves what comes in, not what is kept.", T)  # fmt: skip
wrong("beyond_scanned_softplus_slope", "vjp", scanned, edited(scanned_backward,
      ("da = ddt / (1 + np.exp(-x[t] @ pace))", "da = ddt")), (DRIVE, DECAY, PACE),
      "The slope of softplus is forgotten.", T)  # fmt: skip
wrong("beyond_scanned_decay_of_the_next_state", "vjp", scanned, edited(scanned_backward,
      ("dkeep = dh * hs[t]", "dkeep = dh * hs[t + 1]")), (DRIVE, DECAY, PACE),
      "The state after the step stands for the one before.", T)  # fmt: skip
wrong("beyond_scanned_input_of_pace_forgotten", "vjp", scanned, edited(scanned_backward,
      ("dx[t] = dh * dts[t] + da * pace", "dx[t] = dh * dts[t]")), (DRIVE, DECAY, PACE),
      "The input moves the pace, too.", T)  # fmt: skip

# attention without a softmax
QUERIES, KEYS, VALUES = rng.standard_normal((4, 2)), rng.standard_normal((4, 2)), rng.standard_normal((4, 3))


def feature(x):
    return np.where(x > 0, x + 1, np.exp(x))


def linear_attention(q, k, v):
    fq, fk = feature(q), feature(k)
    s = np.tril(np.ones((4, 4))) * (fq @ fk.T)
    return s @ v / np.sum(s, axis=1)[:, None]


def linear_attention_backward(dout, q, k, v):
    fq, fk = feature(q), feature(k)
    mask = np.tril(np.ones((4, 4)))
    s = mask * (fq @ fk.T)
    norm = s.sum(axis=1, keepdims=True)
    out = s @ v / norm
    ds = (dout @ v.T) / norm - (dout * out).sum(axis=1, keepdims=True) / norm
    ds = ds * mask
    dfq, dfk = ds @ fk, ds.T @ fq
    slope_q, slope_k = np.where(q > 0, 1.0, np.exp(q)), np.where(k > 0, 1.0, np.exp(k))
    return dfq * slope_q, dfk * slope_k, s.T @ (dout / norm)


T = retold(linear_attention)
right("beyond_linear_attention", "vjp", linear_attention, linear_attention_backward,
      (QUERIES, KEYS, VALUES), "Causal, with elu + 1 for its feature map.", T)  # fmt: skip
wrong("beyond_linear_attention_normaliser_held", "vjp", linear_attention,
      edited(linear_attention_backward, ("- (dout * out).sum(axis=1, keepdims=True) / norm", "")),
      (QUERIES, KEYS, VALUES), "The normaliser is a constant.", T)  # fmt: skip
wrong("beyond_linear_attention_mask_forgotten", "vjp", linear_attention, edited(linear_attention_backward,
      ("ds = ds * mask", "pass")), (QUERIES, KEYS, VALUES),
      "The causal mask is not applied to the scores' gradient.", T)  # fmt: skip
wrong("beyond_linear_attention_elu_slope_everywhere_one", "vjp", linear_attention,
      edited(linear_attention_backward, (", dfk * slope_k,", ", dfk,")), (QUERIES, KEYS, VALUES),
      "The keys' feature map is taken for linear.", T)  # fmt: skip
wrong("beyond_linear_attention_values_unturned", "vjp", linear_attention,
      edited(linear_attention_backward, ("s.T @ (dout / norm)", "s @ (dout / norm)")),
      (QUERIES, KEYS, VALUES), "S instead of its transpose.", T)  # fmt: skip


def linear_attention_by_running_sums(dout, q, k, v):
    fq, fk = feature(q), feature(k)
    state, norm = np.cumsum(fk[:, :, None] * v[:, None, :], axis=0), np.cumsum(fk, axis=0)
    below = (fq * norm).sum(axis=1)
    out = np.einsum("ti,tio->to", fq, state) / below[:, None]
    above = dout / below[:, None]
    dbelow = -(above * out).sum(axis=1)
    dfq = np.einsum("to,tio->ti", above, state) + dbelow[:, None] * norm
    dstate = np.cumsum((fq[:, :, None] * above[:, None, :])[::-1], axis=0)[::-1]
    dnorm = np.cumsum((dbelow[:, None] * fq)[::-1], axis=0)[::-1]
    dfk = np.einsum("tio,to->ti", dstate, v) + dnorm
    dv = np.einsum("tio,ti->to", dstate, fk)
    return dfq * np.minimum(fq, 1.0), dfk * np.minimum(fk, 1.0), dv


right("beyond_linear_attention_by_running_sums", "vjp", linear_attention,
      linear_attention_by_running_sums, (QUERIES, KEYS, VALUES),
      "Sums over the past, and over the future on the way back.", T)  # fmt: skip

# scores by a small network, one query
MEMORY, ASKED = rng.standard_normal((4, 3)), rng.standard_normal(2)
WM, WQ, SCORER = rng.standard_normal((3, 2)), rng.standard_normal((2, 2)), rng.standard_normal(2)


def additive_attention(mem, query, wm, wq, v):
    hidden = np.tanh(mem @ wm + query @ wq)
    score = hidden @ v
    e = np.exp(score - np.max(score))
    weight = e / e.sum()
    return weight @ mem


def additive_attention_backward(g, mem, query, wm, wq, v):
    hidden = np.tanh(mem @ wm + query @ wq)
    score = hidden @ v
    weight = np.exp(score - score.max())
    weight /= weight.sum()
    dw = mem @ g
    dscore = weight * (dw - weight @ dw)
    da = np.outer(dscore, v) * (1 - hidden**2)
    dquery_in = da.sum(axis=0)
    dmem = np.outer(weight, g) + da @ wm.T
    return dmem, wq @ dquery_in, mem.T @ da, np.outer(query, dquery_in), hidden.T @ dscore


T = retold(additive_attention)
right("beyond_additive_attention", "vjp", additive_attention, additive_attention_backward,
      (MEMORY, ASKED, WM, WQ, SCORER), "Scores by a small network.", T)  # fmt: skip
wrong("beyond_additive_attention_memory_as_value_alone", "vjp", additive_attention,
      edited(additive_attention_backward,
      ("dmem = np.outer(weight, g) + da @ wm.T", "dmem = np.outer(weight, g)")),
      (MEMORY, ASKED, WM, WQ, SCORER), "The memory's part in the scores is forgotten.", T)  # fmt: skip
wrong("beyond_additive_attention_query_of_the_last_slot", "vjp", additive_attention,
      edited(additive_attention_backward, ("dquery_in = da.sum(axis=0)", "dquery_in = da[-1]")),
      (MEMORY, ASKED, WM, WQ, SCORER), "The query's share is taken from the last slot alone.", T)  # fmt: skip
wrong("beyond_additive_attention_query_averaged", "vjp", additive_attention,
      edited(additive_attention_backward, ("dquery_in = da.sum(axis=0)", "dquery_in = da.mean(axis=0)")),
      (MEMORY, ASKED, WM, WQ, SCORER), "The query's shares are averaged over the slots.", T)  # fmt: skip
wrong("beyond_additive_attention_softmax_of_the_mean", "vjp", additive_attention,
      edited(additive_attention_backward,
      ("dscore = weight * (dw - weight @ dw)", "dscore = weight * (dw - dw.mean())")),
      (MEMORY, ASKED, WM, WQ, SCORER),
      "Softmax's backward takes away the plain mean, not the weighted one.", T)  # fmt: skip
wrong("beyond_additive_attention_tanh_twice", "vjp", additive_attention,
      edited(additive_attention_backward, ("* (1 - hidden**2)", "* (1 - hidden**2) ** 2")),
      (MEMORY, ASKED, WM, WQ, SCORER), "The slope of tanh is applied twice.", T)  # fmt: skip

# channels normalised by groups
PLANES, GAIN, SHIFT = rng.standard_normal((2, 4, 3)), rng.uniform(0.5, 1.5, 4), rng.standard_normal(4)


def group_norm(x, gain, shift):
    g = x.reshape(2, 2, 6)
    mu = g.mean(axis=2, keepdims=True)
    var = np.mean((g - mu) ** 2, axis=2, keepdims=True)
    xhat = ((g - mu) / np.sqrt(var + 0.01)).reshape(2, 4, 3)
    return xhat * gain[:, None] + shift[:, None]


def group_norm_backward(dy, x, gain, shift):
    g = x.reshape(2, 2, 6)
    mu = g.mean(axis=2, keepdims=True)
    std = np.sqrt(g.var(axis=2, keepdims=True) + 0.01)
    xhat = (g - mu) / std
    dgain = (dy * xhat.reshape(2, 4, 3)).sum(axis=(0, 2))
    dshift = dy.sum(axis=(0, 2))
    dxhat = (dy * gain[:, None]).reshape(2, 2, 6)
    dx = dxhat - dxhat.mean(axis=2, keepdims=True) - xhat * (dxhat * xhat).mean(axis=2, keepdims=True)
    return (dx / std).reshape(2, 4, 3), dgain, dshift


T = retold(group_norm)
right("beyond_group_norm", "vjp", group_norm, group_norm_backward, (PLANES, GAIN, SHIFT),
      "Groups of two channels.", T)  # fmt: skip
wrong("beyond_group_norm_mean_forgotten", "vjp", group_norm, edited(group_norm_backward,
      ("- dxhat.mean(axis=2, keepdims=True) - xhat", "- xhat")), (PLANES, GAIN, SHIFT),
      "What goes through the mean is forgotten.", T)  # fmt: skip
wrong("beyond_group_norm_spread_forgotten", "vjp", group_norm, edited(group_norm_backward,
      ("- xhat * (dxhat * xhat).mean(axis=2, keepdims=True)", "")), (PLANES, GAIN, SHIFT),
      "What goes through the variance is forgotten.", T)  # fmt: skip
wrong("beyond_group_norm_gain_forgotten", "vjp", group_norm, edited(group_norm_backward,
      ("dxhat = (dy * gain[:, None]).reshape(2, 2, 6)", "dxhat = dy.reshape(2, 2, 6)")),
      (PLANES, GAIN, SHIFT), "The gain is left out of what goes to x.", T)  # fmt: skip
wrong("beyond_group_norm_gain_averaged_over_batch", "vjp", group_norm, edited(group_norm_backward,
      (".sum(axis=(0, 2))\n    dshift", ".sum(axis=2).mean(axis=0)\n    dshift")), (PLANES, GAIN, SHIFT),
      "The gain's gradient is averaged over the batch.", T)  # fmt: skip
wrong("beyond_group_norm_spread_summed", "vjp", group_norm, edited(group_norm_backward,
      ("xhat * (dxhat * xhat).mean(axis=2, keepdims=True)", "xhat * (dxhat * xhat).sum(axis=2, keepdims=True)")),
      (PLANES, GAIN, SHIFT), "The variance's part is summed where it is a mean.", T)  # fmt: skip


def group_norm_step_by_step(dy, x, gain, shift):
    g = x.reshape(2, 2, 6)
    apart = g - g.mean(axis=2, keepdims=True)
    var = (apart**2).mean(axis=2, keepdims=True)
    inv = (var + 0.01) ** -0.5
    dgain = np.einsum("bcl,bcl->c", dy, (apart * inv).reshape(2, 4, 3))
    dxhat = np.reshape(dy * gain[:, None], (2, 2, 6))
    dinv = (dxhat * apart).sum(axis=2, keepdims=True)
    dvar = -0.5 * inv**3 * dinv
    dapart = dxhat * inv + 2 * apart * dvar / 6
    dg = dapart - dapart.sum(axis=2, keepdims=True) / 6
    return dg.reshape(x.shape), dgain, dy.sum(axis=2).sum(axis=0)


right("beyond_group_norm_step_by_step", "vjp", group_norm, group_norm_step_by_step, (PLANES, GAIN, SHIFT),
      "Through variance and mean, step by step.", T)  # fmt: skip

# weights as a direction and a length
FED, DIRECTION, LENGTH = rng.standard_normal((3, 4)), rng.standard_normal((2, 4)), np.array([1.3, 0.7])


def weight_norm(x, v, g):
    w = v * (g / np.sqrt(np.sum(v**2, axis=1)))[:, None]
    return np.maximum(x @ w.T, -0.1)


def weight_norm_backward(dy, x, v, g):
    n = np.sqrt((v**2).sum(axis=1))
    w = v * (g / n)[:, None]
    dy = dy * (x @ w.T > -0.1)
    dw = dy.T @ x
    dg = (dw * v).sum(axis=1) / n
    dv = dw * (g / n)[:, None] - v * (g * dg / n**2)[:, None]
    return dy @ w, dv, dg


T = retold(weight_norm)
right("beyond_weight_norm", "vjp", weight_norm, weight_norm_backward, (FED, DIRECTION, LENGTH),
      "v / |v| times g, by rows.", T)  # fmt: skip
wrong("beyond_weight_norm_length_by_dw_itself", "vjp", weight_norm, edited(weight_norm_backward,
      ("dg = (dw * v).sum(axis=1) / n", "dg = (dw * v).sum(axis=1)"),
      ("v * (g * dg / n**2)", "v * (g * dg / n**3)")), (FED, DIRECTION, LENGTH),
      "The length's gradient is not divided by the norm.", T)  # fmt: skip
wrong("beyond_weight_norm_norm_squared", "vjp", weight_norm, edited(weight_norm_backward,
      ("v * (g * dg / n**2)", "v * (g * dg / n)")), (FED, DIRECTION, LENGTH),
      "The projection is divided by the norm once too rarely.", T)  # fmt: skip
wrong("beyond_weight_norm_floor_ignored", "vjp", weight_norm, edited(weight_norm_backward,
      ("dy = dy * (x @ w.T > -0.1)", "pass")), (FED, DIRECTION, LENGTH),
      "The floor at -0.1 passes everything.", T)  # fmt: skip
