"""Counts the mistakes that real packages made, rebuilt here: `python tests/conventions/seen.py` says how many are found and named.

`seen.txt` says where each was seen. The files are verified as in `test_*_files.py` and `test_*_engines.py`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent


def rows() -> Iterator[tuple[Path, str]]:
    """Each file with such a mistake, and where it was seen."""
    for line in (HERE / "seen.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, where = line.partition(" ")
            yield HERE / f"{name}.py", where.strip()


def main() -> None:
    """Verify each file, print what came of it, and the sums."""
    sys.path.insert(0, str(HERE.parent))
    from by_path import load

    verified = load(HERE / "verified.py")
    found = named = every = 0
    for path, where in rows():
        outcome = verified.verified(path)
        caught = bool({"FAIL", "ERROR"} & set(outcome.verdicts.values()))
        told = bool(outcome.named & set(verified.header(path, "mistake")))
        every, found, named = every + 1, found + caught, named + told
        print(f"{'found' if caught else 'MISSED'}, {'named' if told else 'not named':<9}  {verified.ident(path)}  ({where})", flush=True)
    print(f"{found} found of {every}, {named} named")


if __name__ == "__main__":
    main()
