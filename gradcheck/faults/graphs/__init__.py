"""Mistakes in graphs of ops: the textbook's backprop, and its bends.

textbook_backprop  S0's algorithm, one decision per method
accumulation       what becomes of an adjoint at a branch; `visits`: which nodes are visited, when, how often
local_rules        one op's derivative is wrong
layouts            broadcasting, axes, transposes, indexing
habits             what is kept between calls, and what the answer looks like
"""
