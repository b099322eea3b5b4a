"""Every kind of finding, by code: one file for each family, in the order of the codes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradcheck.verdict.finding_kind import FindingKind
from gradcheck.verdict.finding_kinds import (
    broken_contracts,
    notes_and_causes,
    offers_and_functions,
    operators_and_layers,
    protocol_and_numbers,
    trainings_and_adjoints,
    undecided,
)

_FAMILIES = (
    protocol_and_numbers,
    broken_contracts,
    undecided,
    notes_and_causes,
    trainings_and_adjoints,
    offers_and_functions,
    operators_and_layers,
)

KINDS: Mapping[str, FindingKind] = MappingProxyType({row.code: row for family in _FAMILIES for row in family.ROWS})
