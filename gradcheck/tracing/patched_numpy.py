"""Make functions that NumPy's dispatch cannot reach give traced arrays too, while a function is traced.

`np.zeros(n)`, `np.array([...])`, `np.asarray(x)`, `float(x)` and the math module do not dispatch to array classes, and
user code is full of them. Inside `patched` they are replaced by versions that keep derivatives: buffers become traced
arrays, `float(x)` of a traced x is x. They are replaced in the numpy, math and scipy modules, and wherever the
function's own modules have a name for them. Calls from NumPy, SciPy, other threads and this package still reach the
originals. Everything is restored at the end of the block.
"""

import builtins
import functools
import math
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gradcheck.tracing.complex_traced import is_complex, of_parts
from gradcheck.tracing.handlers import (
    factorizations,
    linear_algebra,
    reductions,
    scipy_matrices,
    scipy_transforms,
    special_functions,
)
from gradcheck.tracing.handlers.buffers import buffer
from gradcheck.tracing.handlers.moving_entries import strided
from gradcheck.tracing.lifting import contains_traced, lift
from gradcheck.tracing.location import OWN
from gradcheck.tracing.registry import FUNCTIONS, UFUNCS
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import is_traced, plain_constants


def _foreign(caller: types.FrameType) -> bool:
    """Whether a call comes from code that has to see the originals."""
    name = str(caller.f_globals.get("__name__", ""))
    return name.partition(".")[0] in ("numpy", "scipy") or name.startswith(OWN)


class _Replacements:
    """The stand-ins of a trace, by the original that each replaces; one trace after another may use them.

    Attributes
    ----------
    trace: the trace that uses them now.
    thread: the thread in which it runs.
    by_original: original and stand-in, by the identity of the original.
    modules: namespaces of the modules that have the originals.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.thread = threading.get_ident()
        self.by_original: dict[int, tuple[Any, Any]] = {}
        for name in _NEW:
            self.new(getattr(np, name))
        for name in _CONVERTED:
            self.convert(getattr(np, name), copies=name in ("array", "copy"))
        _math(self)
        self.add(as_strided, self._strided, inside=True)
        self.modules = [vars(module) for module in (np, math, *_scipy(self), np.lib.stride_tricks)]
        self.modules += [vars(sys.modules[name]) for name in _STRIDING if name in sys.modules]
        originals = {key: original for key, (original, _) in self.by_original.items()}
        self._places = [(space, n, v) for space in self.modules for n, v in space.items() if id(v) in originals]
        self._loaded = _loaded()

    def holds(self) -> bool:
        """Whether the modules have the same originals still, under the same names."""
        return self._loaded == _loaded() and all(space.get(name) is value for space, name, value in self._places)

    def stand_ins(self, space: dict[str, Any]) -> list[tuple[str, Any, Any]]:
        """Name, original and stand-in of what a namespace has to replace."""
        found = []
        for name, value in space.items():
            original, stand_in = self.by_original.get(id(value), (None, None))
            if stand_in is not None and value is original:
                found.append((name, value, stand_in))
        return found

    def _strided(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return strided(self.trace, x, *args, **kwargs) if is_traced(x) else as_strided(x, *args, **kwargs)

    def add(self, original: Any, stand_in: Callable[..., Any], *, inside: bool = False) -> None:
        """Note a stand-in for `original`; calls that must see the original are passed on to it.

        Calls from inside a library do, unless `inside`.
        """

        callers: dict[tuple[int, int], types.CodeType] = {}  # that call it, as seen before: half of what np.array took

        @functools.wraps(original)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            caller = sys._getframe(1)
            code, bound = caller.f_code, caller.f_globals
            if (id(code), id(bound)) not in callers:
                # Compiled code has no frame, so its calls seem to come from its caller; a caller that does not name the
                # function did not call it. The buffers of numpy.random must stay plain memory.
                names = code.co_names
                called = any(
                    n == original.__name__ or bound.get(n) is guarded or bound.get(n) is original for n in names
                )
                if not called or "random" in names or (_foreign(caller) and not inside):
                    return original(*args, **kwargs)
                callers[id(code), id(bound)] = code  # kept, so that no other code gets its place
            return (stand_in if threading.get_ident() == self.thread else original)(*args, **kwargs)

        self.by_original[id(original)] = original, guarded

    def new(self, original: Callable[..., Any]) -> None:
        """Replace a constructor of arrays from shapes, so that its float arrays can hold traced numbers."""

        def construct(*args: Any, **kwargs: Any) -> Any:
            if any(contains_traced(a) for a in (*args, *kwargs.values())):  # np.full(shape, traced)
                shape, value = args[0], args[1] if len(args) > 1 else kwargs["fill_value"]
                return np.broadcast_to(lift(self.trace, value), shape).copy()
            return buffer(self.trace, original(*args, **kwargs))

        self.add(original, construct)

    def convert(self, original: Callable[..., Any], *, copies: bool) -> None:
        """Replace np.array (`copies`) or np.asarray."""

        def construct(value: Any = None, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
            value = kwargs.pop("object", kwargs.pop("a", value))
            if contains_traced(value):
                if dtype is not None and np.dtype(dtype) == object:
                    return original(value, dtype, *args, **kwargs)
                x: Any = of_parts(self.trace, value) if is_complex(value) else lift(self.trace, value)
                if dtype is not None:
                    return x.astype(dtype)
                fresh = copies and kwargs.get("copy", True) is True
                return x.copy() if fresh else x
            made = original(value, dtype, *args, **kwargs)
            return buffer(self.trace, made) if copies or isinstance(value, list | tuple) else made

        self.add(original, construct)


_NEW = ("zeros", "ones", "empty", "full", "eye", "identity")
"""Constructors of arrays from shapes."""
_CONVERTED = ("array", "copy", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "require")
"""Constructors of arrays from values."""
_STRIDING = ("scipy.linalg._special_matrices",)
"""Modules that read an array's memory at other strides: circulant, toeplitz, hankel."""
_SCIPY = ("scipy.special", "scipy.linalg", "scipy.sparse.linalg", *scipy_transforms.MODULES)


