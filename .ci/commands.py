"""Print the commands of README.md's first `sh` block, one per line: what a new user types, and what CI executes."""

import re
import sys
from pathlib import Path


def commands(text: str, block: int = 0) -> list[str]:
    """The lines of the README's `sh` block with the given number, comments and blank lines left out."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S)
    return [line for line in blocks[block].splitlines() if line.strip() and not line.lstrip().startswith("#")]


if __name__ == "__main__":
    print("\n".join(commands(Path(sys.argv[1]).read_text(encoding="utf-8"))))
