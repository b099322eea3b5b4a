"""Every convention has its files, every file is verified by some module, and nine in ten mistakes get a name."""

from pathlib import Path

from by_path import load

from gradcheck.conventions.recognition import CONVENTIONS

HERE = Path(__file__).parent
verified = load(HERE / "verified.py")
seen = load(HERE / "seen.py")


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


def test_at_least_forty_mistakes_were_seen_in_real_packages_and_nine_in_ten_of_them_are_named() -> None:
    rows = list(seen.rows())
    paths = [path for path, _ in rows]
    assert len(set(paths)) == len(paths) >= 40
    assert set(paths) <= {path for path in verified.FILES if path.stem.startswith("wrong")}
    assert all(where for _, where in rows)
    assert len([path for path in paths if verified.header(path, "mistake") == ["none"]]) <= len(paths) / 10
