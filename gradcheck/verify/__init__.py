"""What does a file offer, whatever its convention, and is it right?

function_pairs    a function and its derivative, put to the check of its kind, in its `own_precision`; `other_shapes`
                  are wrong gradients; `several_readings` of a derivative that may be meant in several ways;
                  `pair_settings` asks beside the defaults of its options, and in another size
engine_trial      an engine's cases (`engine_cases`, `form_cases`, `rule_cases`), judged, and grouped by mistake;
                  `tried_engine` is what came of it, `group_causes` explains each group, `rule_mistakes` what one rule
                  has for a derivative
"""
