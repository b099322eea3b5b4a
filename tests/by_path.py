"""Loads a Python file by its path: the scripts and helpers in the folders of tests belong to no package."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def load(path: Path) -> Any:
    """The module in that file, executed afresh; while it is, it finds its neighbours by their names."""
    spec = spec_from_file_location(f"_{path.parent.name.lstrip('.')}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module
