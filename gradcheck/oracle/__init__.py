"""Independent methods that answer a case with estimates. They know nothing of subjects and share no derivative code."""

from __future__ import annotations

from gradcheck.oracle.estimate import Aside, Estimate, Estimates, Kind, Oracle

__all__ = ["Aside", "Estimate", "Estimates", "Kind", "Oracle", "graph_oracles"]


def graph_oracles() -> tuple[Oracle, ...]:
    """The oracles that a case with a graph is put to, in the order in which reports name them."""
    from gradcheck.oracle.exact import exact
    from gradcheck.oracle.finite_difference import finite_difference
    from gradcheck.oracle.path_enumeration import path_enumeration
    from gradcheck.oracle.symbolic import symbolic

    return (symbolic, exact, finite_difference, path_enumeration)
