"""A square whose rule forgets the 2.

# mistake: factor
# where: half_square
"""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def half_square(x):
    return x**2


def half_square_fwd(x):
    return half_square(x), (x,)


def half_square_bwd(res, g):
    x, = res
    return (g * x,)


half_square.defvjp(half_square_fwd, half_square_bwd)
