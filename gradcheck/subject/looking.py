"""Load what somebody wrote for themselves (a file, a notebook, a package, an installed module), and recognise it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType

from gradcheck.conventions.offer import Contents, Miss, Offer
from gradcheck.conventions.recognition import Recognition, Wish, recognised
from gradcheck.errors import SubjectError
from gradcheck.subject import notebook
from gradcheck.subject.absent import Finder, standing_in
from gradcheck.subject.answer import Declared
from gradcheck.subject.gathered_modules import gathered
from gradcheck.subject.loading import Loaded, Package
from gradcheck.subject.trouble import Place, call_failed, import_failed

NOTEBOOK = ".ipynb"


@dataclass(frozen=True)
class Source:
    """What is to be looked at.

    Attributes
    ----------
    path: a Python file, a notebook or a package's folder; of an installed module its dotted name.
    installed: whether `path` is such a name.
    name: the one class or function meant; None for all.
    wanted: the convention meant, and options.
    """

    path: str
    installed: bool = False
    name: str | None = None
    wanted: Wish = field(default_factory=Wish)

    @property
    def folder(self) -> Path:
        """The package's folder, or the one in which the file lies."""
        file = Path(self.path).resolve()
        return file if file.is_dir() else file.parent

    def header(self) -> dict[str, object]:
        """The fields of a message to a child."""
        return {
            "path": self.path,
            "installed": self.installed,
            "name": self.name,
            "as": self.wanted.convention,
            "options": dict(self.wanted.options),
        }

    @classmethod
    def from_header(cls, header: Mapping[str, object]) -> Source:
        """The source in a message."""
        options = header["options"]
        assert isinstance(options, dict), "the parent wrote it"
        wanted = Wish(None if header["as"] is None else str(header["as"]), options)
        name = None if header["name"] is None else str(header["name"])
        return cls(str(header["path"]), header["installed"] is True, name, wanted)


@dataclass(frozen=True)
class Looked:
    """A loaded source: the place of its files, what was recognised, and the public names that it defines."""

    place: Place
    recognition: Recognition
    public: list[str]

    def offer(self, convention: str, name: str) -> Offer:
        """The offer of this convention and name; it was there when the parent asked what there is."""
        for offer in self.recognition.offers:
            if (offer.convention, offer.name) == (convention, name):
                return offer
        raise SubjectError("GC006", how=f"offered {convention} when it was first loaded and not now", phase="loading")

    def loaded(self, offer: Offer) -> Loaded:
        """The offer's functions as those of a subject."""
        return Loaded({**offer.functions, **offer.forms}, self.place, Declared(offer.ops, offer.dtype))


def look(source: Source) -> Looked:
    """Load the source and recognise what it offers.

    Raises
    ------
    SubjectError: GC001 cannot be imported, GC002 syntax error, GC006 exits while importing.
    """
    file = Path(source.path)
    place = Place(source.folder)
    failed: list[Miss] = []
    stopped: Exception | None = None
    with import_failed(place, file), standing_in() as absent:
        if source.installed:
            module = import_module(source.path)
            place = Place(Path(getattr(module, "__file__", None) or ".").resolve().parent)
        elif file.suffix == NOTEBOOK:
            module, failed = _notebook(file, absent)
        else:
            package = Package((file / "__init__.py" if file.is_dir() else file).resolve())
            place = Place(package.root if package.is_package else file.resolve().parent)
            module, stopped = _imported(package, absent)
            failed = [Miss("run", f"line {f.line}", f"it raised {f.what}") for f in package.failed]
    with call_failed(place):
        module, apart = gathered(module)
        found = recognised(module, source.name, source.wanted)
        contents = Contents(module)
        public = sorted({*contents.classes, *contents.functions})
    if stopped is not None and not found.offers:
        with import_failed(place, file):
            raise stopped
    shown = tuple(Miss("installed", name, "a stand-in takes its calls; it shows nothing") for name in absent.used)
    lacking = tuple(Miss("installed", name, "what calls it is not checked") for name in absent.lacking)
    return Looked(place, Recognition(found.offers, (*shown, *lacking, *failed, *apart, *found.misses)), public)


def _imported(package: Package, absent: Finder) -> tuple[ModuleType, Exception | None]:
    """The file as a module, and what stopped its first import.

    It is imported again with stand-ins for the packages that it lacks, and at last statement by statement: a file may
    do without the package, or the data, that it asks for.
    """
    stopped: Exception | None = None
    while True:
        try:
            module = package.load()
        except Exception as wrong:
            stopped = stopped or wrong
            if isinstance(wrong, ModuleNotFoundError) and absent.allow(wrong):
                continue
            if package.stepwise or package.is_package:
                raise
            package.stepwise = True
        else:
            if not _allowed(absent, [f.wrong for f in package.failed]):
                return module, stopped


def _allowed(absent: Finder, wrong: Sequence[Exception | None]) -> bool:
    """Whether one of the exceptions is a package that is missing, and has a stand-in from now on."""
    missing = [each for each in wrong if isinstance(each, ModuleNotFoundError)]
    return bool([each for each in missing if absent.allow(each)])


def _notebook(file: Path, absent: Finder) -> tuple[ModuleType, list[Miss]]:
    """The notebook's cells, run anew with a stand-in where one failed for a missing package."""
    while True:
        module = ModuleType("_gradcheck_notebook")
        sys.modules[module.__name__] = module
        failed = notebook.run(file, module)
        if not _allowed(absent, [cell.missing for cell in failed]):
            return module, [Miss("notebook", f"cell {cell.cell}", cell.what) for cell in failed]
