"""A product whose rule gives each factor the other's gradient.

# mistake: exchanged
# where: product
"""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def product(x, y):
    return x * y


def product_fwd(x, y):
    return product(x, y), (x, y,)


def product_bwd(res, g):
    x, y, = res
    return (g * x, g * y)


product.defvjp(product_fwd, product_bwd)
