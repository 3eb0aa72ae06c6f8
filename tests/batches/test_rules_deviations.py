"""B-10: a machine-made deviation is recorded as a code with parameters, its sentences are a table."""

import string

import pytest

from batches.rules.deviations import TEXTS


def names(template):
    return {name for _text, name, _format, _conversion in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("code", TEXTS)
def test_each_code_fills_its_sentences_with_its_parameters(code):
    text = TEXTS[code]
    assert names(text.title)
    params = {name: f"<{name}>" for name in names(text.title) | names(text.description)}
    filled = text.filled(params)
    assert all(f"<{name}>" in filled.title + filled.description for name in params)


def test_an_excursion_says_its_rule_its_limit_and_how_far_it_went():
    params = {"rule": "shear", "version": "2", "since": "2026-03-01T08:00:00+00:00", "duration_s": "90", "basis": ""}
    params |= {"phase": "L10", "signal": "Wall shear", "peak": "13058.867", "limit": "6000", "unit": "1/s"}
    text = TEXTS["excursion_high"].filled(params | {"excess_dose": "12"})
    assert text.title == "L10: Wall shear above its action limit (shear)"
    assert text.description == (
        "Rule shear version 2: outside from 2026-03-01T08:00:00+00:00 for 90 s, furthest 13058.867 1/s, limit 6000, "
        "excess dose 12 1/s·s."
    )
