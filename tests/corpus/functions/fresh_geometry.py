"""Rotations, cameras, images and clouds of points with one mistake each, after public reports."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh geometry")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9309)
mpf, mpm = mp.mpf, mp.mpmath

# points turned by a quaternion
TURNED = (np.array([0.8, 0.3, -0.4, 0.2]), rng.standard_normal((3, 3)))


def turned(q, points):
    v = q[1:]
    t = 2 * np.cross(v, points)
    return points + q[0] * t + np.cross(v, t)


def turned_backward(c, q, points, side=1.0):
    w, v = q[0], q[1:]
    by_scalar = np.sum(c * 2 * np.cross(v, points))
    along = points @ v
    by_vector = 2 * w * side * np.cross(points, c) + 2 * (along[:, None] * c + (c @ v)[:, None] * points)
    by_vector -= 4 * np.sum(c * points, axis=1, keepdims=True) * v
    by_points = c + 2 * w * np.cross(c, v) + 2 * np.cross(v, np.cross(v, c))
    return np.concatenate([[by_scalar], by_vector.sum(axis=0)]), by_points


def cross(a, b):
    pairs = ((1, 2), (2, 0), (0, 1))
    return np.stack([a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in pairs], axis=-1)


def mp_turned(q, points):
    t = 2 * cross(q[1:], points)
    return points + q[0] * t + cross(q[1:], t)


right("fresh_turned_points", "vjp", turned, turned_backward, TURNED, "a x c.", Reference(mp_turned))
wrong("fresh_turned_points_other_side", "vjp", turned, lambda c, *a: turned_backward(c, *a, side=-1.0), TURNED,
      "The cross product's matrix with the signs of its transpose, local for global (moveit2 PR #2154).",
      Reference(mp_turned))  # fmt: skip

# landmarks as a robot sees them
POSE, HEADING = np.array([0.4, -0.3]), np.array(0.6)
SEEN_FROM = (POSE, HEADING, rng.standard_normal((4, 2)))


def local_view(place, heading, landmarks):
    turn = np.array([[np.cos(heading), -np.sin(heading)], [np.sin(heading), np.cos(heading)]])
    return (landmarks - place) @ turn


def local_view_backward(c, place, heading, landmarks, back=True):
    s, k = np.sin(heading), np.cos(heading)
    turn, slope = np.array([[k, -s], [s, k]]), np.array([[-s, -k], [k, -s]])
    d = c @ (turn.T if back else turn)
    return -d.sum(axis=0), np.sum(c * ((landmarks - place) @ slope)), d


def mp_local_view(place, heading, landmarks):
    s, k = mp.sin(heading), mp.cos(heading)
    return (landmarks - place) @ np.array([[k, -s], [s, k]], dtype=object)


right("fresh_local_view", "vjp", local_view, local_view_backward, SEEN_FROM, "Turned back.", Reference(mp_local_view))
wrong("fresh_local_view_turned_once_more", "vjp", local_view, lambda c, *a: local_view_backward(c, *a, back=False),
      SEEN_FROM, "R for R' on the way back to the world (homework on odometry).",
      Reference(mp_local_view))  # fmt: skip

# a lens whose distortion is a quotient
RADII2, LENS = np.array([0.1, 0.4, 0.9, 1.6, 0.7]), (np.array([0.3, -0.1, 0.05]), np.array([0.2, 0.1, -0.02]))
POWERS = np.stack([RADII2, RADII2**2, RADII2**3], axis=1)


def distorted(above, below):
    a = POWERS @ above
    b = 1 + POWERS @ below
    return np.sqrt(RADII2) * (1 + a) / b


def distorted_backward(c, above, below, one=1.0):
    a, b, d = POWERS @ above, 1 + POWERS @ below, c * np.sqrt(RADII2)
    return POWERS.T @ (d / b), -POWERS.T @ (d * (one + a) / b**2)


def mp_distorted(above, below):
    powers = mp.lift(POWERS)
    return mp.sqrt(mp.lift(RADII2)) * (1 + powers @ above) / (1 + powers @ below)


right("fresh_distorted", "vjp", distorted, distorted_backward, LENS, "(1 + A)/B.", Reference(mp_distorted))
wrong("fresh_distorted_one_forgotten", "vjp", distorted, lambda c, *a: distorted_backward(c, *a, one=0.0), LENS,
      "-A/B^2 for -(1 + A)/B^2 (facebookresearch/momentum PR #1486).", Reference(mp_distorted))  # fmt: skip

# a lens that is not straight before the film
PIXELS = rng.standard_normal((4, 2))


def skewed(points):
    x, y = points[:, 0], points[:, 1]
    r2 = x**2 + y**2
    return np.stack([x + 0.2 * x * y + 0.05 * (r2 + 2 * x**2), y + 0.1 * (r2 + 2 * y**2) + 0.1 * x * y], axis=1)


def skewed_backward(c, points, radial=1.0):
    x, y = points[:, 0], points[:, 1]
    dr2 = radial * (0.05 * c[:, 0] + 0.1 * c[:, 1])
    dx = c[:, 0] * (1 + 0.2 * y + 0.2 * x) + c[:, 1] * 0.1 * y + 2 * dr2 * x
    dy = c[:, 0] * 0.2 * x + c[:, 1] * (1 + 0.4 * y + 0.1 * x) + 2 * dr2 * y
    return np.stack([dx, dy], axis=1)


def mp_skewed(points):
    x, y = points.T
    r2, p, q, h = x * x + y * y, mpf(0.2), mpf(0.05), mpf(0.1)
    return np.stack([x + p * x * y + q * (r2 + 2 * x * x), y + h * (r2 + 2 * y * y) + h * x * y], axis=1)


right("fresh_skewed_lens", "vjp", skewed, skewed_backward, PIXELS, "r^2 moves, too.", Reference(mp_skewed))
wrong("fresh_skewed_lens_radius_held", "vjp", skewed, lambda c, x: skewed_backward(c, x, radial=0.0), PIXELS,
      "With tangential distortion the Jacobian is not that of the formula (after opencv #6030).",
      Reference(mp_skewed))  # fmt: skip

# two clouds, each point with the nearest one of the other
CLOUDS = (rng.standard_normal((5, 2)), rng.standard_normal((3, 2)))


def clouds_apart(a, b):
    d2 = np.sum((a[:, None] - b) ** 2, axis=-1)
    there = d2.min(axis=1)
    back = d2.min(axis=0)
    return np.sum(there) + np.sum(back)


def clouds_apart_gradient(a, b, added=True):
    d2 = np.sum((a[:, None] - b) ** 2, axis=-1)
    there, back = d2.argmin(axis=1), d2.argmin(axis=0)
    da, db = 2 * (a - b[there]), 2 * (b - a[back])
    np.add.at(da, back, -2 * (b - a[back]))
    if added:
        np.add.at(db, there, -2 * (a - b[there]))
    else:
        db[there] -= 2 * (a - b[there])
    return da, db


def mp_clouds_apart(a, b):
    d2 = ((a[:, None] - b) ** 2).sum(axis=-1)
    return d2.min(axis=1).sum() + d2.min(axis=0).sum()


right("fresh_clouds_apart", "gradient", clouds_apart, clouds_apart_gradient, CLOUDS, "A point may be nearest to many.",
      Reference(mp_clouds_apart))  # fmt: skip
wrong("fresh_clouds_apart_buffered", "gradient", clouds_apart, lambda *a: clouds_apart_gradient(*a, added=False),
      CLOUDS, "db[nearest] -= ... counts one of several (a forum's question about the Chamfer distance).",
      Reference(mp_clouds_apart))  # fmt: skip

# scales by their logarithms, about a centre
CENTRE, SCALED = np.array([5.0, 6.0, 7.0]), (np.array([0.3, -0.2, 0.5]), 6.0 + rng.standard_normal((4, 3)))


def scaled_about(logs, points):
    arms = points - CENTRE
    return np.exp(logs) * arms + CENTRE


def scaled_about_backward(c, logs, points, centre=CENTRE):
    return (c * np.exp(logs) * (points - centre)).sum(axis=0), c * np.exp(logs)


right("fresh_scaled_about", "vjp", scaled_about, scaled_about_backward, SCALED, "From the centre on.",
      Reference(lambda s, p: mp.exp(s) * (p - mp.lift(CENTRE)) + mp.lift(CENTRE)))  # fmt: skip
wrong("fresh_scaled_about_the_origin", "vjp", scaled_about,
      lambda c, *a: scaled_about_backward(c, *a, centre=np.zeros(3)), SCALED,
      "scale p for scale (p - centre), right at a centre of 0 alone (ITK #6571).",
      Reference(lambda s, p: mp.exp(s) * (p - mp.lift(CENTRE)) + mp.lift(CENTRE)))  # fmt: skip

# an image read between its pixels, at places from -1 to 1
PICTURE = (rng.standard_normal((5, 6)), np.array([-0.63, 0.11, 0.47, 0.61]), np.array([0.32, -0.71, 0.13, 0.55]))


def read_between(image, gx, gy):
    px, py = (gx + 1) * 2.5, (gy + 1) * 2.0
    j, i = np.floor(px).astype(int), np.floor(py).astype(int)
    fx, fy = px - j, py - i
    upper = image[i, j] * (1 - fx) + image[i, j + 1] * fx
    lower = image[i + 1, j] * (1 - fx) + image[i + 1, j + 1] * fx
    return upper * (1 - fy) + lower * fy


def read_between_backward(c, image, gx, gy, width=2.5, height=2.0):
    px, py = (gx + 1) * 2.5, (gy + 1) * 2.0
    j, i = np.floor(px).astype(int), np.floor(py).astype(int)
    fx, fy, g = px - j, py - i, np.zeros_like(image)
    for di, by_y in ((0, 1 - fy), (1, fy)):
        for dj, by_x in ((0, 1 - fx), (1, fx)):
            np.add.at(g, (i + di, j + dj), c * by_y * by_x)
    right_left = (image[i, j + 1] - image[i, j]) * (1 - fy) + (image[i + 1, j + 1] - image[i + 1, j]) * fy
    down_up = (image[i + 1, j] - image[i, j]) * (1 - fx) + (image[i + 1, j + 1] - image[i, j + 1]) * fx
    return g, c * right_left * width, c * down_up * height


def mp_read_between(image, gx, gy):
    found = []
    for x, y in zip((gx + 1) * mpf(2.5), (gy + 1) * 2, strict=True):
        j, i = int(mpm.floor(x)), int(mpm.floor(y))
        upper = image[i, j] * (1 - x + j) + image[i, j + 1] * (x - j)
        lower = image[i + 1, j] * (1 - x + j) + image[i + 1, j + 1] * (x - j)
        found.append(upper * (1 - y + i) + lower * (y - i))
    return np.array(found, dtype=object)


right("fresh_read_between", "vjp", read_between, read_between_backward, PICTURE, "From -1 to 1.",
      Reference(mp_read_between))  # fmt: skip
wrong("fresh_read_between_by_the_pixel", "vjp", read_between,
      lambda c, *a: read_between_backward(c, *a, width=1.0, height=1.0), PICTURE,
      "The derivative by pixels is handed out as that by the normalised places (homework on spatial transformers).",
      Reference(mp_read_between))  # fmt: skip
