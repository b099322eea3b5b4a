"""A tangent of a product whose second term is missing.

# mistake: dropped, zero
# where: scaled_sine
"""

import jax
import jax.numpy as jnp


@jax.custom_jvp
def scaled_sine(x, y):
    return jnp.sin(x) * y


@scaled_sine.defjvp
def scaled_sine_jvp(primals, tangents):
    x, y = primals
    x_dot, y_dot = tangents
    return scaled_sine(x, y), jnp.cos(x) * x_dot * y
