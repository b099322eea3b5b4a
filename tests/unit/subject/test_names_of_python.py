"""A module inside a package hides none of Python's own from the package's other modules."""

import math
from pathlib import Path

from gradcheck.subject.loading import Package


def in_a_folder(folder: Path, init: bool) -> Path:
    (folder / "colorsys").mkdir(parents=True)
    (folder / "colorsys" / "__init__.py").write_text("from math import e\nOWN = 2 * e\n")
    (folder / "engine.py").write_text("import colorsys\nOWN = getattr(colorsys, 'OWN', None)\n")
    if init:
        (folder / "__init__.py").write_text("")
    return folder / "engine.py"


def test_inside_a_package_a_name_of_pythons_is_pythons(tmp_path: Path) -> None:
    assert Package(in_a_folder(tmp_path / "mine", init=True)).load().OWN is None


def test_beside_a_script_it_is_the_file_there(tmp_path: Path) -> None:
    assert 2 * math.e == Package(in_a_folder(tmp_path / "scripts", init=False)).load().OWN
