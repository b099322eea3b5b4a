"""log(1 + exp(x)) as in JAX's own documentation, and a function of two arguments."""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def log1pexp(x):
    return jnp.log(1.0 + jnp.exp(x))


def log1pexp_fwd(x):
    return log1pexp(x), x


def log1pexp_bwd(x, g):
    return (g * (1 - 1 / (1 + jnp.exp(x))),)


log1pexp.defvjp(log1pexp_fwd, log1pexp_bwd)


@jax.custom_vjp
def scaled_sin(x, y):
    return jnp.sin(x) * y


def scaled_sin_fwd(x, y):
    return scaled_sin(x, y), (jnp.cos(x), jnp.sin(x), y)


def scaled_sin_bwd(res, g):
    cos_x, sin_x, y = res
    return (cos_x * g * y, sin_x * g)


scaled_sin.defvjp(scaled_sin_fwd, scaled_sin_bwd)