def _loaded() -> tuple[str, ...]:
    """SciPy's modules that are loaded; what is not loaded cannot have been called."""
    return tuple(name for name in _SCIPY if name in sys.modules)


def _math(replacements: _Replacements) -> None:
    named = {
        "fabs": "absolute", "atan": "arctan", "asin": "arcsin", "acos": "arccos", "asinh": "arcsinh",
        "acosh": "arccosh", "atanh": "arctanh", "atan2": "arctan2", "lgamma": "gammaln", "pow": "power",
        "degrees": "degrees", "radians": "radians",
    }  # fmt: skip
    same = (
        "exp exp2 expm1 log1p log2 log10 sqrt cbrt sin cos tan sinh cosh tanh erf erfc gamma fmod copysign "
        "isnan isfinite isinf modf"
    )
    for name in (*named, *same.split()):
        original = getattr(math, name, None)
        if original is None:
            continue
        handler = UFUNCS[named.get(name, name)]

        def call(*args: Any, original: Any = original, handler: Any = handler) -> Any:
            return handler(replacements.trace, *args) if contains_traced(args) else original(*args)

        replacements.add(original, call)

    def log(x: Any, *base: Any) -> Any:
        if not contains_traced((x, *base)):
            return math_log(x, *base)
        top = UFUNCS["log"](replacements.trace, x)
        return top / log(*base) if base else top

    math_log = math.log
    replacements.add(math.log, log)
    hypot = math.hypot
    replacements.add(
        hypot,
        lambda *xs: UFUNCS["sqrt"](replacements.trace, sum(x * x for x in xs)) if contains_traced(xs) else hypot(*xs),
    )
    for name in ("floor", "ceil", "trunc"):
        original = getattr(math, name)

        def whole(x: Any, original: Any = original, name: str = name) -> Any:
            return int(UFUNCS[name](replacements.trace, x)) if is_traced(x) else original(x)

        replacements.add(original, whole)
    for total, function in ((math.fsum, np.sum), (math.prod, np.prod)):

        def over(items: Any, total: Any = total, function: Any = function, **kwargs: Any) -> Any:
            items = list(items)
            return function(lift(replacements.trace, items)) if contains_traced(items) else total(items, **kwargs)

        replacements.add(total, over)


