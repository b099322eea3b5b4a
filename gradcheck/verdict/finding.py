"""Findings: one fact with its evidence each, and the table of their kinds.

A kind's code is stable: reports, baselines and `gradcheck explain GC012` rest on it. Codes are grouped:
GC00x-GC01x protocol and numbers, GC02x contracts, GC03x undecided, GC04x notes, GC05x causes,
GC06x trainings and costs, GC07x revealed adjoints, GC08x what a subject offers,
GC09x answers about functions, GC10x and GC11x Jacobians, Hessians, operators and layers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from gradcheck.errors import printable


class Severity(StrEnum):
    """What a finding does to the verdict."""

    FATAL = "fatal"  # no answer that can be judged: ERROR
    ERROR = "error"  # the answer is wrong: FAIL
    OPEN = "open"  # nothing can tell here: UNDECIDED
    WARNING = "warning"  # worth knowing; the verdict stands
    NOTE = "note"  # how the verdict came about


@dataclass(frozen=True)
class FindingKind:
    """One row of the table.

    Attributes
    ----------
    code: stable code, "GC012".
    severity: what it does to the verdict.
    title: a few words.
    sentence: template, filled from a finding's facts.
    help: what it means, why it happens and what to do about it.
    """

    code: str
    severity: Severity
    title: str
    sentence: str
    help: str


@dataclass(frozen=True)
class Finding:
    """One fact about one case.

    Attributes
    ----------
    kind: its row in the table.
    facts: what fills the sentence, and what else a machine may want: block, entry, node, subject, truth, bound, ...
    """

    kind: FindingKind
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def code(self) -> str:
        """The stable code of the finding's kind."""
        return self.kind.code

    @property
    def severity(self) -> Severity:
        """The severity of the finding's kind."""
        return self.kind.severity

    @property
    def sentence(self) -> str:
        """The fact in one sentence, its numbers with as many digits as it takes to tell them apart."""
        return self._filled(DIGITS)

    @property
    def brief(self) -> str:
        """The sentence with few digits, as many as tell numbers apart, and without distance and allowance."""
        return _DISTANCE.sub("", self._filled(FEW_DIGITS))

    def _filled(self, digits: int) -> str:
        template = self.kind.sentence
        if self.facts.get("tangent"):  # a JVP, whose blocks are outputs
            template = _OF_A_GRADIENT.sub("the tangent of {block}", template)
        return template.format_map(_Facts(self.facts, digits))

    def __str__(self) -> str:
        return self.sentence

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "title": self.kind.title,
            "sentence": self.sentence,
            "facts": plain(self.facts),
        }


_OF_A_GRADIENT = re.compile(r"the gradient( of \{loss\})? with respect to \{block\}")

_DISTANCE = re.compile(r" \(distance [^()]*\)")
"""How far off an answer is, and how far it may be, which matters to those who ask for every number."""

_COMPARED = (("subject", "truth"), ("first", "second"), ("distance", "allowed"), ("bound", "interest"))
"""Facts that a sentence holds against each other."""

DIGITS = 12
"""Significant digits of a number in a sentence, unless it takes more to see a difference."""
FEW_DIGITS = 4
"""The same in a brief sentence."""
ALL_DIGITS = 17
"""Digits that tell any two float64 numbers apart."""


_NUMBER = re.compile(r"-?[0-9.]+(?:e[-+]?[0-9]+)?")

_PARTNER = {a: b for pair in _COMPARED for a, b in (pair, pair[::-1])}


class _Facts(dict[str, Any]):
    """Facts for a sentence, numbers in at least `digits` digits."""

    def __init__(self, facts: Mapping[str, Any], digits: int) -> None:
        super().__init__(facts)
        self._digits = digits

    def __getitem__(self, key: str) -> Any:
        return _Fact(super().__getitem__(key), self.get(_PARTNER.get(key, "")), self._digits)


