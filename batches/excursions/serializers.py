"""Types of what clients send and receive of excursions and exposure."""

from rest_framework import serializers

from batches.excursions.rules.alarms import AlarmState


class BucketOutput(serializers.Serializer):
    """Readings of a short time."""

    at = serializers.DateTimeField()
    min = serializers.CharField()
    max = serializers.CharField()
    mean = serializers.CharField()
    samples = serializers.IntegerField()


class SeriesOutput(serializers.Serializer):
    """The buckets of one source in one phase."""

    phase = serializers.CharField()
    source = serializers.CharField()
    buckets = BucketOutput(many=True)


class EnvelopeOutput(serializers.Serializer):
    """The readings of one parameter over a batch record."""

    batch_record = serializers.CharField()
    parameter = serializers.CharField()
    unit = serializers.CharField()
    series = SeriesOutput(many=True)


class AmountOutput(serializers.Serializer):
    """A number as text, with its unit."""

    value = serializers.CharField()
    unit = serializers.CharField()


class ExcursionOutput(serializers.Serializer):
    """An excursion with the rule and the data that it was found by."""

    id = serializers.IntegerField()
    batch_record = serializers.CharField()
    phase = serializers.CharField()
    rule = serializers.CharField()
    rule_set = serializers.CharField()
    parameter = serializers.CharField()
    level = serializers.ChoiceField(["alert", "action"])
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    duration = AmountOutput()
    peak = AmountOutput()
    limit = AmountOutput()
    excess_dose = AmountOutput()
    evaluation_version = serializers.IntegerField()
    data_sha256 = serializers.CharField()
    deviation = serializers.CharField(allow_null=True)


class AcknowledgeInput(serializers.Serializer):
    """The comment of a person who acknowledges an excursion; needed at action level."""

    comment = serializers.CharField(max_length=400, default="", allow_blank=True)


class AcknowledgementOutput(serializers.Serializer):
    """Who acknowledged an excursion, when, and with what comment."""

    acknowledged_by = serializers.CharField()
    acknowledged_at = serializers.DateTimeField()
    comment = serializers.CharField(allow_blank=True)


class AlarmOutput(serializers.Serializer):
    """An excursion as an alarm; acknowledged is not resolved: its deviation says that."""

    id = serializers.IntegerField()
    batch_record = serializers.CharField()
    phase = serializers.CharField()
    rule = serializers.CharField()
    parameter = serializers.CharField()
    level = serializers.ChoiceField(["alert", "action", "unknown"])
    state = serializers.ChoiceField([state.value for state in AlarmState])
    started_at = serializers.DateTimeField()
    raised_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)
    withdrawn = serializers.BooleanField()
    acknowledgements = AcknowledgementOutput(many=True)
    deviation = serializers.CharField(allow_null=True)


class BeyondOutput(AmountOutput):
    """A limit beyond which a rule counts, and on which side of it."""

    side = serializers.ChoiceField(["high", "low"])


class DurationsOutput(serializers.Serializer):
    """How long a phase was in each state."""

    inside = AmountOutput()
    alert = AmountOutput()
    action = AmountOutput()
    unknown = AmountOutput()


class ExposureRowOutput(serializers.Serializer):
    """What one rule says of one phase; what was not measured is null."""

    phase = serializers.CharField()
    rule = serializers.CharField()
    rule_version = serializers.IntegerField()
    rule_set = serializers.CharField()
    evaluation_version = serializers.IntegerField()
    final = serializers.BooleanField()
    parameter = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(["normal", "alert", "unknown", "action"])
    problem = serializers.CharField(allow_blank=True)
    time = DurationsOutput()
    counted_beyond = BeyondOutput(many=True)
    time_outside = AmountOutput(allow_null=True)
    excess_dose = AmountOutput(allow_null=True)
    worst = AmountOutput(allow_null=True)
    coverage = AmountOutput()
    deviations = serializers.ListField(child=serializers.CharField())


class ExposureTotalOutput(serializers.Serializer):
    """A total over the phases that measured it; ``without`` had a rule for it and no data."""

    measure = serializers.ChoiceField(
        ["pump_passes", "shear_dose", "shear_excess_dose", "particle_shear_dose", "residual_potency"]
    )
    value = AmountOutput(allow_null=True)
    bound = serializers.ChoiceField(["exact", "at_least", "at_most", "uncertain"])
    counted_beyond = AmountOutput(allow_null=True)
    phases = serializers.ListField(child=serializers.CharField())
    without = serializers.ListField(child=serializers.CharField())


class HalfLifeOutput(serializers.Serializer):
    """One row of a half-life table: from and to in °C, half-life in h."""

    low_cel = serializers.CharField()
    high_cel = serializers.CharField()
    hours = serializers.CharField()
    matter = serializers.ChoiceField(["liquid", "frozen"])
    basis = serializers.CharField(allow_blank=True)


