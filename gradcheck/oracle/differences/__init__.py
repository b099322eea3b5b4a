"""Finite differences with an error bound that is estimated from the data.

A *window* is 20 values of f at irregular points of [-h, h]. A polynomial of degree 11 is fitted to them; its slope at
0 is the derivative (a central difference, extrapolated to that degree), and what the fit leaves over is, without
knowing which, rounding noise, truncation, a kink or a jump: all of them bound the error of the slope. A *ladder* is
windows at many scales, whose answers have to agree.
"""
