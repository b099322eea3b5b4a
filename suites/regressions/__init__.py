"""Graphs that once showed a bug, kept as JSON and replayed ever after."""
