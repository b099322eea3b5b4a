"""Curves, rotations, cameras, images, policies and losses with given noise."""

import numpy as np
from scipy.special import expit, log_softmax, softmax

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("course geometry")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1827)


# Bezier by de Casteljau, rational weights
def bezier(P, w, t):
    Q = np.concatenate([P * w[:, None], w[:, None]], axis=1)
    while len(Q) > 1:
        Q = (1 - t) * Q[:-1] + t * Q[1:]
    return Q[0, :-1] / Q[0, -1]


def bezier_vjp(c, P, w, t, weight_in_denominator=True):
    basis = np.array([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3])
    dbasis = np.array([-3 * (1 - t) ** 2, 3 * (1 - t) * (1 - 3 * t), 3 * t * (2 - 3 * t), 3 * t * t])
    den = basis @ w
    point = (basis * w) @ P / den
    dP = np.outer(basis * w / den, c)
    dw = basis * (P @ c - (point @ c if weight_in_denominator else 0)) / den
    dt = ((dbasis * w) @ P @ c - (point @ c) * (dbasis @ w)) / den
    return dP, dw, dt


def mp_bezier(P, w, t):
    b = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3]
    return sum(b[k] * w[k] * P[k] for k in range(4)) / sum(b[k] * w[k] for k in range(4))


BEZIER = Reference(mp_bezier)
BEZIER_IN = (rng.standard_normal((4, 2)), rng.uniform(0.5, 2, 4), np.array(0.3))
right("bezier_rational", "vjp", bezier, bezier_vjp, BEZIER_IN, "A while loop over shrinking arrays.", BEZIER)
wrong(
    "bezier_rational_weights", "vjp", bezier, lambda c, *a: bezier_vjp(c, *a, weight_in_denominator=False), BEZIER_IN,
    "The weights' share in the denominator is forgotten.", BEZIER,
)  # fmt: skip

# Rodrigues' formula, with the series at small angles, applied to points
CLOUD = rng.standard_normal((4, 3))


def hat(v):
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def rotate(v):
    theta = np.sqrt(v @ v)
    if theta < 1e-8:
        return CLOUD + np.cross(v, CLOUD)
    K = np.array([[0 * v[0], -v[2], v[1]], [v[2], 0 * v[0], -v[0]], [-v[1], v[0], 0 * v[0]]])
    R = np.eye(3) + np.sin(theta) / theta * K + (1 - np.cos(theta)) / theta**2 * (K @ K)
    return CLOUD @ R.T


def rotate_vjp(c, v, left=True):
    theta = np.sqrt(v @ v)
    K = hat(v)
    a, b = np.sin(theta) / theta, (1 - np.cos(theta)) / theta**2
    J = np.eye(3) + (b if left else -b) * K + (1 - a) / theta**2 * (K @ K)
    rotated = rotate(v)
    return J.T @ np.sum(np.cross(rotated, c), axis=0)


def mp_rotate(v):
    theta = mp.mpmath.sqrt((v * v).sum())
    K = hat(v)
    R = mp.lift(np.eye(3)) + K * (mp.mpmath.sin(theta) / theta) + (K @ K) * ((1 - mp.mpmath.cos(theta)) / theta**2)
    return mp.lift(CLOUD) @ R.T


ROTATE, AXIS_ANGLE = Reference(mp_rotate), np.array([0.4, -0.7, 0.2])
right("rodrigues", "vjp", rotate, rotate_vjp, AXIS_ANGLE, "Through the left Jacobian of SO(3).", ROTATE)
wrong(
    "rodrigues_right_jacobian", "vjp", rotate, lambda c, v: rotate_vjp(c, v, left=False), AXIS_ANGLE,
    "The right Jacobian for the left one.", ROTATE,
)  # fmt: skip


# quaternions that are normalised inside
def quaternion_rotate(q, x):
    w, i, j, k = q / np.linalg.norm(q)
    R = np.array(
        [
            [1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j)],
            [2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i)],
            [2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)],
        ]
    )
    return x @ R.T


