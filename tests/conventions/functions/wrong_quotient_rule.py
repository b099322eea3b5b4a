"""A quotient whose derivative forgets to square the denominator.

# mistake: quotient
# where: hill
"""

def hill(x):
    return x**2 / (1.7 + x**2)


def dhill(x):
    return (2 * x * (1.7 + x**2) - x**2 * 2 * x) / (1.7 + x**2)
