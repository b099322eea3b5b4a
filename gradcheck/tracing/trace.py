"""One run of a function on traced arrays: the record being written, its values in balls, and its decisions.

A comparison is *decided* when the two balls are further apart than `MARGIN` times the largest distance by which
stochastic arithmetic (8 runs in the subject's dtype, replayed over the record so far) moved their difference, or when
both sides are structurally constant, or are one and the same entry. Every other comparison *forks*: the run takes the
choice it is told to take, or the first, and notes that there were others.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array, Shape
from gradcheck.numbers.ball import Balls
from gradcheck.numbers.stochastic import Floats
from gradcheck.tracing import primitives
from gradcheck.tracing.location import Site, user_line, user_site
from gradcheck.tracing.put_offs import PutOffs
from gradcheck.tracing.record import Node, Record
from gradcheck.tracing.replay import Replay

MARGIN = 16.0
"""Minimum distance of two values, in multiples of the observed effect of rounding, before their order is decided.

The largest of 8 normal deviations is 1.8 standard deviations on average, and below half of one in fewer than 1 of 1,000
cases. So a distance of 16 of them is far out in the tail.
"""
MOST_UNDECIDED = 20_000
"""Maximum number of undecided comparisons before a run raises Unsupported."""
MOST_COMPARED = 200
"""Maximum number of comparisons kept in `Trace.compared`."""
MOST_COMPARED_ENTRIES = 2_000
"""Maximum number of entries of a comparison that is kept there."""
SMALL = 1e-3
"""Maximum constant that may guard the edge of a domain when it is added, as in log(p + 1e-8)."""
_MOST_BYTES_TO_COMPARE = 1 << 16

NAN = 2
"""Sign if a side is NaN: every comparison but != is False."""
UNEQUAL = 3
"""Sign of two numbers that differ in an unknown order."""

Entry = tuple[int, int]
"""A slot and a flat position in it."""


class BecameFloat(Unsupported):
    """A traced number was asked to become a plain float, which would drop its derivative."""


class NeedsPrecision(Exception):
    """The balls are too wide to decide a comparison that more bits would decide."""


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison that must hold for a choice to be right: sign of (left - right)."""

    left: Entry
    right: Entry
    sign: int


@dataclass(slots=True)
class Decision:
    """A comparison that rounding could turn.

    Attributes
    ----------
    choice, options: the outcome taken, and how many there are.
    tests: what must hold at a nearby point for this outcome to occur there.
    what: sentence fragment for messages, with the line of the user's code.
    contested: entries whose value is the same under every outcome (the larger of two equal numbers); without effect on
        a derivative if their adjoint is 0.
    escaped: the outcome was also given to the user's code as a truth value, and may reach anything.
    """

    choice: int
    options: int
    tests: tuple[Test, ...]
    what: str
    contested: list[Entry] = field(default_factory=list)
    escaped: bool = False