def quaternion_vjp(c, q, x, project=True):
    n = np.sqrt(np.sum(np.square(q)))
    u = q / n
    s, v = u[0], u[1:]
    # x' = x + 2 s (v x x) + 2 v x (v x x)
    t = np.cross(v, x)
    ds = 2 * np.sum(c * t)
    dt = 2 * s * c + 2 * np.cross(c, v)
    dv = 2 * np.cross(t, c).sum(0) + np.cross(x, dt).sum(0)
    du = np.append(ds, dv)
    dq = (du - u * (u @ du)) / n if project else du / n
    return dq, c + np.cross(dt, v)


def mp_quaternion(q, x):
    u = q / mp.mpmath.sqrt((q * q).sum())
    s, v = u[0], u[1:]
    K = hat(v)
    return x + 2 * s * (x @ K.T) + 2 * (x @ K.T) @ K.T


QUATERNION, QUATERNION_IN = Reference(mp_quaternion), (np.array([1.2, -0.3, 0.5, 0.8]), CLOUD)
right("quaternion_normalised", "vjp", quaternion_rotate, quaternion_vjp, QUATERNION_IN, "Projected.", QUATERNION)
wrong(
    "quaternion_norm_held_constant", "vjp", quaternion_rotate,
    lambda c, q, x: quaternion_vjp(c, q, x, project=False), QUATERNION_IN, "The norm is held constant.", QUATERNION,
)  # fmt: skip
UNIT = (np.array([0.5, -0.5, 0.5, 0.5]), CLOUD)
wrong(
    "quaternion_norm_held_constant_at_one", "vjp", quaternion_rotate,
    lambda c, q, x: quaternion_vjp(c, q, x, project=False), UNIT,
    "The same at a unit quaternion, where the radial part still must vanish.", QUATERNION,
)  # fmt: skip

# camera projection with radial distortion, reprojection error
SEEN = rng.standard_normal((4, 2))


def reproject(X, f, k):
    p = X[:, :2] / X[:, 2:]
    r2 = np.sum(p**2, axis=1, keepdims=True)
    return np.sum((f * (1 + k * r2) * p - SEEN) ** 2)


def reproject_gradient(X, f, k, distortion=True):
    p = X[:, :2] / X[:, [2]]
    r2 = np.einsum("ij,ij->i", p, p)[:, None]
    e = 2 * (f * (1 + k * r2) * p - SEEN)
    dp = f * (1 + k * r2) * e
    if distortion:
        dp += 2 * f * k * p * np.einsum("ij,ij->i", p, e)[:, None]
    dX = np.empty_like(X)
    dX[:, :2] = dp / X[:, [2]]
    dX[:, 2] = -np.einsum("ij,ij->i", dp, p) / X[:, 2]
    return dX, np.sum(e * (1 + k * r2) * p), f * np.sum(e * r2 * p)


def mp_reproject(X, f, k):
    p = X[:, :2] / X[:, 2:]
    r2 = (p * p).sum(axis=1, keepdims=True)
    return ((f * (1 + k * r2) * p - mp.lift(SEEN)) ** 2).sum()


CAMERA = Reference(mp_reproject)
CAMERA_IN = (CLOUD + np.array([0, 0, 4.0]), np.array(1.3), np.array(0.1))
right("camera_reprojection", "gradient", reproject, reproject_gradient, CAMERA_IN, "Radial distortion.", CAMERA)
wrong(
    "camera_distortion_constant", "gradient", reproject, lambda *a: reproject_gradient(*a, distortion=False),
    CAMERA_IN, "The radius is held constant inside the distortion.", CAMERA,
)  # fmt: skip

# optical flow (Horn-Schunck) and smoothed total variation on images
IX, IY, IT = rng.standard_normal((3, 3, 4))


def flow(u, v, alpha=0.5):
    data = IX * u + IY * v + IT
    smooth = sum(np.sum(np.diff(w, axis=a) ** 2) for w in (u, v) for a in (0, 1))
    return np.sum(data**2) + alpha * smooth


