"""Known ways of getting backprop wrong: a textbook engine, the bends that make it wrong, and their catalogue.

`catalogue.CATALOGUE` has a row per fault; `correct/` holds engines that are right, of three architectures. Nothing
is imported here: the correct engines are loaded like any subject, in a process that sees nothing of this room.
"""
