"""Rules of JAX for forward mode: tangents of a product and of a softplus that is stable."""

import jax
import jax.numpy as jnp


@jax.custom_jvp
def softplus(x):
    return jnp.log1p(jnp.exp(x))


@softplus.defjvp
def softplus_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return softplus(x), t / (1 + jnp.exp(-x))


@jax.custom_jvp
def scaled_sine(x, y):
    return jnp.sin(x) * y


@scaled_sine.defjvp
def scaled_sine_jvp(primals, tangents):
    x, y = primals
    x_dot, y_dot = tangents
    return scaled_sine(x, y), jnp.cos(x) * x_dot * y + jnp.sin(x) * y_dot
