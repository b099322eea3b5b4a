"""Mistakes in trainings: the textbook's stochastic gradient descent (S3, S4), and its bends.

descent            the algorithm, one decision per method, and its faults
rivals             mistakes outside the catalogue that, in some trainings, look like one of its rows
"""