def laplacian(w):
    padded = np.pad(w, 1, mode="edge")
    return padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * w


def laplacian_periodic(w):
    return sum(np.roll(w, s, axis=a) for s in (1, -1) for a in (0, 1)) - 4 * w


def flow_gradient(u, v, alpha=0.5, lap=laplacian):
    data = 2 * (IX * u + IY * v + IT)
    return data * IX - 2 * alpha * lap(u), data * IY - 2 * alpha * lap(v)


def mp_flow(u, v):
    d = mp.lift(IX) * u + mp.lift(IY) * v + mp.lift(IT)
    smooth = sum(((w[1:] - w[:-1]) ** 2).sum() + ((w[:, 1:] - w[:, :-1]) ** 2).sum() for w in (u, v))
    return (d * d).sum() + smooth / 2


FLOW, FLOW_IN = Reference(mp_flow), (rng.standard_normal((3, 4)), rng.standard_normal((3, 4)))
right("optical_flow", "gradient", flow, flow_gradient, FLOW_IN, "Reflecting borders by padding with edges.", FLOW)
wrong(
    "optical_flow_periodic_laplacian", "gradient", flow, lambda u, v: flow_gradient(u, v, lap=laplacian_periodic),
    FLOW_IN, "The Laplacian wraps around by np.roll.", FLOW,
)  # fmt: skip


def tv(img, eps=1e-3):
    dx, dy = np.zeros_like(img), np.zeros_like(img)
    dx[:-1] = img[1:] - img[:-1]
    dy[:, :-1] = img[:, 1:] - img[:, :-1]
    return np.sum(np.sqrt(dx**2 + dy**2 + eps**2))


def tv_gradient(img, eps=1e-3, divergence=True):
    dx, dy = np.zeros_like(img), np.zeros_like(img)
    np.subtract(img[1:], img[:-1], out=dx[:-1])
    np.subtract(img[:, 1:], img[:, :-1], out=dy[:, :-1])
    norm = np.sqrt(dx**2 + dy**2 + eps**2)
    px, py = dx / norm, dy / norm
    g = -px - py
    if divergence:
        g[1:] += px[:-1]
        g[:, 1:] += py[:, :-1]
    return g


def mp_tv(img):
    total = mp.mpf(0)
    for i, j in np.ndindex(img.shape):
        dx = img[i + 1, j] - img[i, j] if i + 1 < img.shape[0] else mp.mpf(0)
        dy = img[i, j + 1] - img[i, j] if j + 1 < img.shape[1] else mp.mpf(0)
        total += mp.mpmath.sqrt(dx**2 + dy**2 + mp.mpf(1e-3) ** 2)
    return total


TV, IMAGE = Reference(mp_tv), np.round(rng.standard_normal((4, 4)) * 2) / 2
right("tv_smoothed", "gradient", tv, tv_gradient, IMAGE, "Plateaus, smoothed at 1e-3; np.subtract into slices.", TV)
wrong(
    "tv_smoothed_one_end", "gradient", tv, lambda x: tv_gradient(x, divergence=False), IMAGE,
    "Each difference pulls at one end.", TV,
)  # fmt: skip

# REINFORCE with a baseline that is a constant by definition, discounted returns in place
STATES, ACTIONS, REWARDS = rng.standard_normal((5, 3)), np.array([0, 1, 1, 0, 2]), np.array([0.0, 1.0, 0.0, 0.5, 1.0])


def discounted(r, gamma=0.9):
    out, running = np.zeros_like(r), 0.0
    for t in reversed(range(len(r))):
        running = running * gamma + r[t]
        out[t] = running
    return (out - out.mean()) / out.std()


def policy_loss(theta, entropy=0.01):
    logp = log_softmax(STATES @ theta, axis=1)
    chosen = np.take_along_axis(logp, ACTIONS[:, None], axis=1)[:, 0]
    return -np.sum(chosen * discounted(REWARDS)) + entropy * np.sum(np.exp(logp) * logp)


