"""The child: reads questions, asks the subject, writes answers. Run by path, `python -s -P child.py`, see process.py.

It begins with questions on standard input and answers on standard output; both move to private descriptors before
anything else happens, so that what the subject prints is only ever printing. Standard error carries that.
"""

from __future__ import annotations

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def main() -> None:
    """Serve questions until the parent hangs up."""
    questions, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    _find_gradcheck()
    from gradcheck.subject import masking

    masking.install()
    from gradcheck.subject.service import Service

    Service(questions, answers).run()


def _find_gradcheck() -> None:
    """Import the parent's gradcheck from this file's own place, and make nothing else beside it importable."""
    libraries = os.environ.pop("GRADCHECK_LIBRARIES")
    if libraries not in sys.path:  # where the parent's NumPy is
        sys.path.append(libraries)
    init = Path(__file__).resolve().parents[1] / "__init__.py"
    spec = spec_from_file_location("gradcheck", init, submodule_search_locations=[str(init.parent)])
    if spec is None or spec.loader is None:
        raise ImportError(f"gradcheck cannot be imported from {init}")
    sys.modules["gradcheck"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    main()
