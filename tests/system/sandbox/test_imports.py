"""How a subject's files find one another, and what they do not find."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.problem.mlp import MLP
from gradcheck.problem.neuron_dag import NeuronDAG, target, weight
from gradcheck.problem.schedules import Constant
from gradcheck.problem.training import Training

HOME = Path(gradcheck.__file__).resolve().parent
REFERENCE = HOME.parent / "reference"

MASKED = """
    import importlib
    def gradients(graph, point):
        hidden = []
        for room in ("oracle", "check", "verdict", "faults", "reference", "suites", "problem", "errors", "subject"):
            try:
                importlib.import_module("gradcheck." + room)
            except ImportError:
                hidden.append(room)
        print(",".join(hidden))
        return 1.0, {}
"""


RIGHT = "def gradients(graph, point): return 1.0, {}\n"


def test_the_other_rooms_are_hidden(bench: Any) -> None:
    answer = bench.ask(bench.subject(MASKED))
    assert answer.stdout.strip() == "oracle,check,verdict,faults,reference,suites"


@pytest.mark.parametrize(
    "line", ["from gradcheck import oracle", "import gradcheck.oracle.estimate", "import reference"]
)
def test_an_oracle_cannot_be_imported(bench: Any, line: str) -> None:
    assert bench.refused(bench.subject(f"{line}\n"), "GC001")["type"] in ("ModuleNotFoundError", "ImportError")


@pytest.mark.parametrize("file", ["oracle/exact.py", "../reference/dag.py"])
def test_what_is_hidden_cannot_be_read_by_path(bench: Any, file: str) -> None:
    path = (HOME / file).resolve()
    if not path.is_file():
        pytest.skip("the reference stands beside gradcheck in a checkout")
    for text in (
        f"open({str(path)!r})",
        f"import sys; sys.path.insert(0, {str(path.parent)!r}); import {path.stem}",
        f"from importlib.machinery import SourceFileLoader as Load; Load('solution', {str(path)!r}).load_module()",
    ):
        refused = bench.refused(bench.subject(f"{text}\n"), "GC001")
        assert refused["type"] == "PermissionError"
        assert "is hidden from the implementation under test" in refused["message"]
    seen = bench.child(bench.write(f"open({str(HOME / 'problem' / 'graph.schema.json')!r})\n{RIGHT}"))
    assert seen.entry_points() == {"gradients"}


def test_only_light_modules_are_loaded(bench: Any) -> None:
    child = bench.body(
        "return sum(m in sys.modules for m in ('symengine', 'flint', 'scipy', 'hypothesis', 'rich', 'subprocess')), {}"
    )
    assert bench.ask(child).value == 0


def package(bench: Any) -> None:
    bench.write("from .engine import gradients\nNAME = 'mine'\n", "mine/__init__.py")
    bench.write("SCALE = 4.0\n", "mine/rules/scale.py")
    bench.write("from .scale import SCALE\n", "mine/rules/__init__.py")
    bench.write("STATE = []\n", "mine/state.py")
    bench.write(
        """
        from .rules import SCALE
        from mine.rules.scale import SCALE as same
        import mine.state, state
        import mine.rules.scale as third
        from . import state as fourth

        def gradients(graph, point):
            import mine
            import importlib, pickle
            later = importlib.import_module("mine.state")
            assert SCALE is same is third.SCALE
            assert mine.state is state is fourth is later, "one module, whatever it is called by"
            assert mine.NAME == 'mine'
            return SCALE, {}
        """,
        "mine/engine.py",
    )


@pytest.mark.parametrize("path", ["mine", "mine/__init__.py", "mine/engine.py"])
def test_a_package(bench: Any, path: str) -> None:
    package(bench)
    assert bench.ask(bench.child(bench.folder / path)).value == 4.0


def test_a_file_deep_inside_a_package(bench: Any) -> None:
    package(bench)
    bench.write(
        """
        from ..state import STATE
        import scale                       # beside it
        import state                       # at the top of its package
        from mine.rules import SCALE
        def gradients(graph, point):
            assert state.STATE is STATE
            return scale.SCALE + SCALE, {}
        """,
        "mine/rules/deep.py",
    )
    assert bench.ask(bench.child(bench.folder / "mine/rules/deep.py")).value == 8.0


def test_scripts_side_by_side(bench: Any) -> None:
    bench.write("import tools.deep\nFACTOR = 3.0 + tools.deep.MORE\n", "helper.py")
    bench.write("MORE = 0.5\n", "tools/deep.py")  # a folder without __init__.py
    child = bench.subject("import helper\ndef gradients(graph, point): return helper.FACTOR, {}\n")
    assert bench.ask(child).value == 3.5


def test_a_sibling_hides_the_standard_library_from_the_subject_alone(bench: Any) -> None:
    bench.write("MINE = 5.0\n", "copy.py")
    bench.write("raise RuntimeError('not for numpy')\n", "secrets.py")
    child = bench.subject(
        """
        import copy
        import numpy as np
        import numpy.random
        import pickle, dataclasses      # both import the standard copy, or others of that name
        @dataclasses.dataclass
        class Kept:
            x: float
        def gradients(graph, point):
            rng = np.random.default_rng()          # imports the standard secrets
            restored = pickle.loads(pickle.dumps(Kept(2.0)))
            return copy.MINE + restored.x, {}
        """
    )
    assert bench.ask(child).value == 7.0


def test_numpy_and_gradcheck_are_the_installed_ones(bench: Any) -> None:
    bench.write("raise RuntimeError('the wrong numpy')\n", "numpy.py")
    bench.write("raise RuntimeError('the wrong gradcheck')\n", "gradcheck.py")
    child = bench.subject(
        """
        import numpy as np
        from gradcheck.problem import OPS
        def gradients(graph, point): return float(np.tanh(0.0)) + len(OPS) * 0, {}
        """
    )
    assert bench.ask(child).value == 0.0


def test_odd_file_names(bench: Any) -> None:
    text = "def gradients(graph, point): return 1.0, {}\n"
    for name in ("my-engine.py", "engine.v2.py", "engine", "2.py"):
        assert bench.ask(bench.child(bench.write(text, name))).value == 1.0


def test_nothing_is_written_beside_the_subject(bench: Any) -> None:
    package(bench)
    bench.ask(bench.child(bench.folder / "mine"))
    assert not list(bench.folder.rglob("__pycache__"))


def test_a_stale_cache_is_not_what_is_judged(bench: Any) -> None:
    bench.write("VALUE = 1.0\n", "helper.py")
    path = bench.write("import helper\ndef gradients(graph, point): return helper.VALUE, {}\n")
    subprocess.run([sys.executable, "-c", "import helper"], cwd=bench.folder, check=True)
    stamp = (bench.folder / "helper.py").stat()
    bench.write("VALUE = 2.0\n", "helper.py")
    os.utime(bench.folder / "helper.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert bench.ask(bench.child(path)).value == 2.0


@pytest.mark.skipif(not (REFERENCE / "dag.py").is_file(), reason="the reference stands beside gradcheck in a checkout")
class TestReference:
    """It is loaded like anybody's file, from the checkout, from a copy, and from an installation."""

    def test_from_the_checkout(self, bench: Any, truth: Any) -> None:
        child = bench.child(REFERENCE)
        assert child.entry_points() == {"gradients", "mlp_gradients", "neuron_gradients", "train"}
        assert truth(bench.ask(child))
        assert truth(bench.ask(bench.child(REFERENCE / "dag.py")))

    def test_every_entry_point(self, bench: Any) -> None:
        """One sample, x = 1, w = 2, t = 1: the loss is (2 - 1)^2 / 2 and its gradient 1, by hand."""
        child = bench.child(REFERENCE)
        one = np.ones((1, 1))
        mlp = MLP((1, 1), "identity", bias=False)
        answer = child.ask(mlp, {"X": one, "T": one, "W1": 2 * one}, entry="mlp_gradients")
        assert (answer.value, answer.gradients["W1"].tolist()) == (0.5, [[1.0]])
        dag = NeuronDAG({"y": "identity"}, [("x", "y")], ["x"], ["y"])
        point = {"x": np.ones(1), target("y"): np.ones(1), weight("x", "y"): np.array(2.0)}
        answer = child.ask(dag, point, entry="neuron_gradients")
        assert (answer.value, answer.gradients[weight("x", "y")]) == (0.5, 1.0)
        steps = child.train(Training("t", mlp, one, one, {"W1": 2 * one}, 1, Constant(0.25), steps=2)).steps
        assert [step.indices.tolist() for step in steps] == [[0], [0]]
        assert [step.parameters["W1"].item() for step in steps] == [1.75, 1.5625]

    def test_a_copy_is_judged_by_its_own_rules(self, bench: Any, truth: Any) -> None:
        copy = bench.folder / "copy"
        shutil.copytree(REFERENCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        assert truth(bench.ask(bench.child(copy / "dag.py")))
        rules = copy / "rules.py"
        rules.write_text(rules.read_text(encoding="utf-8") + '\nRULES["square"] = RULES["neg"]\n', encoding="utf-8")
        assert not truth(bench.ask(bench.child(copy / "dag.py")))

    def test_from_an_installation(self, bench: Any) -> None:
        library = bench.folder / "library"
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(HOME, library / "gradcheck", ignore=skip)
        shutil.copytree(REFERENCE, library / "gradcheck" / "reference", ignore=skip)
        bench.write("import gradcheck.reference\n", "thief.py")
        bench.write(
            """
            import numpy as np
            from pathlib import Path
            import gradcheck
            from gradcheck.errors import SubjectError
            from gradcheck.problem import GraphBuilder
            from gradcheck.subject import ChildSubject

            home = Path(gradcheck.__file__).parent
            assert home.parent.name == "library", home
            build = GraphBuilder()
            graph = build.graph(build.square(build.parameter("w")))
            for path in ("reference", "reference/dag.py"):
                with ChildSubject(home / path) as subject:
                    assert subject.ask(graph, {"w": np.array(3.0)}).gradients["w"] == 6.0
            with ChildSubject("thief.py") as thief:
                try:
                    thief.entry_points()
                except SubjectError as wrong:
                    print(wrong.code)
            """,
            "main.py",
        )
        (bench.folder / "reference").mkdir()
        run = subprocess.run(
            [sys.executable, "main.py"],
            cwd=bench.folder,
            env={**os.environ, "PYTHONPATH": str(library)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.returncode, run.stdout) == (0, "GC001\n"), run.stderr

    def test_it_knows_itself_by_its_installed_name(self, bench: Any) -> None:
        copy = bench.folder / "engine"
        copy.mkdir()
        bench.write("from .a import gradients\n", "engine/__init__.py")
        bench.write("import engine.b\ndef gradients(graph, point): return engine.b.V, {}\n", "engine/a.py")
        bench.write("V = 2.0\n", "engine/b.py")
        assert bench.ask(bench.child(copy)).value == 2.0
