"""domain.md 2.2: what the rules say depends on the readings alone, not on how they arrived; X2, X15 and X16."""

from decimal import Decimal

import pytest

from batches.excursions.actions.evaluation import evaluate_phase
from batches.excursions.models import Evaluation, Excursion
from batches.excursions.queries.evaluation_inputs import rule_set_of
from batches.excursions.queries.states import states_of
from batches.models import Deviation
from gatekeeper.accounts.clock import now
from gatekeeper.core.refusal import Refusal
from tests.excursions.making import PH, SHEAR, frame, make_plant, rules_toml


def surging(at):
    """1 L/min through 13 fibres is X2: 13 059 1/s; 0.2 L/min is 2 612."""
    return 1.0 if 30 <= at <= 60 else 0.2


def frames(values=surging, seconds=120, size=30):
    return [
        frame(number, range(begin, begin + size), values)
        for number, begin in enumerate(range(0, seconds, size), start=1)
    ]


def found():
    return list(
        Excursion.objects.filter(withdrawn_at__isnull=True)
        .order_by("key")
        .values_list("key", "level", "peak", "content")
    )


def evaluate(plant):
    return evaluate_phase(by=plant.people["monitor"], phase=plant.phase)


def test_a_shear_excursion_opens_one_deviation_in_the_same_breath(plant, time):
    time.after(120)
    for row in frames():
        plant.send(row)
    assert plant.detect() == 4
    action = Excursion.objects.get(level="action")
    assert round(action.peak, 2) == Decimal("13058.87")
    assert (action.parameter, action.unit, action.rule) == ("wall_shear", "1/s", "shear")
    deviation = Deviation.objects.get()
    assert action.deviation == deviation
    assert (deviation.origin, deviation.status, deviation.opened_by.username) == ("excursion", "open", "monitor")
    assert "13058.867" in deviation.description_text
    assert Excursion.objects.get(level="alert").deviation is None


def test_evaluating_again_changes_nothing(plant, time):
    time.after(120)
    for row in frames():
        plant.send(row)
    plant.detect()
    before = (Evaluation.objects.count(), found(), Deviation.objects.count())
    evaluate(plant)
    plant.detect()
    assert (Evaluation.objects.count(), found(), Deviation.objects.count()) == before


def test_one_evaluation_covers_all_frames_that_wait(plant, time):
    time.after(120)
    for row in frames(size=10):
        plant.send(row)
    evaluate(plant)
    versions = Evaluation.objects.count()
    assert plant.detect() == 12
    assert Evaluation.objects.count() == versions == 1


def test_an_evaluation_becomes_final_when_the_phase_has_ended(plant, time):
    time.after(120)
    for row in frames():
        plant.send(row)
    plant.detect()
    assert not states_of(plant.phase).rules[0].final
    plant.end()
    states = states_of(plant.phase)
    assert (states.complete, states.rules[0].up_to_date) == (False, False)
    plant.detect()
    states = states_of(plant.phase)
    assert states.complete
    assert (states.state.value, states.rules[0].version, states.rules[0].final) == ("action", 2, True)
    assert states.rules[0].deviations == ("BR-1-D01",)


def test_late_readings_after_the_signature_make_a_second_final_version_and_keep_the_first(plant, time):
    sent = frames(lambda at: 0.2)
    time.after(120)
    for row in sent[:1] + sent[2:]:
        plant.send(row)
    plant.end()
    plant.detect()
    first = Evaluation.objects.get(final=True)
    kept = dict(first.content)
    time.after(600)
    plant.send(frame(2, range(30, 60), surging))
    assert not states_of(plant.phase).complete
    plant.detect()
    second = Evaluation.objects.filter(final=True).order_by("version").last()
    first.refresh_from_db()
    assert first.content == kept
    assert (second.version, second.state) == (first.version + 1, "action")
    assert (
        Excursion.objects.filter(withdrawn_at__isnull=True, level="action").exclude(key__contains="coverage").exists()
    )
    assert states_of(plant.phase).complete


