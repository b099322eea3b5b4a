"""Mistakes in MLPs: the textbook's delta recursion (S3, S4), and its bends.

delta_recursion    the recursion, one decision per method
layers             the gradients of a layer, and the delta of the layer below
layer_slopes       slopes of nonlinearities; `layer_costs`: the loss, its average and its penalty
"""
