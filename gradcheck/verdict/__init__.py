"""Verdicts: pure comparison, findings and results. Calls nobody."""
