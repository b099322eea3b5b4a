"""Operators and the methods that stand for NumPy functions, put on `Traced`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.tracing.handlers.ufunc_calls import call_ufunc
from gradcheck.tracing.traced import Traced


def _array_ufunc(self: Traced, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    return call_ufunc(self.run, ufunc, method, inputs, kwargs)


setattr(Traced, "__array_ufunc__", _array_ufunc)  # noqa: B010 (mypy does not let a method be assigned)


def _method(name: str) -> Callable[..., Any]:
    def call(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return getattr(np, name)(self, *args, **kwargs)

    call.__name__ = name
    return call


for _name in (  # noqa: SIM905 (a list of names reads best so)
    "all any argmax argmin argpartition argsort clip compress cumprod cumsum diagonal max mean min nonzero prod ptp "
    "repeat round searchsorted squeeze std sum swapaxes take trace var "
    # object arrays call these on their elements
    "absolute arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil cos cosh exp exp2 expm1 fabs floor hypot "
    "isfinite isinf isnan log log10 log1p log2 logaddexp rint sign sin sinh sqrt square tan tanh trunc reciprocal"
).split():
    setattr(Traced, _name, _method(_name))


def _binary(ufunc: Any, *, reflected: bool = False) -> Callable[[Traced, Any], Any]:
    def operate(self: Traced, other: Any) -> Any:
        pair = (other, self) if reflected else (self, other)
        return call_ufunc(self.run, ufunc, "__call__", pair, {})

    return operate


def _in_place(ufunc: Any) -> Callable[[Traced, Any], Any]:
    def operate(self: Traced, other: Any) -> Any:
        result = call_ufunc(self.run, ufunc, "__call__", (self, other), {})
        if self.scalar:
            return result  # the name is bound anew, as for np.float64
        self[...] = result
        return self

    return operate


for _name, _ufunc in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
}.items():
    setattr(Traced, f"__{_name}__", _binary(_ufunc))
    setattr(Traced, f"__r{_name}__", _binary(_ufunc, reflected=True))
    setattr(Traced, f"__i{_name}__", _in_place(_ufunc))
for _name, _ufunc in {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "divmod": np.divmod,
}.items():
    setattr(Traced, f"__{_name}__", _binary(_ufunc))
setattr(Traced, "__rdivmod__", _binary(np.divmod, reflected=True))  # noqa: B010
for _name, _ufunc in {"neg": np.negative, "pos": np.positive, "abs": np.absolute}.items():
    setattr(
        Traced,
        f"__{_name}__",
        lambda self, ufunc=_ufunc: call_ufunc(self.run, ufunc, "__call__", (self,), {}),
    )