def test_an_excursion_that_late_readings_explain_away_is_withdrawn_and_stays(plant, time):
    time.after(120)
    sent = frames(lambda at: 0.2)
    for row in (sent[0], sent[3]):
        plant.send(row)
    plant.end()
    plant.detect()
    low = Excursion.objects.get(key__contains="coverage")
    for source in sent[1:3]:
        plant.send(source)
    plant.detect()
    low.refresh_from_db()
    assert low.withdrawn_at is not None
    assert low.deviation.status == "open"
    assert states_of(plant.phase).state.value == "normal"


def test_a_drop_out_is_unknown_and_too_little_coverage_is_an_action(time, db):
    """X15: good samples at 0, 1, 2, 9 and 10 min with a largest gap of 3 min: 30 % coverage."""
    plant = make_plant(rules_toml(PH))
    time.after(600)
    plant.send(frame(1, [0, 60, 120, 540, 600], lambda at: 7.2 + at / 10_000, tag="AI101"))
    plant.end()
    plant.detect()
    states = states_of(plant.phase)
    (rule,) = states.rules
    assert (rule.state.value, rule.coverage, rule.final) == ("action", Decimal("0.300000"), True)
    (gap,) = Evaluation.objects.get().content["gaps"]
    assert (gap["ended_us"] - gap["started_us"], gap["reason"]) == (420_000_000, "drop_out")
    assert Deviation.objects.get().title_text == "L10: too few readings of pH (ph)"


def test_two_rules_of_one_signal_open_deviations_that_are_told_apart(time, db):
    total = PH.replace('"instant"', '"{kind}"').replace('code = "ph"', 'code = "ph-{kind}"')
    bounds = [line for line in PH.splitlines() if line.startswith(("alert_", "action_", "t_merge_s"))]
    for line in bounds:
        total = total.replace(f"{line}\n", "")
    total += 'accumulate_below = "6.5"\naction_total = "5"\n'
    kinds = [total.replace("{kind}", kind).replace('"both"', '"low"') for kind in ("cumulative_time", "dose")]
    plant = make_plant(rules_toml(PH, *kinds))
    time.after(600)
    plant.send(frame(1, range(0, 600, 60), lambda at: 7.2 if at < 300 else 5.9, tag="AI101"))
    plant.detect()
    assert sorted(row.title_text for row in Deviation.objects.all()) == [
        "L10: pH below its action limit (ph)",
        "L10: pH outside its limits for too long in all (ph-cumulative_time)",
        "L10: pH, too large a dose in all (ph-dose)",
    ]


def test_a_phase_without_any_reading_is_unknown_when_it_ends(plant, time):
    time.after(120)
    plant.end()
    plant.detect()
    states = states_of(plant.phase)
    assert states.state.value == "action"
    assert states.rules[0].coverage == 0


def test_a_rule_set_approved_after_the_record_was_issued_does_not_judge_it(plant, time):
    from tests.excursions.making import make_rules

    time.after(10)
    make_rules(plant.people, plant.site, rules_toml(SHEAR.replace('"6000"', '"90000"'), version=2))
    plant.rule_set.refresh_from_db()
    assert plant.rule_set.state(now()) == "superseded"
    assert rule_set_of(plant.record) == plant.rule_set


def test_only_who_may_open_a_deviation_evaluates(plant):
    plant.people["monitor"] = plant.people["skid-gateway"]
    with pytest.raises(Refusal) as caught:
        evaluate(plant)
    assert caught.value.code == "not_authorised"


def test_a_frame_in_conflict_is_known_in_neither_form_until_somebody_decides(plant, time):
    time.after(120)
    quiet = [
        frame(number, range(begin, begin + 30), lambda _at: 0.2) for number, begin in enumerate(range(0, 120, 30), 1)
    ]
    for row in quiet:
        plant.send(row)
    plant.detect()
    assert str(states_of(plant.phase).rules[0].state) == "normal"
    plant.send(frame(2, range(30, 60), surging))  # the same identity, another body: which is true?
    assert plant.detect() == 1
    shear = next(rule for rule in states_of(plant.phase).rules if rule.rule == "shear")
    assert str(shear.state) != "normal"
    assert shear.coverage < 1
    assert shear.up_to_date
    assert Evaluation.objects.filter(rule="shear").count() > 1
