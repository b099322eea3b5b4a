"""A mean whose rule passes on the whole gradient to every entry.

# mistake: mean-sum
# where: average
"""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def average(x):
    return jnp.mean(x)


def average_fwd(x):
    return average(x), (x,)


def average_bwd(res, g):
    x, = res
    return (g * jnp.ones_like(x),)


average.defvjp(average_fwd, average_bwd)