def policy_gradient(theta, entropy=0.01, coupled=True):
    p = softmax(STATES @ theta, axis=1)
    onehot = np.zeros_like(p)
    onehot[np.arange(5), ACTIONS] = 1
    d = (p - onehot) * discounted(REWARDS)[:, None]
    h = np.log(p) - (np.sum(p * np.log(p), axis=1, keepdims=True) if coupled else 0)
    return STATES.T @ (d + entropy * p * h)


def mp_policy(theta):
    p = mp.softmax(mp.lift(STATES) @ theta)
    R = mp.lift(discounted(REWARDS))
    return -(mp.log(p[np.arange(5), ACTIONS]) * R).sum() + mp.mpf(0.01) * (p * mp.log(p)).sum()


POLICY, THETA = Reference(mp_policy), rng.standard_normal((3, 3))
right("policy_gradient", "gradient", policy_loss, policy_gradient, THETA, "Entropy bonus, whitened returns.", POLICY)
wrong(
    "policy_gradient_entropy_uncoupled", "gradient", policy_loss, lambda t: policy_gradient(t, coupled=False), THETA,
    "The bonus of weight 0.01 is differentiated without the softmax's row term.", POLICY,
)  # fmt: skip

# VAE: one sample with given noise, Bernoulli decoder
NOISE, PIXELS = rng.standard_normal((3, 2)), (rng.uniform(size=(3, 4)) < 0.5) * 1.0


def elbo(mu, logvar, W):
    z = mu + np.exp(0.5 * logvar) * NOISE
    logits = z @ W
    bce = np.maximum(logits, 0) - logits * PIXELS + np.log1p(np.exp(-np.abs(logits)))
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    return (np.sum(bce) + kl) / len(mu)


def elbo_gradient(mu, logvar, W, half=True):
    std = np.exp(0.5 * logvar)
    z = mu + std * NOISE
    d = (expit(z @ W) - PIXELS) / len(mu)
    dz = d @ W.T
    reparameter = dz * NOISE * std * (0.5 if half else 1.0)
    return dz + mu / len(mu), reparameter + 0.5 * (np.exp(logvar) - 1) / len(mu), z.T @ d


def mp_elbo(mu, logvar, W):
    logits = (mu + mp.exp(logvar / 2) * mp.lift(NOISE)) @ W
    bce = mp.log1p(mp.exp(logits)) - logits * mp.lift(PIXELS)
    return (bce.sum() + (mu * mu + mp.exp(logvar) - 1 - logvar).sum() / 2) / 3


ELBO, ELBO_IN = Reference(mp_elbo), (*rng.standard_normal((2, 3, 2)), rng.standard_normal((2, 4)))
right("vae_elbo", "gradient", elbo, elbo_gradient, ELBO_IN, "Stable cross-entropy by max and |x|.", ELBO)
wrong(
    "vae_elbo_half_of_logvar", "gradient", elbo, lambda *a: elbo_gradient(*a, half=False), ELBO_IN,
    "exp(logvar / 2) differentiated without its half.", ELBO,
)  # fmt: skip
AT_ZERO = (np.zeros((3, 2)), ELBO_IN[1], np.zeros((2, 4)))
right(
    "vae_elbo_decoder_at_zero", "gradient", elbo, elbo_gradient, AT_ZERO,
    "All logits are 0, where max and |x| both kink and their sum does not.", ELBO,
)  # fmt: skip


# a portfolio: Sharpe ratio with weights by softmax, and turnover at no trade
RETURNS = rng.standard_normal((8, 3)) * 0.02 + 0.01
HELD = np.array([0.5, 0.3, 0.2])


def sharpe(logits):
    r = RETURNS @ (np.exp(logits) / np.exp(logits).sum())
    return -np.mean(r) / np.std(r, ddof=1)


