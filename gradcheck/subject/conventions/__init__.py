"""How implementations are written that nobody wrote for gradcheck: one file for each convention.

offer              what a convention finds in a file: `Offer`, `Pair`, `Miss`, and the file's `Contents`
recognition        which conventions a loaded file keeps
native             `graph`, `mlp`: gradcheck's own
scalar_value       classes like micrograd's, by way of `value_class`, `held_numbers`, `value_graphs`, `spellings`,
                   `repeated_sweeps`
tensor_value       the same with arrays, by way of `array_forms`, `array_trials`, `array_graphs` besides
"""