def _scipy(replacements: _Replacements) -> list[Any]:
    """Replace SciPy's Python functions in the modules that are loaded, and give these modules."""
    handlers: dict[str, dict[str, Callable[..., Any]]] = {
        "scipy.special": {
            **{name: getattr(reductions, name) for name in ("logsumexp", "softmax", "log_softmax")},
            "polygamma": special_functions.polygamma,
            "multigammaln": special_functions.multigammaln,
        },
        "scipy.linalg": scipy_matrices.handlers(
            {
                **{name: FUNCTIONS[getattr(np.linalg, name)] for name in ("inv", "det", "norm")},
                "solve": linear_algebra.scipy_solve,
                "cholesky": linear_algebra.scipy_cholesky,
                "expm": linear_algebra.scipy_expm,
                **factorizations.SCIPY,
                "solve_triangular": linear_algebra.scipy_solve_triangular,
                "cho_factor": linear_algebra.scipy_cho_factor,
                "cho_solve": linear_algebra.scipy_cho_solve,
            }
        ),
        "scipy.sparse.linalg": {"expm_multiply": scipy_matrices.expm_multiply},
        **scipy_transforms.MODULES,
    }
    modules = []
    for module in _loaded():
        modules.append(sys.modules[module])
        for name, handler in handlers[module].items():
            original = getattr(sys.modules[module], name, None)
            if original is None:
                continue

            def call(*args: Any, original: Any = original, handler: Any = handler, **kwargs: Any) -> Any:
                plain = (
                    plain_constants((args, kwargs)) if contains_traced([*args, *kwargs.values()]) else (args, kwargs)
                )
                if plain is not None:  # constants have no derivative
                    return original(*plain[0], **plain[1])
                return handler(replacements.trace, *args, **kwargs)

            replacements.add(original, call)
    return modules


class _FloatMeta(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, builtins.float)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, builtins.float)


class _Float(builtins.float, metaclass=_FloatMeta):
    """`float`, except that a traced number stays itself."""

    dtype = np.dtype(builtins.float)  # np.zeros(3, float) reads this from a class that it does not know

    def __new__(cls, value: Any = 0.0) -> Any:
        if is_traced(value):
            if value.size != 1:
                raise TypeError("only length-1 arrays can be converted to Python scalars")
            return value.reshape(())[()]
        return builtins.float(value)


def _vectorized(trace: Trace, original: Callable[..., Any]) -> Callable[..., Any]:
    """np.vectorize's call: the scalar function on every entry, which may be traced."""

    def call(vectorize: Any, *args: Any, **kwargs: Any) -> Any:
        plain = not contains_traced(args) and not contains_traced(list(kwargs.values()))
        if plain or kwargs or vectorize.excluded or vectorize.signature is not None:
            return original(vectorize, *args, **kwargs)
        entries = np.broadcast(*(_cells(trace, a) for a in args))
        results = [vectorize.pyfunc(*entry) for entry in entries]
        several = bool(results) and isinstance(results[0], tuple)
        columns = list(zip(*results, strict=True)) if several else [results]
        answers = [lift(trace, list(column)).reshape(entries.shape) for column in columns]
        for k, (answer, column) in enumerate(zip(answers, columns, strict=True)):
            # NumPy uses the dtype of the first result for all of them, even an integer dtype.
            first = np.dtype(float) if is_traced(column[0]) else np.asarray(column[0]).dtype
            wanted = np.dtype(vectorize.otypes[k]) if vectorize.otypes else first
            answers[k] = answer if wanted == answer.dtype else answer.astype(wanted)
        return tuple(answers) if several else answers[0]

    return call


def _cells(trace: Trace, value: Any) -> Any:
    """An object array of an argument's entries: traced scalars, or what they are where nothing is traced."""
    if not contains_traced(value):
        return np.asarray(value, dtype=object)
    traced = lift(trace, value)
    cells = np.empty(traced.shape, dtype=object)
    for place in np.ndindex(*traced.shape):
        cells[place] = traced[place]
    return cells


