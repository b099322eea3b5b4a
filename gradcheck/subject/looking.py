"""Load what somebody wrote for themselves (a file, a notebook, a package, an installed module), and recognise it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType

from gradcheck.conventions.offer import Contents, Miss, Offer
from gradcheck.conventions.recognition import Recognition, Wish, recognised
from gradcheck.errors import SubjectError
from gradcheck.subject import notebook
from gradcheck.subject.absent import standing_in
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
    failed: list[notebook.FailedCell] = []
    with import_failed(place, file), standing_in() as absent:
        if source.installed:
            module = import_module(source.path)
            place = Place(Path(getattr(module, "__file__", None) or ".").resolve().parent)
        elif file.suffix == NOTEBOOK:
            module = ModuleType("_gradcheck_notebook")
            sys.modules[module.__name__] = module
            failed = notebook.run(file, module)
        else:
            package = Package((file / "__init__.py" if file.is_dir() else file).resolve())
            place = Place(package.root if package.is_package else file.resolve().parent)
            module = package.load()
    with call_failed(place):
        module, apart = gathered(module)
        found = recognised(module, source.name, source.wanted)
        contents = Contents(module)
        public = sorted({*contents.classes, *contents.functions})
    cells = tuple(Miss("notebook", f"cell {f.cell}", f.what) for f in failed)
    shown = tuple(Miss("installed", name, "a stand-in takes its calls; it shows nothing") for name in absent.used)
    return Looked(place, Recognition(found.offers, (*shown, *cells, *apart, *found.misses)), public)