@dataclass
class Trace:
    """State of one run.

    Attributes
    ----------
    record, values: what was computed, and per slot its balls.
    decisions: the undecided comparisons, in the order in which the code met them.
    script: the choices to take at the first of them.
    seed: for the directions in which inputs move.
    last: this is the highest precision; decide as well as it allows.
    buffers: `np.asarray(x)` may make an object array of traced numbers.
    refusal: the first attempt to drop a derivative.
    sites: the answers of scalar comparisons, by place in the user's code.
    array_sites: those of comparisons of arrays: 1 where all entries are true, -1 where all are false, else 0.
    put_offs: answers of these that are put off, so that a loop runs on.
    moot: numbers of decisions without effect, because the loop that they would end has to run on.
    local: selections share no choice with other comparisons: each operation has a rule of its own for ties.
    contested: entries of selections that another outcome would have chosen differently.
    sources: for a contested entry of a gather, what each outcome in turn takes it from: flat positions in the gather's
        arguments, one after the other; absent where that is not known.
    compared: the pairs compared, entries of one slot and entries of another; the first `MOST_COMPARED`, of at most
        `MOST_COMPARED_ENTRIES` entries each.
    compared_at: where in the user's code, one by one.
    beyond: further pairs compared, which `compared` has no room for.
    near_only: the record is that of an iteration which converges near this point alone.
    hidden: what the function does hangs on more than the signs of their differences.
    truths: the arrays of truth values that comparisons gave the user's code, and the slots compared.
    added_at: where in the user's code small constants were added, by the sum's slot.
    used: the number of the decision that gave the last answer.
    casts: dtypes into which arrays were cast; a cast computes nothing, and so has no node.
    held: per call of `gradcheck.held`, the slots of what it held; none where that was no traced array.
    steps: the slot of each step's result, where the function says which step it takes (see `step`).
    retaken: slots that a step took up from an earlier one that made the same: their adjoints belong to both.
    """

    balls: Balls
    floats: Floats
    script: Sequence[int] = ()
    seed: int = 0
    last: bool = False
    record: Record = field(default_factory=Record)
    values: list[Array] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    buffers: bool = False
    refusal: BecameFloat | None = None
    sites: dict[Site, list[bool]] = field(default_factory=dict)
    array_sites: dict[Site, list[int]] = field(default_factory=dict)
    put_offs: PutOffs = field(default_factory=PutOffs)
    moot: set[int] = field(default_factory=set)
    local: bool = False
    contested: set[Entry] = field(default_factory=set)
    sources: dict[Entry, tuple[int, ...]] = field(default_factory=dict)
    compared: list[tuple[tuple[int, Array], tuple[int, Array]]] = field(default_factory=list)
    compared_at: list[Site] = field(default_factory=list)
    beyond: list[tuple[tuple[int, Array], tuple[int, Array]]] = field(default_factory=list)
    near_only: bool = False
    hidden: bool = False
    truths: list[tuple[Array, tuple[int, int]]] = field(default_factory=list)
    added_at: dict[int, Site] = field(default_factory=dict)
    _replay: Replay | None = None
    _points: list[Array] = field(default_factory=list)
    _seen: dict[Any, int] = field(default_factory=dict)
    _known: dict[Any, tuple[int, int]] = field(default_factory=dict)
    _rules: int = 0
    used: int = 0
    casts: set[np.dtype[Any]] = field(default_factory=set)
    held: list[list[int]] = field(default_factory=list)
    steps: dict[int, int] = field(default_factory=dict)
    retaken: set[int] = field(default_factory=set)
    _step_from: int = 0

    # -- recording -------------------------------------------------------------------------------------------------

    def input(self, value: Array) -> int:
        """Record an input, a float array, and return its slot. Inputs must come before all other nodes."""
        slot = self._append(Node("input", (), {}, value.shape, value.dtype, True), self.balls.constant(value))
        self.record.inputs = (*self.record.inputs, slot)
        self._points.append(value)
        return slot

    def constant(self, value: Any) -> int:
        """Record a structural constant and return its slot; equal ones share it. Unsupported unless it is real."""
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise Unsupported(
                f"an array of dtype {array.dtype} meets a traced one; the exact oracle knows real numbers only"
            )
        array = np.array(array)  # the caller may change the buffer later
        key = ("constant", array.dtype, _key(array))
        if key in self._seen:
            return self._again(self._seen[key])
        node = Node("constant", (), {"value": array}, array.shape, array.dtype, False)
        slot = self._seen[key] = self._append(node, self.balls.constant(array))
        return slot

    def apply(
        self, primitive: str, args: Sequence[int], dtype: np.dtype[Any], *, rule: int = 0, **attributes: Any
    ) -> int:
        """Compute and record one primitive; the same primitive of the same arguments (and `rule`) is recorded once."""
        args = tuple(args)
        key = (primitive, args, dtype, rule, *(_key(v) for v in attributes.values()))
        known = self._seen.get(key)
        if known is not None:
            return self._again(known)
        value = primitives.value(self.balls, primitive, [self.values[slot] for slot in args], attributes)
        varies = any(self.record.nodes[slot].varies for slot in args)
        slot = self._append(Node(primitive, args, attributes, value.shape, dtype, varies), value)
        self._seen[key] = slot
        if primitive in ("add", "sub") and _small_constant(self.record, args):
            self.added_at[slot] = user_site()
        return slot

    def step(self) -> None:
        """Note that the function begins a further step: what is made from here on is this step's."""
        self._step_from = len(self.record.nodes)

    def hold(self, slot: int) -> int:
        """Record that an array counts as a constant from here on."""
        node = self.record.nodes[slot]
        return self._append(Node("held", (slot,), {}, node.shape, node.dtype, False), self.values[slot])

    def gather(
        self, args: Sequence[int], index: Array, dtype: np.dtype[Any] | None = None, fill: float = 0.0, rule: int = 0
    ) -> int:
        """Record a gather, unless it would only repeat its argument; `rule`: the rule by which it was chosen."""
        nodes = [self.record.nodes[slot] for slot in args]
        if len(args) == 1 and nodes[0].shape == index.shape and np.array_equal(index, positions(index.shape)):
            return args[0]
        dtype = dtype or np.result_type(*(node.dtype for node in nodes))
        return self.apply("gather", args, dtype, rule=rule, index=np.asarray(index, order="C"), fill=float(fill))

    def made_by_sweep(self, first: int, slot: int) -> None:
        """A reverse sweep has made the nodes from `first` on for the node at `slot`; who knows places notes it."""

    def _again(self, slot: int) -> int:
        if slot < self._step_from:
            self.retaken.add(slot)
        return slot

    def _append(self, node: Node, value: Array) -> int:
        slot = self.record.append(node)
        self.values.append(value)
        return slot

    @property
    def replay(self) -> Replay:
        """The stochastic replay of the record so far (it catches up by itself)."""
        if self._replay is None:
            self._replay = Replay.of_rounding(self.record, self.floats, self._points, self.seed)
        return self._replay

    def refuse(self, message: str) -> BecameFloat:
        """Note that a derivative was about to be dropped, and return the error to raise.

        NumPy sometimes replaces an error raised in here by one of its own, and the user's code may swallow it. So
        `session.run` looks at `refusal` in the end.
        """
        self.refusal = BecameFloat(message)
        return self.refusal

    # -- deciding --------------------------------------------------------------------------------------------------

    def rule(self) -> int:
        """The number of the rule by which a selection settles ties: 0 for the common one, or a new one if `local`."""
        self._rules += self.local
        return self._rules

    def contest(self, decision: int, entry: Entry, sources: tuple[int, ...] = ()) -> None:
        """Note that a decision chose this entry of a selection, among equal values; `sources` as in the class."""
        if entry not in self.decisions[decision].contested:
            self.decisions[decision].contested.append(entry)
        self.contested.add(entry)
        if sources:
            self.sources[entry] = sources

    def signs(self, left: tuple[int, Array], right: tuple[int, Array], rule: int = 0) -> tuple[Array, Array]:
        """Signs of left - right (slots and flat positions of one shape), and which of them are undecided.

        An undecided entry carries the sign of its midpoint. Raises NeedsPrecision if more bits could decide.
        """
        (a, i), (b, j) = left, right
        shape, i, j = i.shape, np.ravel(i), np.ravel(j)
        x, y = self.values[a].ravel()[i], self.values[b].ravel()[j]
        gap = self.balls.sub(x, y)
        middle = self.balls.midpoint(gap)
        radius = self.balls.radius(gap, middle)
        undefined = np.isnan(middle)
        sign = np.sign(np.where(undefined, 0, middle)).astype(np.int8)
        for k in np.flatnonzero(middle == 0):  # a tiny difference underflows as float64
            sign[k] = 1 if gap[k] > 0 else -1 if gap[k] < 0 else 0
        if undefined.any():  # inf - inf is NaN too
            sign = np.where(undefined, np.where(x == y, 0, NAN), sign).astype(np.int8)
        nodes = self.record.nodes
        if not (nodes[a].varies or nodes[b].varies):
            return sign.reshape(shape), np.zeros(shape, dtype=bool)
        if len(self.compared) < MOST_COMPARED and i.size <= MOST_COMPARED_ENTRIES:
            self.compared.append(((a, i), (b, j)))
            self.compared_at.append(user_site())
        elif len(self.beyond) < MOST_COMPARED:
            self.beyond.append(((a, i), (b, j)))
        else:
            self.hidden = True
        noise = MARGIN * self.replay.spread((a, i), (b, j), self.balls.longdouble(gap, middle))
        undecided = (np.abs(middle) - radius <= noise) & ~undefined
        if undecided.any():
            if not self.last and np.any(undecided & (np.abs(middle) > noise)):
                raise NeedsPrecision
            for k in np.flatnonzero(undecided):
                if self._identity((a, int(i[k])), rule) == self._identity((b, int(j[k])), rule):
                    sign[k], undecided[k] = 0, False
        return sign.reshape(shape), undecided.reshape(shape)

    def _identity(self, entry: Entry, rule: int) -> Any:
        """What makes two entries the same number: where it was computed, or a constant's value.

        Under a local rule, a number chosen in a tie is distinct from its candidates.
        """
        slot, position = self.record.origin(*entry, self.contested if rule else frozenset())
        node = self.record.nodes[slot]
        if node.primitive == "constant":
            return float(node.attributes["value"].ravel()[position])
        if node.primitive == "gather" and node.attributes["index"].ravel()[position] < 0:
            return float(node.attributes["fill"])
        return slot, position

    def order(self, left: Entry, right: Entry, first: int, what: str, rule: int = 0) -> int:
        """The sign of left - right, +1 or -1 (or 0, if they were taken to be equal), of an undecided pair.

        `first` is the sign to try first; comparisons under one `rule` have the same outcome.
        """
        key, flip = self._pair(left, right, rule)
        known, self.used = self._known.get(key, (UNEQUAL, 0))
        if known == UNEQUAL:
            outcomes = (first, -first)
            taken = outcomes[self._choose(2, lambda k: (Test(left, right, outcomes[k]),), f"{what}: a tie")]
            known = flip * taken
            self._known[key] = known, self.used
        return flip * known

    def equal(self, left: Entry, right: Entry, first: bool, what: str) -> bool:
        """Whether an undecided pair is to count as equal; `first` is the answer to try first."""
        key, _ = self._pair(left, right, 0)
        if key not in self._known:
            outcomes = (first, not first)

            def tests(k: int) -> tuple[Test, ...]:
                return (Test(left, right, 0 if outcomes[k] else UNEQUAL),)

            taken = outcomes[self._choose(2, tests, f"{what}: numbers that may be equal")]
            self._known[key] = 0 if taken else UNEQUAL, self.used
        known, self.used = self._known[key]
        return known == 0

    def largest(self, candidates: Sequence[Entry], sign: int, what: str, rule: int = 0) -> int:
        """Which of several tied entries counts as the largest (sign = 1) or smallest (-1): its number in the list."""
        key = (rule, sign, *(self._identity(c, rule) for c in candidates))
        if key not in self._known:

            def tests(k: int) -> tuple[Test, ...]:
                return tuple(Test(candidates[k], c, sign) for j, c in enumerate(candidates) if j != k)

            taken = self._choose(len(candidates), tests, f"{what}: {len(candidates)} numbers that tie")
            self._known[key] = taken, self.used
        known, self.used = self._known[key]
        return known

    def _pair(self, left: Entry, right: Entry, rule: int) -> tuple[Any, int]:
        a, b = self._identity(left, rule), self._identity(right, rule)
        return ((rule, a, b), 1) if repr(a) <= repr(b) else ((rule, b, a), -1)

    def answered(self, answer: bool, decisions: Iterable[int] = ()) -> bool:
        """Note the answer of a scalar comparison, and put off the end of a loop that is to run on.

        `decisions`, the ties behind the answer, become moot if the loop runs on anyway.
        """
        site = user_site()
        if self.put_offs.number(site, answer):
            answer = not answer
            self.moot.update(decisions)
        self.sites.setdefault(site, []).append(answer)
        return answer

    def answered_all(self, answers: Array, decisions: Iterable[int] = ()) -> Array:
        """The same for a comparison of arrays, by which a loop may end where all its entries agree."""
        site = user_site()
        if (off := self.put_offs.entries(site, answers)) is not None:
            answers = answers ^ off
            self.moot.update(decisions)
        state = 1 if answers.all() else 0 if answers.any() else -1
        self.array_sites.setdefault(site, []).append(state)
        return answers

    def _choose(self, options: int, tests: Callable[[int], tuple[Test, ...]], what: str) -> int:
        """Take the scripted choice, or the first, and note the decision; `used` becomes its number."""
        if len(self.decisions) >= MOST_UNDECIDED:
            raise Unsupported(f"more than {MOST_UNDECIDED} comparisons of numbers that tie")
        self.used = len(self.decisions)
        choice = self.script[self.used] if self.used < len(self.script) else 0
        self.decisions.append(Decision(choice, options, tests(choice), f"{what}{user_line()}"))
        return choice


def _small_constant(record: Record, args: Sequence[int]) -> bool:
    """Whether one of two arguments varies, and the other is a constant so small that it may guard an edge."""
    if len(args) != 2 or record.nodes[args[0]].varies == record.nodes[args[1]].varies:
        return False
    node = record.nodes[args[0] if record.nodes[args[1]].varies else args[1]]
    if node.primitive != "constant" or not node.attributes["value"].size:
        return False
    size = np.abs(np.asarray(node.attributes["value"], dtype=float))
    return bool(np.all((size > 0) & (size <= SMALL)))


def positions(shape: Shape) -> Array:
    """Flat positions of the entries of an array of this shape."""
    size = 1
    for n in shape:
        size *= n
    return np.arange(size).reshape(shape)


def _key(attribute: Any) -> Any:
    """A hashable stand-in for an attribute; a large array equals only itself."""
    if isinstance(attribute, np.ndarray):
        if attribute.nbytes > _MOST_BYTES_TO_COMPARE:
            return id(attribute)
        return attribute.shape, attribute.tobytes()
    return attribute
