"""Known ways of getting backprop wrong: textbooks, the bends that make them wrong, and their catalogue.

`catalogue.CATALOGUE` has a row per fault. `correct/` holds right engines of three architectures. This file imports
nothing, since the correct engines run like any subject, in a process that sees nothing of this folder.
"""
