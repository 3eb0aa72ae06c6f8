"""E-e: who and when are recorded together, in the database as well."""

import datetime

import pytest
from django.db import models

from gatekeeper.ledger import records

SOME_TIME = datetime.datetime(2026, 1, 5, 9, 30, tzinfo=datetime.UTC)


# "at" is the whole name of an event's time; "evaluated_to" is how far, not when; the last two bound a span of time.
TIMES = {"at", "evaluated_to", "effective_from", "effective_until"}


def pairs():
    """Yield (model, name) for each pair of fields ``<name>_at`` and ``<name>_by``."""
    for model in records.record_models():
        fields = {field.name for field in model._meta.local_fields}
        for name in sorted(fields):
            if name.endswith("_at") and f"{name[:-3]}_by" in fields:
                yield model, name[:-3]


def optional_pairs():
    return [(model, name) for model, name in pairs() if model._meta.get_field(f"{name}_at").null]


def test_who_and_when_are_required_together():
    assert len(list(pairs())) > 20
    for model, name in pairs():
        at, by = model._meta.get_field(f"{name}_at"), model._meta.get_field(f"{name}_by")
        assert at.null == by.null, f"{model._meta.label}.{name}"


@pytest.mark.parametrize(("model", "name"), optional_pairs(), ids=lambda one: getattr(one, "__name__", one))
@pytest.mark.parametrize("half", ["at", "by"])
def test_a_constraint_refuses_half_of_a_pair(model, name, half):
    conditions = [rule.condition for rule in model._meta.constraints if isinstance(rule, models.CheckConstraint)]
    given = f"{name}_{half}"
    refused = [condition for condition in conditions if _holds(condition, given, {f"{name}_at", f"{name}_by"}) is False]
    assert refused, f"{model._meta.label}: {given} alone is accepted"


def _holds(condition, given, pair):
    """Return what a condition says when ``given`` is the only one of the pair: True, False, or None for unknown.

    As in SQL, only False refuses a row; a field outside the pair may have any value.
    """
    answers = [_holds_one(child, given, pair) for child in condition.children]
    decisive = condition.connector == models.Q.OR
    answer = decisive if decisive in answers else (None if None in answers else not decisive)
    return (not answer if answer is not None else None) if condition.negated else answer


def _holds_one(child, given, pair):
    if isinstance(child, models.Q):
        return _holds(child, given, pair)
    field, _, lookup = child[0].partition("__")
    if lookup == "isnull" and field in pair:
        return (field != given) == child[1]
    return None


def test_every_time_and_date_is_named_for_what_it_is():
    for model in records.record_models():
        for field in model._meta.local_fields:
            if isinstance(field, models.DateTimeField):
                assert field.name.endswith("_at") or field.name in TIMES, f"{model._meta.label}.{field.name}"
            elif isinstance(field, models.DateField):
                assert field.name.endswith("_date"), f"{model._meta.label}.{field.name}"


def test_every_record_can_be_named_and_ordered():
    for model in records.record_models():
        if not model._meta.auto_created:
            assert model._meta.ordering, model._meta.label
            assert "__str__" in vars(model), model._meta.label
