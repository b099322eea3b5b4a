"""Kinds of findings: Jacobians, Hessians, operators and layers (GC10x, GC11x)."""

from __future__ import annotations

from gradcheck.verdict.finding_kind import error, fatal, note, undecided, warning

ROWS = (
    fatal(
        "GC100",
        "wrong shape of a Jacobian",
        "the {what} must have shape {wanted}: the output's {out}, then the input's {inner} (or flattened, {flat}); "
        "got {came}{hint}",
        "Entry [i, j] of a Jacobian is the derivative of output i by input entry j. Outputs come first.",
    ),
    note(
        "GC101",
        "judged by columns",
        "the {what} has {rows} rows of {columns} entries: each column was judged by a random sum of its entries. An "
        "error in one entry shows unless it is lost in the rounding of that sum; errors in several entries of a column "
        "cancel with probability at most {miss:.3g}",
        "Up to 64 outputs and 4,096 entries every entry is decided by itself. Larger matrices can be checked in parts: "
        "give f some of its outputs alone.",
    ),
    error(
        "GC102",
        "not symmetric",
        "the Hessian is not symmetric: entry {entry} is {first}, and entry {mirror} is {second}",
        "Second derivatives do not depend on the order of differentiation where they are continuous, so that a Hessian "
        "equals its transpose.",
    ),
    error(
        "GC103",
        "not linear",
        "{who} is not linear: {what} (distance {distance:.3g}, allowed {allowed:.3g})",
        "An adjoint belongs to a linear operator: A(x + y) is A(x) + A(y), and A(2 x) is 2 A(x). A constant term, or a "
        "nonlinear step, makes an operator affine or nonlinear; check_vjp is for those.",
    ),
    fatal(
        "GC104",
        "built otherwise",
        "the answer must be built as the input is: {path} should be {wanted}, got {came}",
        "The gradient of a dict, a list, a tuple or a dataclass of arrays is one of the same keys or fields, with an array "
        "(or None) for each of its arrays; a Hessian has such a container for each of its arrays. A dict may leave out "
        "what holds no floats.",
    ),
    note(
        "GC105",
        "whole numbers taken as floats",
        "{block} holds whole numbers, and the derivative answers for it: it was judged as an array of floats",
        "Give floats for what is differentiated by, and return None for what is not.",
    ),
    warning(
        "GC106",
        "answer for an index",
        "the derivative answers for {block}, which f uses as an index or a count: that answer was not judged",
        "There is no derivative by an index. Return None in its place.",
    ),
    note(
        "GC107",
        "the other convention",
        'the gradient is right under convention="{other}" ({formula}); "{declared}" was declared',
        "A complex gradient is dL/da + i dL/db or its conjugate. Both are in use, and code that mixes them goes uphill "
        "along the imaginary axis.",
    ),
    error(
        "GC108",
        "right, but not to be differentiated",
        "the VJP is right and its own derivative is not ({how}): the second derivatives of f are others",
        "Second order asks a VJP for its derivative by the cotangent and by the inputs. A value that the VJP computes apart "
        "from its arguments (detached, held, looked up, rounded) has none there, however right it is.",
    ),
    error(
        "GC109",
        "judged otherwise elsewhere",
        "the check in the file's own process says PASS, and in a process without the judge {what}: the file changes "
        "what judges it, or answers there in another way",
        "A function is traced in the process of its file, which can change everything there. So the derivative is asked "
        "once more in a process that holds the file alone, and compared with differences of f.",
    ),
    error(
        "GC110",
        "gradient of another shape",
        "the gradient of {block} has shape {came}, and {block} has shape {wanted}",
        "A gradient has an entry for each entry of its input. A layer's other gradients are compared all the same.",
    ),
    fatal(
        "GC111",
        "arrays in place of tuples",
        "the derivative is called as jvp({tuples}), with two tuples, and answers jvp({own}): check "
        "lambda xs, dxs: jvp({given})",
        "The first tuple holds f's arguments, the second a tangent for each of them, as in jax.jvp.",
    ),
    note(
        "GC113",
        "meant in several ways",
        "{derivative} is {here} {reading}, and {there} {other}: {advice}",
        "sigmoid_prime(a) = a (1 - a) is a derivative if a is what the sigmoid returned, and none if it is what the "
        "sigmoid got; a cross-entropy's p - y is the gradient by what the softmax before it got. A derivative that is "
        "right in one such sense is not wrong, but it has to be called so.",
    ),
    note(
        "GC114",
        "cause not looked for to the end",
        "the search for the cause of this case was ended {spent}",
        "The verdict does not depend on it. Each question to the subject takes long, so that the budget for the "
        "diagnosis of a case is spent before its place is found; `--diagnosis-budget S` sets it.",
    ),
    note(
        "GC115",
        "only products asked",
        "the {what} is a LinearOperator without an adjoint: its products with vectors were judged alone",
        "A LinearOperator with rmatvec= is also asked for the products of its adjoint, which have the same truth.",
    ),
    fatal(
        "GC116",
        "derivative by an index",
        "the derivative is {value} by {block}, which f uses as an index or a count: there is no such derivative",
        "f does not run on floats in that place. Return None there (zeros will do), or give f a formula that takes floats.",
    ),
    undecided(
        "GC117",
        "values and code of f differ",
        "along one direction f changes by {values}, as the answer says ({answer}), while its code, traced, says {truth}: f "
        "may keep something between its calls, such as the start of a solver; make it begin anew at each call, or say meant=",
        "A solver that begins where it ended the last time takes a single step when it is traced. The derivative of that "
        "step is not the derivative of what f computes at other points.",
    ),
    undecided(
        "GC118",
        "f differs slightly from call to call",
        "called twice at the same point, f was {first} and then {second}: the answer does not contradict differences of "
        "such values, and they prove nothing; make f begin anew at each call, or say meant=",
        "A solver that begins where it ended the last time, threads that add up in another order, or a little noise. "
        "meant= takes the function that f computes approximately.",
    ),
    warning(
        "GC119",
        "averaged in another place",
        "{what}: {rest}. Together they are the gradient of the mean loss",
        "Each part alone is off by the number of samples. Beside a loss or a layer of another file, which averages where "
        "its function does, it is wrong; dividing the loss's gradient by the number of samples makes every part right.",
    ),
)
