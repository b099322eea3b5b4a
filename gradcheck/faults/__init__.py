"""Known ways of getting backprop wrong: the catalogue, and the textbook engines that its rows bend."""

from gradcheck.faults.catalogue import CATALOGUE, fault
from gradcheck.faults.fault import SCOPES, Fault

__all__ = ["CATALOGUE", "SCOPES", "Fault", "fault"]
