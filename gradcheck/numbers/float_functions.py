"""The unary primitives in floats of any dtype; those of scipy.special that have no longdouble loop in float64."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.families import in_floats


def float_function(name: str) -> Any:
    """The float version of a unary primitive."""
    special = _SPECIAL.get(name) or in_floats(name)
    return special if special is not None else getattr(np, name)


def _in_float64(name: str) -> Any:
    """A scipy.special function, which has no longdouble loop. Its error is of the size of one rounding of float64."""

    def call(x: Array) -> NDArray[np.float64]:
        import scipy.special

        return np.asarray(getattr(scipy.special, name)(x.astype(np.float64)))

    return call


def _expit(x: Array) -> Array:
    tail = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, tail, x.dtype.type(1)) / (1 + tail))


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(x.dtype.type(0), x))


def _sinc(x: Array) -> Array:
    z = 4 * np.arctan(x.dtype.type(1)) * x
    return np.asarray(np.where(z == 0, x.dtype.type(1), np.sin(z) / np.where(z == 0, x.dtype.type(1), z)))


def _sinc_slope(x: Array) -> Array:
    pi = 4 * np.arctan(x.dtype.type(1))
    z = pi * x
    safe = np.where(z == 0, x.dtype.type(1), z)
    far = (np.cos(safe) - np.sin(safe) / safe) / safe
    near = -z / 3 + z**3 / 30 - z**5 / 840 + z**7 / 45360  # Taylor series of (sin z / z)'
    return np.asarray(pi * np.where(np.abs(z) < 0.05, near, far))


def _trigamma(x: Array) -> NDArray[np.float64]:
    import scipy.special

    return np.asarray(scipy.special.polygamma(1, x.astype(np.float64)))


def _lambertw(x: Array) -> NDArray[np.float64]:
    import scipy.special

    return np.asarray(scipy.special.lambertw(x.astype(np.float64)).real)


_SPECIAL = {
    "expit": _expit,
    "softplus": _softplus,
    "sinc": _sinc,
    "sinc_slope": _sinc_slope,
    "trigamma": _trigamma,
    "lambertw": _lambertw,
    **{name: _in_float64(name) for name in ("ndtri", "erfinv", "erfcinv", "expi", "exp1")},
    "digamma": _in_float64("digamma"),
    "gammaln": _in_float64("gammaln"),
    "erf": _in_float64("erf"),
    "erfc": _in_float64("erfc"),
    "ndtr": _in_float64("ndtr"),
    "log_ndtr": _in_float64("log_ndtr"),
}
