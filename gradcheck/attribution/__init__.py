"""Which mistake turns the right derivative of a function into the answer that came? Nothing here asks a subject.

mistake         the kinds of mistake that are told apart
explanation     one mistake that reproduces an answer, and the place in the function that it concerns
relation        relations between an answer and the truth, which need no record of the function, in the order of telling
known           what an answer may be related to, and a relation
factors         the truth times a usual factor, a length, an argument of f, any number, a row of them
moves           the truth with its entries moved, and with a factor besides
sums            sums, means and slices of the truth in every place, running sums
equals          something else: a constant, another block's gradient, the cotangent, an input, f's value
terms           the truth and a term too many or too few
own_rounding    the truth rounded to a coarser type
wrong_places    the truth but for some places: which, and what stands there instead
over_blocks     relations of several blocks said once
other_question  a question made from another one, to which an answer may be the right one
equal_constant  a number by which f multiplies, which may be a length as well
other_weights   with another cotangent or tangent
other_inputs    at another point
otherwise       all of them, in the order of telling
discrepancy     how far an answer is off; `experiments` edit the record (`edited_record`) to reproduce it
cut_constant    a constant with too few digits (`constant_place`: where it stands)
small_guard     a small number ignored or added; `narrow_precision`: a narrower dtype on the way

By experiments on the record of the function (`by_record`), which names nothing that does not reproduce the answer in
all blocks at two points:

located_trace    the record, with the user's open calls for every operation; `source_place` finds lines and columns
view             the record at a point, beside the answer: adjoints, contributions, discrepancies along directions
altered_sweep    the reverse sweep with contributions altered on the way (`tried_together`: several hypotheses by one)
hypothesis       one mistake that might have been made, and the experiment for it
path_factors     paths left out, with the wrong sign, twice, times a constant (`grouped_paths`: many at once)
path_slices      one slice of what an operation gives with the wrong sign
value_uses       uses of one value: one alone counts, or one in the place of another
textbook_rules   wrong rules of products, quotients, powers, running sums; `matrix_rules`: of matrix products
selection_rules  of whatever selects
other_slopes     wrong slopes of activations, over `pairs` of arrays (`slope_tables`: those of other functions)
jacobians        diagonals taken for whole Jacobians
turn_before      slopes of a loop's activations that are those of the turn before
constants        an epsilon or a count that is another one in the derivative
sides            wrong exactly on one side of a comparison
broadcast_rules  broadcasting undone over other axes, by an average, by one slice alone
loop_rules       parts of an array that overwrite each other, states of another step of a loop
other_windows    windows of an array at other places
filled_arrays    arrays that a loop fills and reads again, taken for given where they are read
loop_cuts        loops differentiated in part: earlier turns held constant, fewer turns
library_calls    what belongs to the inside of a library's call, where nobody made a mistake
altered_records  answers that are right for another function: one side always taken, a held value followed
at_ties          right beside a tie, and wrong at it
record_forms     normalisers, sums of squares and means in a record
equal_uses       uses of one value that contribute the same
telling          of all that reproduce the answer, what they have in common, as a sentence with a place
path_meaning     what it means that a path was left out

By experiments on the derivative's own code, which is replayed (`gradcheck.rerun`) with one step done otherwise:

own_steps        the steps of one instruction, and an edit of them
own_edits        other signs, operands, indices of a step; `own_axes`: other axes; `own_operands`: other numbers
own_groups       an edit of several steps at once
own_code         the edit that makes the derivative right at two points
"""
