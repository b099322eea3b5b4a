"""Closed forms: formulas of ops and of whole functions, written and differentiated by SymEngine.

formulas           formulas on a sheet, and their derivatives
small_op, lanes    the formulas of one op on arrays: one small op, repeated
local_derivatives  d result / d argument of one application of an op, as arrays of floats
straight_line      expressions as programs without branches; `wide_floats` runs them in extended precision
"""
