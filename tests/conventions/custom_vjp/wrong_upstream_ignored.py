"""A square whose rule forgets what comes from above.

# mistake: cotangent-ignored
# where: square
"""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def square(x):
    return x**2


def square_fwd(x):
    return square(x), (x,)


def square_bwd(res, g):
    x, = res
    return (2 * x,)


square.defvjp(square_fwd, square_bwd)
