"""How is a derivative that people hold put to the judge? Each check becomes one of a function of plain float arrays.

functions            check_gradient, check_vjp, check_jvp; `function_arguments`: what every check does at its door;
                     `endless`: inputs that hold themselves
second_order         `check_vjp(..., order=2)`
held_arguments       `stop_gradient=`
array_containers     containers by which matrices of derivatives are; `block_names`: what their blocks are called
drawn_inputs         inputs drawn by Hypothesis strategies
forms, trees         containers of arrays, keyword arguments, further outputs; `wrappers`: objects; `in_place`
whole_numbers        which whole numbers are values, and which are indices
given_form           numbers and tuples as f and the derivative get them: as they were given
value_and_gradient   check_value_and_gradient
jacobian             check_jacobian; `rows`: a Jacobian as the gradient of one scalar function; `complex_outputs`
hessian              check_hessian, check_hvp; `gradient_of`: the gradient of a function, to be differentiated again
structures           declared structure of second derivatives, and the hint to declare one
adjoint              check_adjoint
observed             listeners, which hear of every check's result
assertions           assert_gradient, assert_vjp and the others
"""
