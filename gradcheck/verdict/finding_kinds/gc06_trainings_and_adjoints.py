"""Kinds of findings: trainings and costs (GC06x), revealed adjoints (GC07x)."""

from __future__ import annotations

from gradcheck.verdict.finding_kind import error, fatal, note, undecided, warning

ROWS = (
    error(
        "GC060",
        "wrong step",
        "after step {step} (batch {batch}, schedule {schedule}) {block}{entry} is {subject}, but from the parameters "
        "before that step it must be {truth} (distance {distance:.3g}, allowed {allowed:.3g})",
        "Each step is judged from the subject's own parameters before it, so that this is the first step that is "
        "wrong and none before it is to blame. The truth is the schedule's update in 30-digit arithmetic with exact "
        "gradients. A cause is named where the whole step agrees with that mistake within rounding.",
    ),
    error(
        "GC061",
        "batches are no partition",
        "the batches of epoch {epoch} are no partition of the {samples} samples: {what}",
        "An epoch cuts the training set into batches: every sample is in exactly one, all batches have the batch size "
        "except the last, which has what is left. Drawing with replacement, dropping the last batch and repeating the "
        "same batch all break this.",
    ),
    error(
        "GC062",
        "wrong number of steps",
        "the training took {came} steps, but {why}",
        "A training ends after its number of steps, or before that when a stopping condition holds, whichever "
        "comes first.",
    ),
    warning(
        "GC063",
        "never shuffled",
        "the samples came in the order {order} in every epoch, with each of the seeds {seeds}",
        "Stochastic gradient descent cuts the training set at random: another seed gives other batches. Data that are "
        "sorted by class make batches of one class each if they are taken as they come.",
    ),
    undecided(
        "GC064",
        "operations cannot be counted",
        "the operations cannot be counted: {why}",
        "Costs are counted by arrays of a subclass of numpy.ndarray that is handed in. Code that refuses subclasses, or "
        "leaves NumPy for Python's floats, hides its operations, so that nothing can be said of its cost.",
    ),
    error(
        "GC065",
        "costs too much",
        "{what}",
        "Backprop visits each node once: a gradient costs a few forward passes, and grows as they do. Counted element "
        "operations show otherwise here. A node visited once per path or per successor, a forward pass repeated for "
        "every layer, and one pass per parameter are the usual reasons.",
    ),
    undecided(
        "GC066",
        "step cannot be judged",
        "step {step} cannot be judged: {why}",
        "The truth about a step needs the exact gradient at the parameters before it. Parameters that have grown beyond "
        "what the network's functions can take, or a kink, leave none.",
    ),
    error(
        "GC070",
        "wrong adjoint",
        "the adjoint of node {node}{entry} is {subject}, but the truth is {truth} (distance {distance:.3g}, allowed "
        "{allowed:.3g}), although every parameter's gradient is right",
        "The subject returned adjoints, dl/dv by node name, as the third part of its answer. This one is wrong, or not "
        "complete: some of the node's users may not have sent their message, or sent it twice. Leave a node out of the "
        "adjoints rather than giving a number that is not its adjoint.",
    ),
    note(
        "GC071",
        "adjoints not judged",
        "adjoints that were not judged: {why}",
        "Adjoints are judged under the names that the graph gives its nodes; the parameters' gradients are judged in "
        "any case.",
    ),
    fatal(
        "GC072",
        "adjoint of the wrong form",
        "the adjoint of node {node} must be an array of numbers of shape {wanted}, got {came}",
        "An adjoint has the shape of its node's value.",
    ),
)
