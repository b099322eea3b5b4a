"""Number systems: arrays of numbers that are not floats, each with the same small set of operations.

arithmetic   the operations that every number system offers
ball         arrays of balls, a midpoint and a proven radius each, over those of python-flint (`flint_balls`)
stochastic   floats in which every operation rounds at random, many runs at once; `float_functions`
dual         value and tangent, over any number system
symbol       real numbers together with their formulas; `symbols` makes arrays of them
asked_dtypes what an array class owes to code that asks it for plain numbers
"""

from gradcheck.numbers.ball import Balls, Enclosure

__all__ = ["Balls", "Enclosure"]
