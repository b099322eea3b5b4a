"""Kinds of findings: no answer that can be judged, and numbers that are wrong (GC00x, GC01x)."""

from __future__ import annotations

from gradcheck.verdict.finding_kind import error, fatal, warning

ROWS = (
    fatal(
        "GC001",
        "subject cannot be imported",
        "importing the subject raised {type}: {message}{place}",
        "The file under test was loaded like any module and its top level raised. Run it alone with Python; "
        "imports of packages that are not installed here are the usual reason.",
    ),
    fatal(
        "GC002",
        "syntax error",
        "{place}: {message}{quoted}",
        "Python cannot parse the file under test, so that nothing in it ran.",
    ),
    fatal(
        "GC003",
        "no entry point",
        "{file} has no function {looked_for}; it has {found}{hint}",
        "The harness calls `gradients(graph, point) -> (value, grads)` or `(value, grads, adjoints)`: `point` maps "
        "input and parameter names to arrays, `grads` maps each parameter name to an array of its shape and dtype. "
        "Name another function of that signature with `--subject FILE:NAME`.",
    ),
    fatal(
        "GC004",
        "subject raised",
        "the subject raised {type}: {message}{place}",
        "The implementation under test raised on this case. The case's graph and point are valid: the harness "
        "evaluated it before asking.",
    ),
    fatal(
        "GC005",
        "subject timed out",
        "the subject gave no answer within {seconds} s and was stopped",
        "An endless loop, or an engine that visits every path: on a graph with shared nodes the number of paths "
        "doubles at every diamond. Visit each node once, in reverse topological order. `--timeout` changes the limit. "
        "A program in another language (`cmd:`) must flush its output after every line.",
    ),
    fatal(
        "GC006",
        "subject died",
        "the subject's process ended without an answer ({how})",
        "The process of the subject exited, was killed or ran into a limit (memory, CPU time, recursion in C). "
        "`sys.exit` in a subject ends here too.",
    ),
    fatal(
        "GC007",
        "answer of the wrong form",
        "{place}expected {expected}, got {came}",
        "`value` is the loss, a number; `grads` maps each parameter name to an array of numbers. Lists of objects, "
        "None and symbolic values cannot be judged.",
    ),
    fatal(
        "GC008",
        "gradients missing",
        "{mapping} has no entry for {missing}; it has {keys}",
        "Every parameter of the graph needs a gradient, zero where the loss does not depend on it.",
    ),
    fatal(
        "GC009",
        "unknown gradients",
        "{mapping} has entries for {extra}, which are no parameters; the parameters are {keys}",
        "Gradients are asked for with respect to parameters only, under the names that the graph gives them.",
    ),
    fatal(
        "GC010",
        "wrong shape",
        "{what} must have shape {wanted}, got {came}",
        "A gradient has the shape of its parameter. A larger shape usually means that broadcasting was not undone: "
        "sum the cotangent over the axes along which the parameter was repeated.",
    ),
    fatal(
        "GC011",
        "wrong dtype",
        "{what} must have dtype {wanted}, got {came}{hint}",
        "Gradients have the dtype of the parameters. float32 inside float64 code costs nine digits; whole numbers "
        "and booleans cannot hold a gradient.",
    ),
    error(
        "GC012",
        "wrong gradient",
        "the gradient of {loss} with respect to {block}{entry} is {subject}, but the truth is {truth} "
        "(distance {distance:.3g}, allowed {allowed:.3g})",
        "The distance between the subject's value and the intersection of all oracles' intervals exceeds what "
        "honest rounding in the subject's dtype can explain. The numbers of every oracle stand below, each with its "
        "error bound.",
    ),
    error(
        "GC013",
        "gradient not finite",
        "the gradient of {loss} with respect to {block}{entry} is {subject}, but the truth is finite: {truth}",
        "NaN or infinity where the true gradient is a finite number that the dtype can hold: an overflow (exp of a "
        "large number), 0 * inf or 0 / 0 on the way. NaN never agrees with anything.",
    ),
    error(
        "GC014",
        "wrong forward value",
        "the value of {loss} is {subject}, but the truth is {truth} (distance {distance:.3g}, allowed {allowed:.3g})",
        "The forward pass is wrong, so that even a gradient that matches it is a gradient of something else. "
        "Forward values are compared before gradients.",
    ),
    error(
        "GC015",
        "first wrong node",
        "node {node} ({op}) is the first whose forward value is wrong: {subject}, but the truth is {truth}",
        "Each inner node was made the loss of a smaller graph and put to the subject; all nodes that this one uses "
        "have the right value.",
    ),
    warning(
        "GC016",
        "loses accuracy",
        "the gradient of {loss} with respect to {block}{entry} is {subject}, the truth {truth}: right in wider "
        "arithmetic, but {digits} digits are lost here",
        "The formula is right, but rounding costs more than the problem itself demands (catastrophic cancellation, "
        "usually). The discrepancy vanishes when the subject's own code runs in wider numbers.",
    ),
    fatal(
        "GC017",
        "not asked",
        "not asked: the subject had given no answer {times} times",
        "A subject that hangs, or dies, on every case would keep the run waiting each time. Run one case alone, by "
        "its replay line, to see it; `--give-up-after N` changes after how many cases without an answer the asking ends.",
    ),
    fatal(
        "GC018",
        "the function gives nothing to differentiate",
        "{who} {what}",
        "The function itself (or the one given as meant), not its derivative, fails at this point: it raises, returns "
        "no array of real numbers, is not finite, or changes its shape from call to call.",
    ),
    fatal(
        "GC019",
        "wrong number of gradients",
        "expected {wanted}, got {came}",
        "One gradient per input, in order (bare for a single input); None for an input without one.",
    ),
)
