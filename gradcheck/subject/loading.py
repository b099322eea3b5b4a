"""Load an implementation by path: FILE, or FILE:NAME.

The topmost folder above the file that still has an `__init__.py` is its package; without one, the file's own folder
is. It is loaded under a private name, so that it does not collide with other modules. Its files import one another in
the usual ways: relatively (`from .rules import VJP`), by the package's own name (`import engine.rules`), or like
scripts in one folder (`import rules`). `Package.resolve` implements that rule.

Only the subject's own files find their siblings first. For all other code, NumPy included, a sibling called
`random.py` or `copy.py` does not exist; and `numpy` and `gradcheck` always mean the installed ones.
"""

from __future__ import annotations

import builtins
import difflib
import importlib
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import Loader
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from gradcheck.errors import SubjectError
from gradcheck.subject.answer import DTYPES, ENTRY_POINTS, LONGEST_OP, MOST_OPS, NATIVE, Declared
from gradcheck.subject.statements import FailedStatement, run_statements
from gradcheck.subject.trouble import Place, import_failed

GRADCHECK = Path(__file__).resolve().parents[1]
_NEVER_SHADOWED = {"numpy", "gradcheck", *sys.builtin_module_names}
_serial = itertools.count(1)


@dataclass(frozen=True)
class Loaded:
    """A subject's functions by entry point, the place of its files, and its declarations."""

    functions: Mapping[str, Callable[..., Any]]
    place: Place
    declared: Declared


def load(path: Path, name: str | None = None, *, known_as: Sequence[str] = ()) -> Loaded:
    """Import the subject's file and find its entry points.

    Parameters
    ----------
    path: a Python file, or a folder, which means its `__init__.py`.
    name: a function of the native signature, instead of those of ENTRY_POINTS.
    known_as: further names of its package, such as "gradcheck.reference".

    Raises
    ------
    SubjectError: GC001 cannot be imported, GC002 syntax error, GC003 no entry point, GC006 exits while importing.
    """
    file = (path / "__init__.py" if path.is_dir() else path).resolve()
    package = Package(file, known_as)
    place = Place(package.root if package.is_package else file.parent)
    with import_failed(place, file):  # the file may have replaced its module by an object of its own
        module = package.load()
        functions, declared = _entry_points(module, name), declarations(module)
        near = None if functions else _no_entry_point(module, name, file, place)
    if near is not None:
        raise near
    return Loaded(functions, place, declared)


def package_root(file: Path) -> Path | None:
    """The topmost folder above `file` with `__init__.py`, never gradcheck's own; None for a plain script."""
    root = None
    for folder in file.parents:
        if not (folder / "__init__.py").is_file() or folder == GRADCHECK:
            break
        root = folder
    return root


class Package:
    """The files of one subject, under a private name.

    Where it is `stepwise`, the statements of its main file run one by one, and `failed` holds those that raised.
    """

    def __init__(self, file: Path, known_as: Sequence[str] = ()) -> None:
        root = package_root(file)
        self.file = file
        self.is_package = root is not None
        self.root = root or file.parent
        self.private = f"_gradcheck_subject_{next(_serial)}"
        self.known_as = tuple(known_as)
        self.stepwise = False
        self.failed: list[FailedStatement] = []
        self.builtins = {**vars(builtins), "__import__": self._import}

    def load(self) -> ModuleType:
        """Import the package, then the file in it; a failure leaves nothing behind."""
        front, back = _OwnFiles(self), _Otherwise(self)
        sys.meta_path.insert(0, front)
        sys.meta_path.append(back)
        try:
            self._load_root()
            inner = self._module(self.file)
            return importlib.import_module(inner) if inner else self._load_file()
        except BaseException:
            sys.meta_path.remove(front)
            sys.meta_path.remove(back)
            for name in [n for n in sys.modules if n == self.private or n.startswith(f"{self.private}.")]:
                del sys.modules[name]
            raise

    def resolve(self, name: str, *, last: bool = False) -> str | None:
        """The private name of an absolute import, or None if it means something outside the subject.

        `last` means that no other finder knows the name; then a folder without `__init__.py` counts too.
        """
        top, dot, rest = name.partition(".")
        if top in _NEVER_SHADOWED:
            return None
        own_name = top == self.root.name
        if own_name and self.is_package:
            return f"{self.private}{dot}{rest}"
        if self.is_package and top in sys.stdlib_module_names:  # a module inside a package hides none of Python's
            return None
        for folder in dict.fromkeys((self.file.parent, self.root)):
            if _is_module(folder / top) or (last and (folder / top).is_dir()):
                return ".".join((self.private, *folder.relative_to(self.root).parts, name))
        return f"{self.private}{dot}{rest}" if own_name and last else None

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the names of builtins.__import__
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """The `__import__` of the subject's own files."""
        private = None if level else self.resolve(name)
        if private is None:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        importlib.import_module(private)
        if fromlist:
            return builtins.__import__(private, globals, locals, fromlist, 0)
        depth = name.count(".")  # `import a.b.c` binds a
        return sys.modules[private.rsplit(".", depth)[0] if depth else private]

    def _load_root(self) -> None:
        init = self.root / "__init__.py"
        if self.is_package:
            spec = spec_from_file_location(
                self.private,
                init,
                loader=_Source(self, self.private, str(init)),
                submodule_search_locations=[str(self.root)],
            )
            assert spec is not None  # a loader was given
        else:
            spec = ModuleSpec(self.private, None, is_package=True)
            spec.submodule_search_locations = [str(self.root)]
        root = sys.modules[self.private] = module_from_spec(spec)
        if spec.loader is not None:
            spec.loader.exec_module(root)

    def _module(self, file: Path) -> str | None:
        """The private name of a file that can be imported by name."""
        parts = file.relative_to(self.root).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        importable = file.suffix == ".py" and not any("." in part for part in parts)
        return ".".join((self.private, *parts)) if importable else None

    def _load_file(self) -> ModuleType:
        """A file with a name that no import statement could spell, such as `engine.v2.py`."""
        name = f"{self.private}.{''.join(c if c.isalnum() else '_' for c in self.file.stem)}"
        spec = spec_from_file_location(name, self.file, loader=_Source(self, name, str(self.file)))
        assert spec is not None  # a loader was given
        assert spec.loader is not None
        module = sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


