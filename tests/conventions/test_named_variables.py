"""Forward mode with names: told from classes of numbers and duals, and asked in one pass."""

import math
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from gradcheck.conventions.named_variables import FORMS, named_class
from gradcheck.conventions.recognition import recognised
from gradcheck.problem import GraphBuilder
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.loading import Package

HERE = Path(__file__).parent / "dual"
RIGHT = HERE / "right_named_variables.py"


def test_gradients_are_read_by_the_names_of_the_parameters() -> None:
    (offer,) = recognised(Package(RIGHT).load()).offers
    assert offer.convention == "dual"
    build = GraphBuilder()
    x, y = build.parameter("x"), build.parameter("y")
    build.parameter("z")
    graph = build.graph(build.add(build.mul(build.mul(x, y), x), build.constant(2.0)))
    answer = InProcessSubject(offer.functions["gradients"]).ask(graph, {"x": 1.5, "y": 0.5, "z": 3.0})
    assert float(np.asarray(answer.value)) == 3.125
    assert {name: float(np.asarray(value)) for name, value in answer.gradients.items()} == {
        "x": 1.5,
        "y": 2.25,
        "z": 0.0,
    }


class Swapped:
    """The value comes first."""

    def __init__(self, value: float, name: str) -> None:
        self.value, self.by = value, {name: 1.0}

    def __mul__(self, other: "Swapped") -> "Swapped":
        made = type(self)(self.value * other.value, name="")
        made.by = {name: 2 * self.value * slope for name, slope in self.by.items()}
        return made


class ByKeyword(Swapped):
    """The name is optional; without one there is no entry."""

    def __init__(self, value: float, seed: float = 1.0, *, name: str = "") -> None:
        super().__init__(value, name)


class Labelled:
    """A number with a label, and a dict that no product changes."""

    def __init__(self, name: str, value: float) -> None:
        self.value, self.notes = value, {name: 1.0}

    def __mul__(self, other: "Labelled") -> "Labelled":
        return Labelled(next(iter(self.notes)), self.value * other.value)


@pytest.mark.parametrize(
    ("kind", "found"),
    [(Swapped, ("value", "by", FORMS[1])), (ByKeyword, ("value", "by", FORMS[2])), (Labelled, None), (dict, None)],
)
def test_what_holds_the_derivatives_is_a_dict_that_a_square_changes(kind: type, found: object) -> None:
    named = named_class(kind)
    assert (named and (named.value, named.derivative, named.form)) == found


LETTERS = """
    import math

    class Variable:
        def __init__(self, value, name, slopes=None):
            if len(name) != 1:
                raise TypeError("a single character")
            self.value, self.slopes = value, {name: 1.0} if slopes is None else slopes

        def __mul__(self, other):
            names = {*self.slopes, *other.slopes}
            by = {n: self.slopes.get(n, 0) * other.value + other.slopes.get(n, 0) * self.value for n in names}
            return Variable(self.value * other.value, "r", by)

    class Functions:
        @staticmethod
        def sin(x):
            return Variable(math.sin(x.value), "r", {n: slope * math.cos(x.value) for n, slope in x.slopes.items()})
    """


def test_names_may_have_to_be_letters_and_functions_may_stand_in_a_class_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "engine.py"
    file.write_text(dedent(LETTERS))
    (offer,) = recognised(Package(file).load()).offers
    build = GraphBuilder()
    weight, factor = build.parameter("weight"), build.parameter("factor")
    graph = build.graph(build.mul(build.sin(weight), factor))
    answer = InProcessSubject(offer.functions["gradients"]).ask(graph, {"weight": 0.5, "factor": 2.0})
    assert {name: float(np.asarray(value)) for name, value in answer.gradients.items()} == pytest.approx(
        {"weight": 2.0 * math.cos(0.5), "factor": math.sin(0.5)}
    )
