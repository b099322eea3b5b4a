"""Every kind of finding has an example whose facts fill its sentence."""

import string

import pytest

from gradcheck.verdict.examples import EXAMPLES, example
from gradcheck.verdict.finding_kinds import KINDS


def test_every_kind_has_one_and_no_other_code_does() -> None:
    assert set(EXAMPLES) == set(KINDS)


@pytest.mark.parametrize("code", KINDS)
def test_it_fills_the_sentence(code: str) -> None:
    needed = {name for _, name, _, _ in string.Formatter().parse(KINDS[code].sentence) if name is not None}
    assert needed <= set(EXAMPLES[code])
    sentence = example(code).sentence
    assert not {"{", "}"} & set(sentence)
    assert sentence == sentence.strip()
    assert not sentence.endswith(".")
    assert "  " not in sentence


def test_a_fact_that_is_missing_is_found() -> None:
    with pytest.raises(KeyError):
        _ = type(example("GC012"))(KINDS["GC012"], {"block": "b"}).sentence
