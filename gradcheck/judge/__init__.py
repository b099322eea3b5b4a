"""Is it right? One case, or one derivative of a function, on trial. Whatever asks an oracle or a subject again is here.

dispatch             which kind of case is tried how; `tried`: what a trial returns; `settings`
graph_trial          a graph at a point: `entry_points` ask the subject, `graph_estimates` the oracles; `protocol` comes
                     first; `dtype_range` and `single_precision` bound what can be called wrong; `moved_points`
revealed_adjoints    adjoints that a subject reveals
function_trial       one derivative of a function: `question` and `function_value`, `function_estimates` with their
                     `cross_checks`, `function_entries` (or `random_directions`), `contracts` (and
                     `randomness`), `other_points`
                     `spread_tangents`: a JVP that takes arrays; `not_finite`: where a right derivative answers nan
allowance            how far an answer may be off by honest rounding; `higher_precision`, `truncated_loops`
block_comparison     one block beside the truth, for graphs and for functions; `differing_entry`: two answers to one
                     question
approximate          what approximates something, and how far it may be off then; small errors of what does not:
                     `small_errors`, `small_causes`
kinks                what is legal where there is no one derivative, `nearby_slopes` around it; `input_structure`:
                     where inputs are tied, and `structure_hint`: an answer that is right if they are
cost, training       a claim on the cost of gradients; a training
function_causes      why a derivative of a function is wrong: `cause_search`, of what `relations_at` a point, the record
                     of f and `own_code_at` it tell, and `asked_otherwise`; `further_points`; `cause_findings`
causes_wanted        whether a wrong answer's cause is looked for
derivative_run       a derivative run once on arrays that note its steps
definition           the line where a function is defined, if its source proves it; `what_was_checked`: a result's title
unseen               a derivative that looks for the checker, or changes what judges it
raised, user_names   what the user's own code raised, and how messages call it; `bounded_calls` of it
"""
