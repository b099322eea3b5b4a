"""Three correct engines of different architecture, against which the harness must raise no alarm.

Each is one self-contained file such as a subject hands in, usable with `--subject`: it shares no line with the others,
with the reference or with the oracles, so that planting a mistake in it is planting a mistake in somebody's engine.

recursive.py     adjoints by memoised recursion: a node asks its users for what they send it
tape.py          values that remember how they were computed, a closure each, played backwards
forward_mode.py  dual numbers: one forward pass for every entry of every parameter
"""