class _Source(SourceFileLoader):
    """A loader that gives each file of the subject its own `__import__`."""

    def __init__(self, package: Package, name: str, path: str) -> None:
        super().__init__(name, path)
        self._package = package

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = self._package.builtins
        if self._package.stepwise and Path(self.path) == self._package.file:
            self._package.failed = run_statements(self.get_data(self.path), self.path, vars(module))
        else:
            super().exec_module(module)

    def get_code(self, fullname: str) -> CodeType:
        # Always from the source: a stale or foreign __pycache__ must not be judged.
        code: CodeType = compile(self.get_data(self.path), self.path, "exec", dont_inherit=True)
        return code


class _OwnFiles:
    """A finder of the subject's modules by their private names, and by further names of their package."""

    def __init__(self, package: Package) -> None:
        self._package = package

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        private = self._package.private
        if name in self._package.known_as:
            return ModuleSpec(name, _Alias(private))
        parent, _, last = name.rpartition(".")
        module = sys.modules.get(parent) if parent else None
        if module is None or module.__name__.partition(".")[0] != private:
            return None
        if module.__name__ != parent:  # a module inside an alias is an alias too
            return ModuleSpec(name, _Alias(f"{module.__name__}.{last}"))
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Source(self._package, name, spec.loader.path)
        return spec


class _Otherwise:
    """A last finder for the names by which other code (`importlib`, `pickle`) may know the files."""

    def __init__(self, package: Package) -> None:
        self._package = package

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        private = None if "." in name else self._package.resolve(name, last=True)
        return None if private is None else ModuleSpec(name, _Alias(private))


class _Alias(Loader):
    """A loader that returns a module already loaded under another name, so that there are never two copies."""

    def __init__(self, private: str) -> None:
        self._private = private
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._private)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system has set the alias's own there


def _is_module(stem: Path) -> bool:
    return (
        stem.with_name(f"{stem.name}.py").is_file()
        or (stem / "__init__.py").is_file()
        or any(stem.with_name(f"{stem.name}{suffix}").is_file() for suffix in EXTENSION_SUFFIXES)
    )


def _entry_points(module: ModuleType, name: str | None) -> dict[str, Callable[..., Any]]:
    """The functions that were looked for and found; may be empty."""
    wanted = (name,) if name else ENTRY_POINTS
    found = {wish: getattr(module, wish) for wish in wanted if callable(getattr(module, wish, None))}
    return found if name is None or name in ENTRY_POINTS or not found else {NATIVE: found[name]}


def _no_entry_point(module: ModuleType, name: str | None, file: Path, place: Place) -> SubjectError:
    wanted = (name,) if name else ENTRY_POINTS
    public = [n for n, v in vars(module).items() if not n.startswith("_") and callable(v) and _is_own(v, module)]
    near = [match for wish in wanted for match in difflib.get_close_matches(wish, public, n=2)]
    return SubjectError(
        "GC003",
        file=place.relative(str(file)),
        looked_for=list(wanted),
        found=sorted(public)[:30],
        near=list(dict.fromkeys(near)),
    )


def declarations(module: ModuleType) -> Declared:
    """What `OPS` (a set, list, tuple, frozenset or dict of names) and `DTYPE` declare; anything else is ignored.

    Only exact types count, so that reading them runs no method of the subject.
    """
    ops: Any = vars(module).get("OPS")
    dtype: Any = vars(module).get("DTYPE")
    known = (
        type(ops) in (set, list, tuple, frozenset, dict)
        and len(ops) <= MOST_OPS
        and all(type(name) is str and len(name) <= LONGEST_OP for name in ops)
    )
    return Declared(frozenset(ops) if known else None, dtype if type(dtype) is str and dtype in DTYPES else None)


def _is_own(value: object, module: ModuleType) -> bool:
    """Whether the subject defines it, instead of importing it."""
    package = module.__name__.partition(".")[0]
    home = getattr(value, "__module__", None)
    return isinstance(home, str) and home.partition(".")[0] == package
