"""A sine whose rule multiplies by the sine.

# mistake: other-slope, cotangent-twice, slope-forgotten
# where: wave
"""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def wave(x):
    return jnp.sin(x)


def wave_fwd(x):
    return wave(x), (x,)


def wave_bwd(res, g):
    x, = res
    return (g * jnp.sin(x),)


wave.defvjp(wave_fwd, wave_bwd)
