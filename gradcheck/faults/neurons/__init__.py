"""Mistakes in networks of neurons: the textbook's backprop over single neurons (S2), and its bends.

single_neurons     the algorithm, one decision per method
visit_orders       how often a neuron passes its gradient on
branches           faults that any graph can have; `neuron_layers`: faults that MLPs can have, too
"""
