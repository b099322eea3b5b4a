"""What is wrong: cause, place, smallest counterexample and name of a mistake. Nothing here changes a verdict.

diagnosed       adds to one failed case the `causes` that fit its numbers, its `place`, by `judged_parts`, and the
                cause of `wrong_steps`
smallest        the smallest graph on which a subject is wrong, at a `telling_point`
naming          which row of the catalogue of faults explains a subject that failed
look_at         one sentence on where to look, from `operands`, a small case in numbers
budget          how long, and how often, a subject may be asked meanwhile
"""