class AssumptionOutput(serializers.Serializer):
    """What the residual potency of these phases assumes."""

    rule = serializers.CharField()
    rule_version = serializers.IntegerField()
    rule_set = serializers.CharField()
    phases = serializers.ListField(child=serializers.CharField())
    equation = serializers.CharField(allow_blank=True)
    formula = serializers.CharField(allow_blank=True)
    basis = serializers.CharField(allow_blank=True)
    half_lives = HalfLifeOutput(many=True)


class LapseOutput(serializers.Serializer):
    """A time in which the calibration of equipment did not hold while it served a phase; ``tags`` it measured."""

    phase = serializers.CharField()
    equipment = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    calibration_due_date = serializers.DateField()
    from_at = serializers.DateTimeField()
    until_at = serializers.DateTimeField()


class ExposureOutput(serializers.Serializer):
    """What a batch went through, as its newest evaluations recorded it."""

    batch_record = serializers.CharField()
    phases = serializers.ListField(child=serializers.CharField())
    rows = ExposureRowOutput(many=True)
    totals = ExposureTotalOutput(many=True)
    assumptions = AssumptionOutput(many=True)
    calibration_lapses = LapseOutput(many=True)


class SaidOutput(serializers.Serializer):
    """What one version says of one rule of a phase."""

    state = serializers.ChoiceField(["normal", "alert", "unknown", "action"])
    alerts = serializers.IntegerField()
    actions = serializers.IntegerField()


class ChangeOutput(serializers.Serializer):
    """One rule as recorded and as it would be; null where that version has no such rule."""

    rule = serializers.CharField()
    before = SaidOutput(allow_null=True)
    after = SaidOutput(allow_null=True)
    flips = serializers.BooleanField()


class ReplayedOutput(serializers.Serializer):
    """What a replay found of one phase."""

    lot = serializers.CharField()
    batch_record = serializers.CharField()
    phase = serializers.CharField()
    flips = serializers.BooleanField()
    before = serializers.ChoiceField(["normal", "alert", "unknown", "action"])
    after = serializers.ChoiceField(["normal", "alert", "unknown", "action"])
    rules = ChangeOutput(many=True)


class ReplayOutput(serializers.Serializer):
    """A replay of a draft over past batches: what-if, no judgement of a lot. Without a digest it is not finished."""

    what_if = serializers.BooleanField()
    rule_set = serializers.CharField()
    draft_sha256 = serializers.CharField()
    started_at = serializers.DateTimeField()
    started_by = serializers.CharField()
    finished = serializers.BooleanField()
    done = serializers.IntegerField()
    of = serializers.IntegerField()
    flips = serializers.IntegerField()
    sha256 = serializers.CharField(allow_blank=True)
    phases = ReplayedOutput(many=True)


class TimeOutsideOutput(serializers.Serializer):
    """How long a signal was outside of what over all phases; null where it was not measured."""

    parameter = serializers.CharField()
    counted_beyond = BeyondOutput(many=True)
    value = AmountOutput(allow_null=True)
    bound = serializers.ChoiceField(["exact", "at_least", "at_most", "uncertain"])
    phases = serializers.ListField(child=serializers.CharField())
    without = serializers.ListField(child=serializers.CharField())


class LotExposureOutput(ExposureOutput):
    """What a lot went through while it was made."""

    lot = serializers.CharField()
    time_outside = TimeOutsideOutput(many=True)


class MeasuredOutput(serializers.Serializer):
    """One number of one lot; null where it was not measured."""

    key = serializers.CharField()
    value = AmountOutput(allow_null=True)
    bound = serializers.ChoiceField(["exact", "at_least", "at_most", "uncertain"])


class ComparedLotOutput(serializers.Serializer):
    """The numbers of one lot."""

    lot = serializers.CharField()
    batch_record = serializers.CharField()
    issued_at = serializers.DateTimeField()
    measures = MeasuredOutput(many=True)


class StandingOutput(serializers.Serializer):
    """One number of this lot among those of the earlier lots."""

    key = serializers.CharField()
    unit = serializers.CharField()
    value = serializers.CharField(allow_null=True)
    median = serializers.CharField(allow_null=True)
    low = serializers.CharField(allow_null=True)
    high = serializers.CharField(allow_null=True)
    lots = serializers.IntegerField()
    above = serializers.IntegerField()
    place = serializers.ChoiceField(["alone", "unknown", "below", "within", "above"])


class ComparisonOutput(serializers.Serializer):
    """A lot beside the earlier lots of its product."""

    lot = serializers.CharField()
    material = serializers.CharField()
    standings = StandingOutput(many=True)
    lots = ComparedLotOutput(many=True)