@contextmanager
def patched(trace: Trace, function: Any) -> Iterator[None]:
    """Run a block with the stand-ins of `trace` in place of what `function` would call."""
    replacements = _taken(trace)
    own = namespaces(function)
    undo: list[tuple[dict[str, Any], str, Any]] = []
    call = np.vectorize.__call__
    try:
        np.vectorize.__call__ = _vectorized(trace, call)  # type: ignore[method-assign] # restored below
        for space in (*replacements.modules, *own):
            for name, value, stand_in in replacements.stand_ins(space):
                undo.append((space, name, value))
                space[name] = stand_in
        for space in own:
            if "float" not in space:
                undo.append((space, "float", _MISSING))
                space["float"] = _Float
        yield
    finally:
        np.vectorize.__call__ = call  # type: ignore[method-assign] # put back
        for space, name, value in reversed(undo):
            if value is _MISSING:
                space.pop(name, None)
            else:
                space[name] = value
        del replacements.trace  # it may be large
        _IDLE[:] = [replacements]


_IDLE: list[_Replacements] = []
"""The stand-ins that no trace uses now, at most one set: making them takes longer than tracing a short function."""


def _taken(trace: Trace) -> _Replacements:
    """Stand-ins for a trace: the unused ones if the modules have the same originals, else new ones."""
    try:
        idle = _IDLE.pop()  # one step, so that no two threads get the same
    except IndexError:
        return _Replacements(trace)
    if not idle.holds():
        return _Replacements(trace)
    idle.trace, idle.thread = trace, threading.get_ident()
    return idle


_MISSING = object()
FACADE = ("gradcheck", "gradcheck.holding")
"""Modules of this package that users' functions name: `gradcheck.held`."""


def namespaces(function: Any) -> list[dict[str, Any]]:
    """The global namespaces of a callable and of the user's functions that it can reach by name."""
    found: dict[int, dict[str, Any]] = {}
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or len(seen) > 10_000:
            continue
        seen.add(id(thing))
        waiting += _reached(thing, found)
    return list(found.values())


def _reached(thing: Any, found: dict[int, dict[str, Any]]) -> list[Any]:
    """What a callable refers to; the globals of a user's function are noted in `found`."""
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, np.vectorize):
        return [thing.pyfunc]
    if isinstance(thing, types.MethodType):
        return [thing.__func__, type(thing.__self__)]
    if isinstance(thing, types.FunctionType):
        if not _may_call_numpy(thing.__module__):
            return []
        space = thing.__globals__
        found[id(space)] = space
        cells = [cell.cell_contents for cell in thing.__closure__ or () if _is_filled(cell)]
        named = [space[name] for name in names_in(thing.__code__) if name in space]
        return [*cells, *named, *(thing.__defaults__ or ()), getattr(thing, "__wrapped__", None)]
    if isinstance(thing, types.ModuleType):
        if not _may_call_numpy(thing.__name__):
            return []
        found[id(vars(thing))] = vars(thing)
        return [v for v in vars(thing).values() if isinstance(v, types.FunctionType | type)]
    if isinstance(thing, type):
        if not _may_call_numpy(thing.__module__):
            return []
        return [v for v in vars(thing).values() if isinstance(v, types.FunctionType)]
    if isinstance(thing, staticmethod | classmethod):
        return [thing.__func__]
    return [type(thing)] if callable(thing) or is_users(type(thing).__module__) else []


@functools.lru_cache(maxsize=20_000)
def names_in(code: types.CodeType) -> frozenset[str]:
    """The names that a function's code uses, those of the functions inside it included."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return frozenset(code.co_names).union(*(names_in(c) for c in inner))


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 (an empty cell raises)
    except ValueError:
        return False
    return True


_LIBRARIES = frozenset((*sys.stdlib_module_names, "numpy", "scipy", "flint", "mpmath", "sympy"))


_OF_OTHER_ARRAYS = frozenset(("torch", "jax", "jaxlib", "tensorflow"))
"""Packages that compute on arrays of their own. Their hundreds of modules are never traced."""


def _may_call_numpy(module: str | None) -> bool:
    """Whether functions of a module of this name may compute on the arrays that f is given."""
    return is_users(module) and (module or "").partition(".")[0] not in _OF_OTHER_ARRAYS


@functools.lru_cache(maxsize=20_000)
def is_users(module: str | None) -> bool:
    """Whether a module of this name is the user's: not this package's, Python's own, or a numeric library."""
    top = (module or "").partition(".")[0]
    if (module or "").startswith(OWN) or module in FACADE:
        return False
    return top == "__main__" or top not in _LIBRARIES