class _Fact:
    """A fact in a sentence: `{truth}` is shown as people read it, `{distance:.3g}` as the template says.

    A number that is compared with another, `against`, gets as many more digits as it takes to see that they differ.
    """

    def __init__(self, value: Any, against: Any, digits: int) -> None:
        self._value = value
        self._against = against
        self._digits = digits

    def __format__(self, spec: str) -> str:
        value, against = self._value, self._against
        if isinstance(value, float) and isinstance(against, float):
            least = int(spec.strip(".g")) if spec else self._digits
            apart = (n for n in range(least, ALL_DIGITS + 1) if f"{value:.{n}g}" != f"{against:.{n}g}")
            spec = f".{next(apart, least)}g"
        elif isinstance(value, float) and isinstance(against, str) and not spec:  # "between 0 and 1"
            said = set(_NUMBER.findall(against))
            apart = (n for n in range(DIGITS, ALL_DIGITS + 1) if f"{value:.{n}g}" not in said)
            spec = f".{next(apart, DIGITS)}g"
        return format(value, spec) if spec else shown(value)


def shown(value: Any) -> str:
    """A fact as people read it: 12 significant digits, and nothing that a terminal, or a CI's log, would obey."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, list):  # an entry of a block
        return "[" + ", ".join(shown(v) for v in value) + "]"
    if isinstance(value, tuple):  # a shape
        return "(" + ", ".join(shown(v) for v in value) + ("," if len(value) == 1 else "") + ")"
    return _COMMAND.sub(r"\\n", "\n".join(map(printable, str(value).split("\n"))))


_COMMAND = re.compile(r"\n(?=\s*::)")
"""The beginning of a line that GitHub Actions would take for a command."""


def plain(value: Any) -> Any:
    """A value as strict JSON has it: lists, objects, texts, booleans and finite numbers; "inf", "-inf", "nan" as texts."""
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _kinds() -> dict[str, FindingKind]:
    fatal, error, still_open = Severity.FATAL, Severity.ERROR, Severity.OPEN
    warning, note = Severity.WARNING, Severity.NOTE
    rows = (
        # --- protocol: no answer that can be judged -----------------------------------------------------------
        FindingKind(
            "GC001",
            fatal,
            "subject cannot be imported",
            "importing the subject raised {type}: {message}{place}",
            "The file under test was loaded like any module and its top level raised. Run it alone with Python; "
            "imports of packages that are not installed here are the usual reason.",
        ),
        FindingKind(
            "GC002",
            fatal,
            "syntax error",
            "{place}: {message}{quoted}",
            "Python cannot parse the file under test, so that nothing in it ran.",
        ),
        FindingKind(
            "GC003",
            fatal,
            "no entry point",
            "{file} has no function {looked_for}; it has {found}{hint}",
            "The harness calls `gradients(graph, point) -> (value, grads)` or `(value, grads, adjoints)`: `point` maps "
            "input and parameter names to arrays, `grads` maps each parameter name to an array of its shape and dtype. "
            "Name another function of that signature with `--subject FILE:NAME`.",
        ),
        FindingKind(
            "GC004",
            fatal,
            "subject raised",
            "the subject raised {type}: {message}{place}",
            "The implementation under test raised on this case. The case's graph and point are valid: the harness "
            "evaluated it before asking.",
        ),
        FindingKind(
            "GC005",
            fatal,
            "subject timed out",
            "the subject gave no answer within {seconds} s and was stopped",
            "An endless loop, or an engine that visits every path: on a graph with shared nodes the number of paths "
            "doubles at every diamond. Visit each node once, in reverse topological order. `--timeout` changes the limit. "
            "A program in another language (`cmd:`) must flush its output after every line.",
        ),
        FindingKind(
            "GC006",
            fatal,
            "subject died",
            "the subject's process ended without an answer ({how})",
            "The process of the subject exited, was killed or ran into a limit (memory, CPU time, recursion in C). "
            "`sys.exit` in a subject ends here too.",
        ),
        FindingKind(
            "GC007",
            fatal,
            "answer of the wrong form",
            "{place}expected {expected}, got {came}",
            "`value` is the loss, a number; `grads` maps each parameter name to an array of numbers. Lists of objects, "
            "None and symbolic values cannot be judged.",
        ),
        FindingKind(
            "GC008",
            fatal,
            "gradients missing",
            "{mapping} has no entry for {missing}; it has {keys}",
            "Every parameter of the graph needs a gradient, zero where the loss does not depend on it.",
        ),
        FindingKind(
            "GC009",
            fatal,
            "unknown gradients",
            "{mapping} has entries for {extra}, which are no parameters; the parameters are {keys}",
            "Gradients are asked for with respect to parameters only, under the names that the graph gives them.",
        ),
        FindingKind(
            "GC010",
            fatal,
            "wrong shape",
            "{what} must have shape {wanted}, got {came}",
            "A gradient has the shape of its parameter. A larger shape usually means that broadcasting was not undone: "
            "sum the cotangent over the axes along which the parameter was repeated.",
        ),
        FindingKind(
            "GC011",
            fatal,
            "wrong dtype",
            "{what} must have dtype {wanted}, got {came}{hint}",
            "Gradients have the dtype of the parameters. float32 inside float64 code costs nine digits; whole numbers "
            "and booleans cannot hold a gradient.",
        ),
        FindingKind(
            "GC017",
            fatal,
            "not asked",
            "not asked: the subject had given no answer {times} times",
            "A subject that hangs, or dies, on every case would keep the run waiting each time. Run one case alone, by "
            "its replay line, to see it; `--give-up-after N` changes after how many cases without an answer the asking ends.",
        ),
        FindingKind(
            "GC018",
            fatal,
            "the function gives nothing to differentiate",
            "{who} {what}",
            "The function itself (or the one given as meant), not its derivative, fails at this point: it raises, returns no array of real numbers, is "
            "not finite, or changes its shape from call to call.",
        ),
        FindingKind(
            "GC019",
            fatal,
            "wrong number of gradients",
            "expected {wanted}, got {came}",
            "One gradient per input, in order (bare for a single input); None for an input without one.",
        ),
        # --- numbers -----------------------------------------------------------------------------------------
        FindingKind(
            "GC012",
            error,
            "wrong gradient",
            "the gradient of {loss} with respect to {block}{entry} is {subject}, but the truth is {truth} "
            "(distance {distance:.3g}, allowed {allowed:.3g})",
            "The distance between the subject's value and the intersection of all oracles' intervals exceeds what "
            "honest rounding in the subject's dtype can explain. The numbers of every oracle stand below, each with its "
            "error bound.",
        ),
        FindingKind(
            "GC013",
            error,
            "gradient not finite",
            "the gradient of {loss} with respect to {block}{entry} is {subject}, but the truth is finite: {truth}",
            "NaN or infinity where the true gradient is a finite number that the dtype can hold: an overflow (exp of a "
            "large number), 0 * inf or 0 / 0 on the way. NaN never agrees with anything.",
        ),
        FindingKind(
            "GC014",
            error,
            "wrong forward value",
            "the value of {loss} is {subject}, but the truth is {truth} (distance {distance:.3g}, allowed {allowed:.3g})",
            "The forward pass is wrong, so that even a gradient that matches it is a gradient of something else. "
            "Forward values are compared before gradients.",
        ),
        FindingKind(
            "GC015",
            error,
            "first wrong node",
            "node {node} ({op}) is the first whose forward value is wrong: {subject}, but the truth is {truth}",
            "Each inner node was made the loss of a smaller graph and put to the subject; all nodes that this one uses "
            "have the right value.",
        ),
        FindingKind(
            "GC016",
            warning,
            "loses accuracy",
            "the gradient of {loss} with respect to {block}{entry} is {subject}, the truth {truth}: right in wider "
            "arithmetic, but {digits} digits are lost here",
            "The formula is right, but rounding costs more than the problem itself demands (catastrophic cancellation, "
            "usually). The discrepancy vanishes when the subject's own code runs in wider numbers.",
        ),
        # --- contracts ----------------------------------------------------------------------------------------
        FindingKind(
            "GC020",
            error,
            "mutates its problem",
            "the subject changed {what}, which it was only lent",
            "A gradient is asked for at a point; code that changes inputs, parameters or the graph in place gives its "
            "caller a different point afterwards. Copy before you write.",
        ),
        FindingKind(
            "GC021",
            error,
            "not repeatable",
            "asked twice the same question, the answer was {first} and then {second} for {block}{entry}",
            "State that survives between calls (adjoints not reset, a cache that is stale), uninitialised memory or "
            "random numbers. The two calls stand in the evidence.",
        ),
        FindingKind(
            "GC022",
            error,
            "a result changes later",
            "what one call returned for {block} was changed by the next call: {first} became {second}",
            "The derivative (or f) hands out a buffer that it uses again, so that an earlier result is overwritten. "
            "Return a copy, or a fresh array.",
        ),
        FindingKind(
            "GC023",
            error,
            "depends on earlier calls",
            "{what}: {block}{entry} is {first} at first and {second} afterwards",
            "The derivative rests on what some earlier call left behind (a cache of the forward pass, adjoints that "
            "were not reset). It has to compute what it needs from its own arguments.",
        ),
        FindingKind(
            "GC024",
            error,
            "global random state",
            "{who} gives another answer in another state of NumPy's global generator",
            "Code that draws from the global generator answers the same question in two ways. Use a generator of your own: "
            "numpy.random.default_rng(seed).",
        ),
        FindingKind(
            "GC025",
            error,
            "not linear in the cotangent",
            "{what}: {block}{entry} is {second}, expected {first}",
            "A VJP is J^T c, linear in the cotangent c (a JVP in the tangent): no cotangent, no gradient; twice the "
            "cotangent, twice the gradient. An upstream gradient that is ignored, added, clipped or normalised breaks this.",
        ),
        FindingKind(
            "GC026",
            error,
            "depends on memory layout",
            "{block}{entry} is {first} for a contiguous input and {second} for the same numbers {layout}",
            "The same numbers in another memory order (Fortran order, every second element of a larger array, read-only) "
            "are the same point. ravel() and reshape() may copy, order='K' and tobytes() follow memory.",
        ),
        FindingKind(
            "GC027",
            error,
            "the same array twice",
            "given one array for {names}, {block}{entry} is {second} instead of {first}",
            "Gradients are per argument slot. Filing them under id() or a name merges the slots when one array is passed "
            "twice.",
        ),
        FindingKind(
            "GC028",
            error,
            "wrong at another point",
            "at {where}{values}: {sentence}; if f is not meant there, say domain= or elsewhere=False",
            "The point given does not show the mistake; a neighbour that the function's own branches suggest does "
            "(another sign, a zero, another magnitude, a batch of one or two).",
        ),
        # --- undecided ----------------------------------------------------------------------------------------
        FindingKind(
            "GC030",
            still_open,
            "at a kink",
            "{what}",
            "The function has no derivative at this point: one-sided derivatives differ (relu at 0, a tie of max). Move "
            "the point, or name the answer you expect.",
        ),
        FindingKind(
            "GC031",
            still_open,
            "no oracle reaches far enough",
            "no oracle bounds the gradient with respect to {block}{entry} closely enough: {bound:.3g}, "
            "wanted at most {interest:.3g}",
            "The verdict would rest on a bound wider than the error of interest, so that a wrong gradient could hide in "
            "it. The reasons of the oracles that stepped aside stand below.",
        ),
        FindingKind(
            "GC032",
            still_open,
            "estimates disagree",
            "{oracles} disagree about {block}{entry} beyond their bounds, and none is proven",
            "Two estimated oracles do not meet. One of them is misled, and nothing here can tell which.",
        ),
        FindingKind(
            "GC033",
            still_open,
            "nothing compared",
            "nothing was compared: {why}",
            "A check that compared nothing is no success. A graph without parameters, or parameters without entries, is "
            "the usual reason.",
        ),
        FindingKind(
            "GC034",
            still_open,
            "truncated iteration",
            "{block}{entry} is {subject}, the derivative of f as written {truth}; f ends a loop on a comparison, and "
            "they come closer when it runs on",
            "f approximates something by iterating until it is close enough, and the derivative looks like that of the "
            "limit. Say what was meant with meant=g, or how accurate f is with accuracy=r; without either, nothing can tell "
            "which derivative is the right one.",
        ),
        FindingKind(
            "GC035",
            still_open,
            "no valid point",
            "{tried} points were drawn, and f was defined at none of them: {why}",
            "The strategies never gave a point at which f has a finite value. Narrow them to f's domain.",
        ),
        FindingKind(
            "GC037",
            still_open,
            "beyond the dtype's range",
            "node {node} is too large or too small for {dtype} at this point, and what an engine loses by that is no "
            "mistake",
            "A value on the way overflows to infinity, or vanishes, in the dtype that the subject computes in, whoever "
            "computes it. Move the point, or ask in a wider dtype.",
        ),
        FindingKind(
            "GC038",
            still_open,
            "within an approximation",
            "the gradient of {loss} with respect to {block}{entry} is {subject}, the truth {truth}: it agrees to {digits} "
            "digits, and {why}; say accuracy={accuracy} if that is how exact it is, or meant= for what it approximates",
            "A solver stops at its tolerance, and a loop when its step is small. The derivative of what was meant differs "
            "from that of what is computed by as much, so that a small error cannot be told from a right derivative.",
        ),
        FindingKind(
            "GC039",
            still_open,
            "out of time",
            "the budget of {seconds} s ended before the derivative could be judged at the point given; say budget= for more",
            "Each call of f or the derivative takes long, and several are needed: at least five of f, and some thirty per "
            "entry where f cannot be traced.",
        ),
        FindingKind(
            "GC036",
            still_open,
            "wrong where an index repeats",
            "with an index of {name} taken twice: {sentence}",
            "The indices given are all different, and the derivative is right for such; where one repeats it is wrong, as "
            "assigning (g[i] = c, g[i] += c) instead of adding (np.add.at) is. Nothing says whether they may repeat: give "
            "some that do, or close over them (f = lambda x: ...) if they never will.",
        ),
        FindingKind(
            "GC040",
            note,
            "oracle stepped aside",
            "{oracle} stepped aside: {why}",
            "An oracle answers only where its method is sound and affordable. The verdict rests on the others.",
        ),
        FindingKind(
            "GC041",
            warning,
            "oracle discarded",
            "{oracle} (estimated) misses {proven} (proven) at {block}{entry} and was discarded",
            "An estimated bound was too small. Proven bounds win; the estimate takes no part in the verdict.",
        ),
        FindingKind(
            "GC042",
            error,
            "case passes unexpectedly",
            "the case was expected to be {expected} ({reason}), but is {verdict}",
            "An expectation is strict: when a known shortcoming is gone, the line that excuses it must go too.",
        ),
        FindingKind(
            "GC043",
            note,
            "known shortcoming",
            "as expected: {verdict} ({reason})",
            "The case states that it is known not to pass, and why.",
        ),
        FindingKind(
            "GC044",
            note,
            "subject's own output",
            "the subject printed: {text}",
            "What the subject writes to its standard output is captured and shown; it is never read as an answer.",
        ),
        FindingKind(
            "GC045",
            note,
            "kink, answer legal",
            "{where}: the answer lies in the hull of the one-sided derivatives {which}",
            "The function has no derivative here, but the answer is a mixture of derivatives that hold nearby (or that each "
            "choice at the kink allows). That is what automatic differentiation returns, and it counts as right.",
        ),
        FindingKind(
            "GC046",
            note,
            "directions only",
            "{entries} entries were tried along {directions} random directions: an error as large as {size:.3g} of its "
            "block is missed with probability at most {miss:.1g}",
            "Too many entries to compare one by one. Directions are weighted so that every block has a like share.",
        ),
        FindingKind(
            "GC047",
            note,
            "rests on estimates",
            "no proof was to be had; the finding rests on {what}",
            "Every oracle that proves stepped aside, so that two independent estimates had to agree.",
        ),
        FindingKind(
            "GC048",
            note,
            "points drawn",
            "{points}",
            "Inputs came from strategies: so many points were drawn and compared, or this is the simplest one that fails.",
        ),
        FindingKind(
            "GC049",
            note,
            "not counted elsewhere",
            "at {where}{values} the derivative is wrong, which does not count: {why}",
            "f may not be meant for such a point. An error elsewhere counts if f can be followed there from the point given "
            "without a singularity, without a guard (a clip that keeps a logarithm's argument off 0) and without a loop "
            "that runs more or less often. If f is meant there, check the derivative at that point itself.",
        ),
        # --- causes -----------------------------------------------------------------------------------------
        FindingKind(
            "GC050",
            note,
            "where it goes wrong",
            "node {node} ({op}) {what}",
            "The node whose local rule is wrong while every node after it is right.",
        ),
        FindingKind(
            "GC051",
            note,
            "cause",
            "{cause}",
            "The mistake that explains the numbers, and how sure that is: 'proved by' when a smaller case shows it; "
            "otherwise the numbers fit it.",
        ),
        # --- trainings and costs ----------------------------------------------------------------------------
        FindingKind(
            "GC060",
            error,
            "wrong step",
            "after step {step} (batch {batch}, schedule {schedule}) {block}{entry} is {subject}, but from the parameters "
            "before that step it must be {truth} (distance {distance:.3g}, allowed {allowed:.3g})",
            "Each step is judged from the subject's own parameters before it, so that this is the first step that is "
            "wrong and none before it is to blame. The truth is the schedule's update in 30-digit arithmetic with exact "
            "gradients. A cause is named where the whole step agrees with that mistake within rounding.",
        ),
        FindingKind(
            "GC061",
            error,
            "batches are no partition",
            "the batches of epoch {epoch} are no partition of the {samples} samples: {what}",
            "An epoch cuts the training set into batches: every sample is in exactly one, all batches have the batch size "
            "except the last, which has what is left. Drawing with replacement, dropping the last batch and repeating the "
            "same batch all break this.",
        ),
        FindingKind(
            "GC062",
            error,
            "wrong number of steps",
            "the training took {came} steps, but {why}",
            "A training ends after its number of steps, or before that when a stopping condition holds, whichever "
            "comes first.",
        ),
        FindingKind(
            "GC063",
            warning,
            "never shuffled",
            "the samples came in the order {order} in every epoch, with each of the seeds {seeds}",
            "Stochastic gradient descent cuts the training set at random: another seed gives other batches. Data that are "
            "sorted by class make batches of one class each if they are taken as they come.",
        ),
        FindingKind(
            "GC064",
            still_open,
            "operations cannot be counted",
            "the operations cannot be counted: {why}",
            "Costs are counted by arrays of a subclass of numpy.ndarray that is handed in. Code that refuses subclasses, or "
            "leaves NumPy for Python's floats, hides its operations, so that nothing can be said of its cost.",
        ),
        FindingKind(
            "GC065",
            error,
            "costs too much",
            "{what}",
            "Backprop visits each node once: a gradient costs a few forward passes, and grows as they do. Counted element "
            "operations show otherwise here. A node visited once per path or per successor, a forward pass repeated for "
            "every layer, and one pass per parameter are the usual reasons.",
        ),
        FindingKind(
            "GC066",
            still_open,
            "step cannot be judged",
            "step {step} cannot be judged: {why}",
            "The truth about a step needs the exact gradient at the parameters before it. Parameters that have grown beyond "
            "what the network's functions can take, or a kink, leave none.",
        ),
        # --- revealed adjoints -----------------------------------------------------------------------------------
        FindingKind(
            "GC070",
            error,
            "wrong adjoint",
            "the adjoint of node {node}{entry} is {subject}, but the truth is {truth} (distance {distance:.3g}, allowed "
            "{allowed:.3g}), although every parameter's gradient is right",
            "The subject returned adjoints, dl/dv by node name, as the third part of its answer. This one is wrong, or not "
            "complete: some of the node's users may not have sent their message, or sent it twice. Leave a node out of the "
            "adjoints rather than giving a number that is not its adjoint.",
        ),
        FindingKind(
            "GC071",
            note,
            "adjoints not judged",
            "adjoints that were not judged: {why}",
            "Adjoints are judged under the names that the graph gives its nodes; the parameters' gradients are judged in "
            "any case.",
        ),
        FindingKind(
            "GC072",
            fatal,
            "adjoint of the wrong form",
            "the adjoint of node {node} must be an array of numbers of shape {wanted}, got {came}",
            "An adjoint has the shape of its node's value.",
        ),
        # --- what a subject offers ----------------------------------------------------------------------------
        FindingKind(
            "GC080",
            fatal,
            "not offered",
            "the subject does not offer {ops}: OPS in its file does not name it, and this case has to be answered",
            "A file that says OPS = {...} is asked for these ops alone; cases with others are listed and not counted. Here "
            "the case has to be answered all the same: because of --require-ops, or because it has an `expect`. Add the op "
            "to the engine and to its OPS, or ask for less.",
        ),
        FindingKind(
            "GC081",
            note,
            "single precision",
            "the answer is right to what float32 arithmetic gives (about 7 digits), and its wrong numbers are float32 "
            'numbers: if float32 is meant, say DTYPE = "float32" in the subject\'s file, or --dtype float32',
            "The case is posed in float64, where about 16 digits are expected. An engine that computes in float32 somewhere, "
            "perhaps in one buffer alone, keeps 7. With DTYPE or --dtype the same cases are posed in float32, and judged by "
            "what rounding costs there.",
        ),
        # --- functions --------------------------------------------------------------------------------------
        FindingKind(
            "GC095",
            note,
            "left out for want of time",
            "the budget of {seconds} s was not enough for {what}",
            "The point given comes first, then whatever time is left for. What was left out was not looked at and counts "
            "neither way: budget= (in seconds) gives more.",
        ),
        FindingKind(
            "GC090",
            warning,
            "another form",
            "the gradient of {block} should be {wanted}, got {came}; its numbers were compared all the same",
            "A float32 function that divides by np.sqrt(4) answers in float64 under NumPy 2, and a sum with keepdims has an "
            "axis more. The numbers may be right, but code that uses them may broadcast or run slower.",
        ),
        FindingKind(
            "GC092",
            warning,
            "agrees to many digits",
            "the gradient of {loss} with respect to {block}{entry} is {subject}, the truth {truth}: it agrees to {digits} "
            "digits, and {why}",
            "Exact arithmetic would give more digits. What f approximates, and what it computes, differ by as much.",
        ),
        FindingKind(
            "GC093",
            still_open,
            "agrees to some digits only",
            "the gradient of {loss} with respect to {block}{entry} is {subject}, the truth {truth}: it agrees to {digits} "
            "digits only{also}; say accuracy={accuracy} if f or its gradient is approximate on purpose, "
            "interest={interest} if an error as small as this matters",
            "The error is beyond rounding and below what matters, and no mistake that is known reproduces it: a solver's "
            "tolerance, a series cut short or differences leave such errors, and so may a mistake.",
        ),
        # --- notes ------------------------------------------------------------------------------------------
        FindingKind(
            "GC091",
            note,
            "reseeds the global generator",
            "{who} seeds NumPy's global generator; its state was put back after the check",
            "So dropout gets the same mask forward and backward. It also changes what everybody else draws: a generator of "
            "your own, numpy.random.default_rng(seed), does not.",
        ),
        FindingKind(
            "GC096",
            warning,
            "not finite elsewhere",
            "with {where} the derivative answers {subject} for {block}{entry}, where {truth} is right",
            "f is smooth there, and the derivative's formula is 0/0 or inf/inf: it divides by an input (prod(x) / x), or an "
            "exponential in it overflows. Multiply the other factors, or write it so that nothing overflows. If f is not "
            "meant for such a point, say domain=, or elsewhere=False.",
        ),
        FindingKind(
            "GC111",
            fatal,
            "arrays in place of tuples",
            "the derivative is called as jvp({tuples}), with two tuples, and answers jvp({own}): check "
            "lambda xs, dxs: jvp({given})",
            "The first tuple holds f's arguments, the second a tangent for each of them, as in jax.jvp.",
        ),
        # --- Jacobians, Hessians, operators -----------------------------------------------------------------
        FindingKind(
            "GC100",
            fatal,
            "wrong shape of a Jacobian",
            "the Jacobian must have shape {wanted}: the output's {out}, then the input's {inner} (or flattened, {flat}); "
            "got {came}{hint}",
            "Entry [i, j] of a Jacobian is the derivative of output i by input entry j. Outputs come first.",
        ),
        FindingKind(
            "GC101",
            note,
            "judged by columns",
            "the {what} has {rows} rows of {columns} entries: each column was judged by a random sum of its entries, and "
            "an error that is lost in the rounding of that sum would be missed",
            "Up to 64 outputs and 4,096 entries every entry is decided by itself. Larger matrices can be checked in parts: "
            "give f some of its outputs alone.",
        ),
        FindingKind(
            "GC102",
            error,
            "not symmetric",
            "the Hessian is not symmetric: entry {entry} is {first}, and entry {mirror} is {second}",
            "Second derivatives do not depend on the order of differentiation where they are continuous, so that a Hessian "
            "equals its transpose.",
        ),
        FindingKind(
            "GC107",
            note,
            "the other convention",
            'the gradient is right under convention="{other}" ({formula}); "{declared}" was declared',
            "A complex gradient is dL/da + i dL/db or its conjugate. Both are in use, and code that mixes them goes uphill "
            "along the imaginary axis.",
        ),
        FindingKind(
            "GC108",
            error,
            "right, but not to be differentiated",
            "the VJP is right and its own derivative is not ({how}): the second derivatives of f are others",
            "Second order asks a VJP for its derivative by the cotangent and by the inputs. A value that the VJP computes apart "
            "from its arguments (detached, held, looked up, rounded) has none there, however right it is.",
        ),
        FindingKind(
            "GC109",
            error,
            "judged otherwise elsewhere",
            "the check in the file's own process says PASS, and in a process without the judge {what}: the file changes "
            "what judges it, or answers there in another way",
            "A function is traced in the process of its file, which can change everything there. So the derivative is asked "
            "once more in a process that holds the file alone, and compared with differences of f.",
        ),
        FindingKind(
            "GC110",
            error,
            "gradient of another shape",
            "the gradient of {block} has shape {came}, and {block} has shape {wanted}",
            "A gradient has an entry for each entry of its input. A layer's other gradients are compared all the same.",
        ),
        FindingKind(
            "GC113",
            note,
            "meant in several ways",
            "{derivative} is {here} {reading}, and {there} {other}: {advice}",
            "sigmoid_prime(a) = a (1 - a) is a derivative if a is what the sigmoid returned, and none if it is what the "
            "sigmoid got; a cross-entropy's p - y is the gradient by what the softmax before it got. A derivative that is "
            "right in one such sense is not wrong, but it has to be called so.",
        ),
        FindingKind(
            "GC105",
            note,
            "whole numbers taken as floats",
            "{block} holds whole numbers, and the derivative answers for it: it was judged as an array of floats",
            "Give floats for what is differentiated by, and return None for what is not.",
        ),
        FindingKind(
            "GC106",
            warning,
            "answer for an index",
            "the derivative answers for {block}, which f uses as an index or a count: that answer was not judged",
            "There is no derivative by an index. Return None in its place.",
        ),
        FindingKind(
            "GC104",
            fatal,
            "built otherwise",
            "the gradient must be built as the input is: {path} should be {wanted}, got {came}",
            "The gradient of a dict, a list, a tuple or a dataclass of arrays is one of the same keys or fields, with an array "
            "(or None) for each of its arrays.",
        ),
        FindingKind(
            "GC103",
            error,
            "not linear",
            "{who} is not linear: {what} (distance {distance:.3g}, allowed {allowed:.3g})",
            "An adjoint belongs to a linear operator: A(x + y) is A(x) + A(y), and A(2 x) is 2 A(x). A constant term, or a "
            "nonlinear step, makes an operator affine or nonlinear; check_vjp is for those.",
        ),
    )
    return {row.code: row for row in rows}


KINDS: Mapping[str, FindingKind] = MappingProxyType(_kinds())
"""Every kind of finding, by code."""


def finding(code: str, **facts: Any) -> Finding:
    """A finding of the kind with this code."""
    return Finding(KINDS[code], MappingProxyType(facts))
