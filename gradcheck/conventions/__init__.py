"""How implementations are written that nobody wrote for gradcheck: one file for each convention.

offer              what a convention finds in a file: `Offer`, `Pair`, `Miss`, and the file's `Contents`
recognition        which conventions a loaded file keeps; `left_over` names what none of them explains
(subject.native    `graph`: gradcheck's own functions; `native_networks`: `mlp`)
scalar_value       classes like micrograd's, by way of `value_class`, `held_numbers`, `value_graphs`, `spellings`,
                   `repeated_sweeps`, `in_place_ops`, `pulled_gradients`, `asked_gradients`, `guarded_logs`,
                   `other_functions`, `composed_ops`; `making_nodes` makes leaves; `later_numbers` asks symbols
tensor_value       the same with arrays, by way of `array_forms`, `array_trials`, `array_graphs` besides
op_classes         a class per op (minitorch, needle, DeZero), by way of `op_calls`
dual_numbers       classes of forward mode, whose numbers carry their derivative along; `named_variables`, by names
grad_transform     packages such as autograd: grad(f), and functions of NumPy's names
layer_pairs        NAME_forward and NAME_backward: `layer_functions` runs them, at the settings of `layer_settings`;
                   `backward_calls` and `returned_gradients` tell what is what
layer_classes      forward and backward methods: `layer_search` finds how a class is used (`making_layers` makes it,
                   `held_arrays` finds parameters and gradients), `layer_objects` runs it, `used_layers` runs it twice;
                   `softmax_layers` are meant as one with the loss behind them
built_layers       layers that make their parameters in their first forward pass
loss_classes       losses whose backward method takes the prediction
function_classes   value and derivative as two methods
named_derivatives  functions and their derivatives, by `derivative_names`; `derivative_functions` tells what comes back,
                   `slope_arguments` whether a slope takes the input or the output, by `slope_uses`, its calls;
                   `flagged_functions` of f(x, d=True); `folded_outputs` whether a cross-entropy's derivative is by the
                   softmax's input; `readings` asks in both ways where nothing tells;
                   `further_settings` at other values of options
loss_functions     a loss and its gradients returned at once; `returned_losses` tells which part is which,
                   `global_parameters` asks those whose parameters are the file's own arrays
example_inputs     inputs for functions that nobody gave any for, by `example_shapes` and `example_values`;
                   `example_sources` says in which order: by `word_vectors`, `sized_networks`, then `calls_in_file`
source_trees       the syntax tree of a file or function, and what it returns by name; `name_words` the words of a name
network_loss       a class with parameters and a loss: `constructing` makes it, `weights_of` finds its parameters,
                   `network_methods` its methods, `gradients_held` where gradients are; `assumed_losses` are for one
                   without a loss of its own, `networks_of_data` for one that is made with its data,
                   `networks_of_functions` for forward_prop(W1, b1, X) and its like
dictionaries       functions with dicts (Coursera): `dictionary_models` a whole network, `dictionary_layers` its layers,
                   `parameter_dicts` their data; `recurrent_cells` one step, and over time
nielsen            Network.backprop; autograd_function, custom_vjp: rules of PyTorch and JAX, by `framework_inputs`
trial_data, roles  data that networks are tried with, and what arguments are for, by their names
user_calls         calls that are quiet, steady, and under the user's own names
log_guards         constants that only a logarithm adds
foreign_calls      calls of a file's own functions that leave nothing changed; `overwritten`: what they write into
"""
