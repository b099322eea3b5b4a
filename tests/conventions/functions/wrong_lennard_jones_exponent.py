"""The force law of Lennard and Jones with an exponent that was not raised by one.

# mistake: power-rule, quotient
# where: lennard_jones
"""

def lennard_jones(r, eps, sigma):
    return 4 * eps * ((sigma / r) ** 12 - (sigma / r) ** 6)


def lennard_jones_derivative(r, eps, sigma):
    return 4 * eps * (-12 * sigma**12 / r**12 + 6 * sigma**6 / r**6)
