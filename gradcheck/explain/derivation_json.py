"""A derivation as one JSON document, versioned; its JSON Schema is `explain.schema.json` beside this file.

Strict JSON: numbers that are not finite become texts.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from gradcheck.explain.derivation_parts import Derivation
from gradcheck.verdict.finding import plain

SCHEMA_VERSION = 1

MOST_ENTRIES = 100
"""Maximum number of entries of an array that is written in full."""


def to_dict(derivation: Derivation) -> dict[str, Any]:
    """The derivation as plain data; an array of more than MOST_ENTRIES is {"shape", "first", "omitted"}."""
    data: dict[str, Any] = plain(_arrays(asdict(derivation)))
    if derivation.literal is not None:
        data["literal"] = {
            "rows": [dict(zip(("weight", "right", "literal"), row, strict=True)) for row in data["literal"]["rows"]],
            "visits": data["literal"]["visits"],
            "wrong": derivation.literal.wrong,
        }
    return {"schema_version": SCHEMA_VERSION, **data}


def to_json(derivation: Derivation) -> str:
    """The document as JSON text."""
    return json.dumps(to_dict(derivation), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _arrays(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.size > MOST_ENTRIES:
        first = value.reshape(-1)[:MOST_ENTRIES].tolist()
        return {"shape": list(value.shape), "first": first, "omitted": int(value.size - MOST_ENTRIES)}
    if isinstance(value, dict):
        return {key: _arrays(v) for key, v in value.items()}
    return [_arrays(v) for v in value] if isinstance(value, list | tuple) else value
