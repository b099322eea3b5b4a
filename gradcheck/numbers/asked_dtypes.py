"""What an array class owes to compiled code that asks it for plain numbers, and that it refuses."""

from __future__ import annotations

import ctypes
from typing import Any


def spare_reference(dtype: Any) -> None:
    """Adds a reference to the dtype that `__array__` was asked for, before it raises; None is no dtype.

    f2py's code, which is that of SciPy's LAPACK and BLAS, gives the dtype's reference back twice where `__array__`
    raises: after some refusals NumPy's own dtype would be freed, and the process would end.
    """
    if dtype is not None:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(dtype))
