"""Which instruction of a code object is open in a frame: the same number whenever it is executed.

CPython counts on to the cache entries behind an instruction once it has specialised it, as it does for `x[i]` on
objects of Python's own in a loop.
"""

from functools import lru_cache
from types import CodeType, FrameType

_CACHE = 0
"""The code of a cache entry, in every version of CPython that has them."""


def open_instruction(frame: FrameType) -> tuple[CodeType, int]:
    """The code that a frame executes, and the offset of the instruction that is open in it."""
    code, offset = frame.f_code, frame.f_lasti
    instructions = _instructions(code)
    while offset > 0 and instructions[offset] == _CACHE:
        offset -= 2
    return code, offset


@lru_cache(maxsize=256)
def _instructions(code: CodeType) -> bytes:
    return code.co_code  # made anew at every access
