"""Every kind of finding, by code: a file for each family, named by its first codes. GC028 is in `gc02_contracts`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradcheck.verdict.finding_kind import FindingKind
from gradcheck.verdict.finding_kinds import (
    gc00_protocol_and_numbers,
    gc02_contracts,
    gc03_undecided,
    gc04_notes_and_causes,
    gc06_trainings_and_adjoints,
    gc08_offers_and_functions,
    gc10_operators_and_layers,
)

_FAMILIES = (
    gc00_protocol_and_numbers,
    gc02_contracts,
    gc03_undecided,
    gc04_notes_and_causes,
    gc06_trainings_and_adjoints,
    gc08_offers_and_functions,
    gc10_operators_and_layers,
)

KINDS: Mapping[str, FindingKind] = MappingProxyType({row.code: row for family in _FAMILIES for row in family.ROWS})
