"""How much a report says: levels that the command line offers, and that every kind of report keeps to."""

QUIET, NORMAL, ROWS, ALL = -1, 0, 1, 2
"""How much a report on the screen says."""
FEEDBACK = ("none", "category", "hint", "full")
"""How much a report tells: the verdicts, the kind of mistake, where and how it shows, or every number besides."""
