"""Every convention has its files, every file is verified by some module, and nine in ten mistakes get a name."""

from pathlib import Path

from by_path import load

from gradcheck.conventions.recognition import CONVENTIONS

HERE = Path(__file__).parent
verified = load(HERE / "verified.py")


def test_every_convention_has_right_and_wrong_files() -> None:
    for name in CONVENTIONS:
        stems = [path.stem for path in verified.FILES if verified.convention(path) == name]
        assert sum(stem.startswith("right") for stem in stems) >= 1, name
        assert sum(stem.startswith("wrong") for stem in stems) >= 2, name


def test_every_folder_is_verified() -> None:
    modules = [load(path) for path in HERE.glob("test_*_*s.py") if "\nFOLDERS = " in path.read_text(encoding="utf-8")]
    assert sorted(folder for module in modules for folder in module.FOLDERS) == sorted(
        name.replace("-", "_") for name in CONVENTIONS
    )


def test_nine_in_ten_mistakes_are_named() -> None:
    wrong = [path for path in verified.FILES if path.stem.startswith("wrong")]
    unnamed = [verified.ident(path) for path in wrong if verified.header(path, "mistake") == ["none"]]
    assert len(wrong) >= 100
    assert len(unnamed) <= len(wrong) / 10, unnamed
