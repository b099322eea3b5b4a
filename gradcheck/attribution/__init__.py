"""Which mistake turns the right derivative of a function into the answer that came? Nothing here asks a subject.

mistake      the kinds of mistake that are told apart
explanation  one mistake that reproduces an answer, and the place in the function that it concerns
relation     relations between an answer and the truth, which need no record of the function
"""
