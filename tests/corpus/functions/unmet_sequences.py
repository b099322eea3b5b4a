"""Fields, rays, memories, tags and losses of sequences with one mistake each: the fourth held-out set."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("unmet sequences")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5504)
mpf, mpm = mp.mpf, mp.mpmath

# places as sines and cosines
PLACES, OCTAVES = rng.uniform(-1, 1, (3, 2)), np.array([1.0, 2.0, 4.0])


def encoded(x):
    angle = x[:, :, None] * OCTAVES
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=2)


def encoded_backward(c, x, turn=-1.0):
    angle = x[:, :, None] * OCTAVES
    d = c[:, :, :3] * np.cos(angle) + turn * c[:, :, 3:] * np.sin(angle)
    return np.sum(d * OCTAVES, axis=2)


def mp_encoded(x):
    angle = x[:, :, None] * mp.lift(OCTAVES)
    return np.concatenate([mp.sin(angle), mp.cos(angle)], axis=2)


wrong("unmet_encoded_cosine_rises", "vjp", encoded, lambda c, x: encoded_backward(c, x, turn=1.0), PLACES,
      "The cosine's slope without its minus.", Reference(mp_encoded))  # fmt: skip

# a field of sines
FIELD = (rng.standard_normal((4, 2)), 0.4 * rng.standard_normal((2, 3)), rng.standard_normal(3))


def sines(x, w, b):
    z = x @ w + b
    return np.sin(3.0 * z)


def sines_backward(c, x, w, b, pace=3.0, share=np.sum):
    dz = c * pace * np.cos(3.0 * (x @ w + b))
    return dz @ w.T, x.T @ dz, share(dz, axis=0)


def mp_sines(x, w, b):
    return mp.sin(3 * (x @ w + b))


right("unmet_sines", "vjp", sines, sines_backward, FIELD, "The pace comes out.", Reference(mp_sines))
wrong("unmet_sines_pace_lost", "vjp", sines, lambda c, *a: sines_backward(c, *a, pace=1.0), FIELD,
      "The inner 3 is forgotten.", Reference(mp_sines))  # fmt: skip
wrong("unmet_sines_bias_averaged", "vjp", sines, lambda c, *a: sines_backward(c, *a, share=np.mean), FIELD,
      "The bias gets the mean over the points.", Reference(mp_sines))  # fmt: skip

# light along a ray
STEPS, RAY = np.array([0.4, 0.6, 0.5, 0.7]), (np.array([0.5, 1.2, 0.3, 2.0]), np.array([0.9, 0.2, 0.6, 0.4]))


def rendered(density, colour):
    passes = np.exp(-density * STEPS)
    reach = np.concatenate([np.ones(1), np.cumprod(passes)[:-1]])
    return np.sum(reach * (1 - passes) * colour)


def rendered_gradient(density, colour, shade="behind"):
    passes = np.exp(-density * STEPS)
    reach = np.concatenate([np.ones(1), np.cumprod(passes)[:-1]])
    weight = reach * (1 - passes)
    lit = np.cumsum((weight * colour)[::-1])[::-1] - weight * colour
    if shade == "before":
        lit = np.cumsum(weight * colour) - weight * colour
    if shade == "none":
        lit = np.zeros_like(lit)
    return STEPS * (reach * passes * colour - lit), weight


def mp_rendered(density, colour):
    light, total = mpf(1), mpf(0)
    for d, c, s in zip(density, colour, mp.lift(STEPS), strict=True):
        total += light * (1 - mpm.exp(-d * s)) * c
        light *= mpm.exp(-d * s)
    return total


right(
    "unmet_rendered", "gradient", rendered, rendered_gradient, RAY, "What is behind is shaded.", Reference(mp_rendered)
)
wrong("unmet_rendered_without_shade", "gradient", rendered, lambda *a: rendered_gradient(*a, shade="none"), RAY,
      "The transmittance is taken for a constant.", Reference(mp_rendered))  # fmt: skip
wrong("unmet_rendered_shades_before", "gradient", rendered, lambda *a: rendered_gradient(*a, shade="before"), RAY,
      "What is in front is shaded, not what is behind.", Reference(mp_rendered))  # fmt: skip

# a plain recurrent net
NET = (rng.standard_normal((4, 2)), 0.6 * rng.standard_normal((3, 2)), 0.6 * rng.standard_normal((3, 3)),
       rng.standard_normal(3))  # fmt: skip


def recurrent(x, w, u, b):
    h, states = np.zeros(3), []
    for t in range(len(x)):
        h = np.tanh(w @ x[t] + u @ h + b)
        states.append(h)
    return np.stack(states)


def recurrent_backward(c, x, w, u, b, carried=1.0, own_slope=True, turned=True, added=True):
    states = np.vstack([np.zeros(3), recurrent(x, w, u, b)])
    dx, dw, du, db = (np.zeros_like(a) for a in (x, w, u, b))
    dh = np.zeros(3)
    for t in reversed(range(len(x))):
        h = states[t + 1] if own_slope else states[t]
        dz = (c[t] + carried * dh) * (1 - h**2)
        dx[t] = w.T @ dz
        dw += np.outer(dz, x[t])
        du += np.outer(dz, states[t])
        db = db + dz if added else dz
        dh = (u.T if turned else u) @ dz
    return dx, dw, du, db


def mp_recurrent(x, w, u, b):
    h, states = mp.lift(np.zeros(3)), []
    for t in range(4):
        h = mp.tanh(w @ x[t] + u @ h + b)
        states.append(h)
    return np.array(states, dtype=object)


right("unmet_recurrent", "vjp", recurrent, recurrent_backward, NET, "Through time.", Reference(mp_recurrent))
wrong("unmet_recurrent_one_step", "vjp", recurrent, lambda c, *a: recurrent_backward(c, *a, carried=0.0), NET,
      "Nothing is carried to the step before.", Reference(mp_recurrent))  # fmt: skip
wrong("unmet_recurrent_slope_of_state_before", "vjp", recurrent,
      lambda c, *a: recurrent_backward(c, *a, own_slope=False), NET,
      "1 - h^2 at the state that the step began with.", Reference(mp_recurrent))  # fmt: skip
wrong("unmet_recurrent_carried_unturned", "vjp", recurrent, lambda c, *a: recurrent_backward(c, *a, turned=False), NET,
      "U is not transposed on the way back.", Reference(mp_recurrent))  # fmt: skip
wrong("unmet_recurrent_bias_set", "vjp", recurrent, lambda c, *a: recurrent_backward(c, *a, added=False), NET,
      "db = dz for db += dz: the first step alone is left.", Reference(mp_recurrent))  # fmt: skip

# a memory that fades
MEMORY = tuple(rng.standard_normal((4, 2)) for _ in range(3))


def fading(q, k, v):
    memory, out = np.zeros((2, 2)), []
    for t in range(4):
        memory = 0.7 * memory + np.outer(k[t], v[t])
        out.append(q[t] @ memory)
    return np.stack(out)


def fading_backward(c, q, k, v, fade=0.7):
    memories = [np.zeros((2, 2))]
    for t in range(4):
        memories.append(0.7 * memories[-1] + np.outer(k[t], v[t]))
    dq, dk, dv, dm = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v), np.zeros((2, 2))
    for t in (3, 2, 1, 0):
        dq[t] = memories[t + 1] @ c[t]
        dm = fade * dm + np.outer(q[t], c[t])
        dk[t], dv[t] = dm @ v[t], dm.T @ k[t]
    return dq, dk, dv


def mp_fading(q, k, v):
    rows = [
        sum((mpf(0.7) ** (t - s) * (q[t] @ k[s]) * v[s] for s in range(t + 1)), mp.lift(np.zeros(2))) for t in range(4)
    ]
    return np.array(rows, dtype=object)


right("unmet_fading", "vjp", fading, fading_backward, MEMORY, "The adjoint fades as well.", Reference(mp_fading))
wrong("unmet_fading_adjoint_stays", "vjp", fading, lambda c, *a: fading_backward(c, *a, fade=1.0), MEMORY,
      "The adjoint of the memory does not fade.", Reference(mp_fading))  # fmt: skip

# the score of tags that follow each other
TAGS, TAGGED = np.array([0, 2, 2, 2, 1]), (rng.standard_normal((5, 3)), rng.standard_normal((3, 3)))


def path_score(emit, move):
    here = np.sum(emit[np.arange(5), TAGS])
    return np.tanh((here + np.sum(move[TAGS[:-1], TAGS[1:]])) / 5)


def path_score_gradient(emit, move, assigned=True):
    s = (emit[np.arange(5), TAGS].sum() + move[TAGS[:-1], TAGS[1:]].sum()) / 5
    d = (1 - np.tanh(s) ** 2) / 5
    de, dm = np.zeros_like(emit), np.zeros_like(move)
    de[np.arange(5), TAGS] = d
    if assigned:
        dm[TAGS[:-1], TAGS[1:]] += d
    else:
        np.add.at(dm, (TAGS[:-1], TAGS[1:]), d)
    return de, dm


def mp_path_score(emit, move):
    s = sum(emit[t, TAGS[t]] for t in range(5)) + sum(move[TAGS[t], TAGS[t + 1]] for t in range(4))
    return mpm.tanh(s / 5)


right("unmet_path_score", "gradient", path_score, lambda *a: path_score_gradient(*a, assigned=False), TAGGED,
      "A move that occurs twice counts twice.", Reference(mp_path_score))  # fmt: skip
wrong("unmet_path_score_moves_once", "gradient", path_score, path_score_gradient, TAGGED,
      "+= by repeated indices adds once.", Reference(mp_path_score))  # fmt: skip

# tokens of which some are padding
LOGITS, WORDS, REAL = rng.standard_normal((4, 3)), np.array([2, 0, 1, 1]), np.array([1.0, 1, 0, 1])


def padded_loss(z):
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    each = -logp[np.arange(4), WORDS]
    return np.sum(each * REAL) / np.sum(REAL)


def padded_loss_gradient(z, mask=REAL, count=3):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return (p - np.eye(3)[WORDS]) * mask[:, None] / count


def mp_padded_loss(z):
    return sum(mp.logsumexp(z[t]) - z[t, WORDS[t]] for t in (0, 1, 3)) / 3


right("unmet_padded_loss", "gradient", padded_loss, padded_loss_gradient, LOGITS, "Padding counts for nothing.",
      Reference(mp_padded_loss))  # fmt: skip
wrong("unmet_padded_loss_padding_counts", "gradient", padded_loss,
      lambda z: padded_loss_gradient(z, mask=np.ones(4)), LOGITS,
      "The mask is forgotten.", Reference(mp_padded_loss))  # fmt: skip
wrong("unmet_padded_loss_over_all", "gradient", padded_loss, lambda z: padded_loss_gradient(z, count=4), LOGITS,
      "Divided by all tokens, not by the real ones.", Reference(mp_padded_loss))  # fmt: skip

# a student that learns from a teacher
TEACHER = np.array([[0.6, 0.3, 0.1], [0.2, 0.25, 0.55]])


def taught(z):
    soft = z / 2.5
    logq = soft - np.log(np.sum(np.exp(soft), axis=1, keepdims=True))
    return 2.5**2 * np.sum(TEACHER * (np.log(TEACHER) - logq)) / 2


def taught_gradient(z, scale=2.5):
    e = np.exp(z / 2.5)
    return scale * (e / e.sum(axis=1, keepdims=True) - TEACHER) / 2


def mp_taught(z):
    t, soft = mp.lift(TEACHER), z / mpf(2.5)
    logq = soft - np.array([[mp.logsumexp(row)] for row in soft], dtype=object)
    return mpf(2.5) ** 2 * (t * (mp.log(t) - logq)).sum() / 2


wrong("unmet_taught_temperature_squared", "gradient", taught, lambda z: taught_gradient(z, scale=2.5**2),
      LOGITS[:2].copy(), "T^2 in front, without the 1/T of the logits.", Reference(mp_taught))  # fmt: skip

# a gate that is half of the columns
GATED = rng.standard_normal((2, 4))


def gated(x):
    a, b = x[:, :2], x[:, 2:]
    return a / (1 + np.exp(-b))


def gated_backward(c, x, turned=False):
    a, s = x[:, :2], 1 / (1 + np.exp(-x[:, 2:]))
    halves = [c * s, c * a * s * (1 - s)]
    return np.concatenate(halves[::-1] if turned else halves, axis=1)


def mp_gated(x):
    return x[:, :2] * mp.sigmoid(x[:, 2:])


right("unmet_gated", "vjp", gated, gated_backward, GATED, "The value, then the gate.", Reference(mp_gated))
wrong("unmet_gated_halves_exchanged", "vjp", gated, lambda c, x: gated_backward(c, x, turned=True), GATED,
      "The gate's half stands where the value's is due.", Reference(mp_gated))  # fmt: skip

# a softened rectifier
SOFT = rng.standard_normal(5)


def sharp_softplus(x):
    return np.log(1 + np.exp(4.0 * x)) / 4.0


wrong("unmet_sharp_softplus_cotangent_left", "vjp", sharp_softplus, lambda c, x: 1 / (1 + np.exp(-4.0 * x)), SOFT,
      "The slope, whatever comes from above.", Reference(lambda x: mp.log(1 + mp.exp(4 * x)) / 4))  # fmt: skip
