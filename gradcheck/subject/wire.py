"""Frames between parent and child: a JSON header and raw little-endian arrays, never a pickle.

    magic (4 bytes) · length of the header (uint32) · length of the payload (uint64) · header · payload

The header's "arrays" lists (dtype, shape, count) for each run of like arrays, in the order of the payload, so that a
million scalars are one run. A reader trusts no frame: sizes are limited before memory is allocated, dtypes come from a
short list, and the shapes must account for every byte.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from gradcheck.subject.answer import Array

HEAD = struct.Struct("<4sIQ")
LARGEST_HEADER = 1 << 20
"""Maximum bytes of JSON that the parent accepts; everything that grows with the problem travels as arrays."""

_MAGIC = b"gck1"
_WIDE = {"g": "longdouble", "G": "clongdouble"}  # both ends run on one machine, so its native format is fine
_DTYPES: dict[str, np.dtype[Any]] = {
    **{d.str: d for d in (np.dtype(char).newbyteorder("<") for char in "?bhilqBHILQefdFD")},
    **{name: np.dtype(name) for name in _WIDE.values()},
}
_MOST_DIMENSIONS = 32


class Malformed(ValueError):
    """Bytes that are no frame, or a frame that is no valid answer."""


def pack(header: Mapping[str, Any], arrays: Sequence[Array] = ()) -> list[bytes]:
    """The pieces of one frame, in the order of writing."""
    runs: list[tuple[str, list[int], int]] = []
    payload: list[bytes] = []
    for (dtype, shape), run in groupby(arrays, key=lambda a: (a.dtype, a.shape)):
        alike = list(run)
        code = _WIDE.get(dtype.char) or dtype.newbyteorder("<").str
        runs.append((code, list(shape), len(alike)))
        payload += [np.asarray(array, dtype=_DTYPES[code]).tobytes() for array in alike]
    data = json.dumps({**header, "arrays": runs}).encode("ascii")
    body = b"".join(payload)
    return [HEAD.pack(_MAGIC, len(data), len(body)), data, body]


def lengths(head: bytes | bytearray, *, header: int, payload: int) -> tuple[int, int]:
    """Lengths of header and payload from a frame's first bytes; raises Malformed if they exceed the given ones."""
    magic, header_length, payload_length = HEAD.unpack(head)
    if magic != _MAGIC:
        raise Malformed("bytes that begin no frame")
    if header_length > header or payload_length > payload:
        raise Malformed(f"a frame of {header_length + payload_length:,} bytes, too large")
    return header_length, payload_length


def unpack(header: bytes | bytearray, payload: bytes | bytearray, *, most: int) -> tuple[dict[str, Any], list[Array]]:
    """Header and arrays of a frame, at most `most`; raises Malformed if they do not match."""
    try:
        data = json.loads(header, parse_constant=_no_constant, object_pairs_hook=_fields)
    except Malformed:
        raise
    except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, or too deeply nested lists
        raise Malformed("a header that is no JSON") from None
    if not isinstance(data, dict) or not isinstance(data.get("arrays"), list):
        raise Malformed("a header without arrays")
    arrays: list[Array] = []
    start = 0
    for run in data.pop("arrays"):
        dtype, shape, count = _run(run)
        end = start + math.prod(shape) * count * dtype.itemsize
        if end > len(payload) or len(arrays) + count > most:
            raise Malformed("more arrays than fit")
        arrays += _alike(payload, dtype, shape, count, start)
        start = end
    if start != len(payload):
        raise Malformed("a payload that no array accounts for")
    return data, arrays


def _alike(
    payload: bytes | bytearray, dtype: np.dtype[Any], shape: tuple[int, ...], count: int, start: int
) -> list[Array]:
    """`count` arrays of one shape, from the bytes at `start`, which are all present."""
    native, items = dtype.newbyteorder("="), math.prod(shape) * count
    try:
        if not items:  # lengths beside a zero may be huge, so that no array of `count` of them is possible
            return [np.empty(shape, native) for _ in range(count)]
        block = np.frombuffer(payload, dtype, count=items, offset=start).astype(native).reshape(count, *shape)
    except ValueError:
        raise Malformed("a shape that no array can have") from None
    return [block[i, ...] for i in range(count)]


def _no_constant(name: str) -> None:
    raise Malformed(f"a header with {name}, which JSON has not")


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of a JSON object; each must be given only once."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("a header that gives one field twice")
    return fields


def _run(run: object) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    if not isinstance(run, list) or len(run) != 3:
        raise Malformed("a run that is no (dtype, shape, count)")
    code, shape, count = run
    if not isinstance(code, str) or code not in _DTYPES:
        raise Malformed("a dtype that is none of numbers")
    if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
        raise Malformed("a shape that is none")
    if not all(type(length) is int and 0 <= length < 1 << 48 for length in (*shape, count)):
        raise Malformed("a shape that is none")
    return _DTYPES[code], tuple(shape), count