def sharpe_gradient(logits, ddof=1):
    w = softmax(logits)
    r = RETURNS @ w
    m, s = r.mean(), r.std(ddof=1)
    dr = -1 / (len(r) * s) + m * (r - m) / (s**3 * (len(r) - ddof))
    dw = RETURNS.T @ dr
    return w * (dw - w @ dw)


def mp_sharpe(logits):
    r = mp.lift(RETURNS) @ mp.softmax(logits)
    m = r.sum() / 8
    return -m / mp.mpmath.sqrt(((r - m) ** 2).sum() / 7)


SHARPE, TILT = Reference(mp_sharpe), np.array([0.1, -0.4, 0.3])
right("portfolio_sharpe", "gradient", sharpe, sharpe_gradient, TILT, "Sample deviation, softmax weights.", SHARPE)
wrong(
    "portfolio_sharpe_population", "gradient", sharpe, lambda z: sharpe_gradient(z, ddof=0), TILT,
    "n for n - 1 in the derivative of the sample deviation.", SHARPE,
)  # fmt: skip
COSTS = LabelledByIntent(
    "turnover's slope lies between -0.1 and 0.1 for each asset that is not traded",
    (Hull([-0.1, 0.1, -0.1], [0.1, 0.1, 0.1]),),
)
TRADED = HELD + np.array([0.0, 0.1, 0.0])
right(
    "portfolio_turnover_not_traded", "gradient", lambda w: 0.1 * np.sum(np.abs(w - HELD)),
    lambda w: 0.1 * np.sign(w - HELD), TRADED, "No trade, no cost, slope 0.", COSTS,
)  # fmt: skip
wrong(
    "portfolio_turnover_buy_and_sell", "gradient", lambda w: 0.1 * np.sum(np.abs(w - HELD)),
    lambda w: 0.2 * ((w >= HELD) * 1.0 - (w < HELD)) - 0.1 * (w > HELD), TRADED,
    "Twice the cost for an asset that is not traded.", COSTS,
)  # fmt: skip


class Memo:
    """A neural ODE step whose Jacobian is kept per parameter array."""

    def __init__(self):
        self.kept = {}

    def vjp(self, c, x, W):
        if id(W) not in self.kept:
            self.kept[id(W)] = W.T.copy()
        return c + 0.1 * ((1 - np.tanh(x @ W) ** 2) * c) @ self.kept[id(W)], 0.1 * x.T @ ((1 - np.tanh(x @ W) ** 2) * c)


def ode_step(x, W):
    return x + 0.1 * np.tanh(x @ W)


def ode_step_vjp(c, x, W):
    d = 0.1 * c * (1 - np.tanh(x @ W) ** 2)
    return c + d @ W.T, x.T @ d


def keyed_by_identity(item):
    x, W = (v.copy() for v in item.inputs)
    c = np.ones_like(x)
    item.derivative(c, x, W)
    W *= 2
    return not np.allclose(item.derivative(c, x, W)[0], ode_step_vjp(c, x, W)[0])


ODE_IN = (rng.standard_normal((2, 3)), rng.standard_normal((3, 3)))
right(
    "neural_ode_step", "vjp", ode_step, ode_step_vjp, ODE_IN, "A residual step.",
    Reference(lambda x, W: x + mp.mpf(0.1) * mp.tanh(x @ W)),
)  # fmt: skip
wrong(
    "neural_ode_step_cached_by_identity", "vjp", ode_step, Memo().vjp, ODE_IN,
    "A cache keyed by id(W) is stale once W was updated in place.",
    LabelledByIntent("an update in place is not noticed", shows=keyed_by_identity),
)  # fmt: skip
wrong(
    "neural_ode_step_cotangent_incremented", "vjp", ode_step,
    lambda c, x, W: (np.add(c, ode_step_vjp(c, x, W)[0] - c, out=c), ode_step_vjp(c, x, W)[1]), ODE_IN,
    "The residual sum is written into the cotangent, which the second answer then reads.",
    LabelledByIntent("the cotangent changes", shows=shows.mutates_cotangent),
)  # fmt: skip
