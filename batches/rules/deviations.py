"""What the machine-made deviations say: the sentences of each code, filled with the parameters that are recorded."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeviationText:
    """Title and description of a code, English sentences with ``{named}`` parameters; readers get them translated."""

    title: str
    description: str

    def filled(self, params: Mapping[str, str]) -> "DeviationText":
        """Return title and description in English.

        :raises KeyError: a parameter is missing.
        """
        return DeviationText(self.title.format(**params), self.description.format(**params).strip())


_SO_LONG = "{phase}: {signal} outside its limits for too long in all ({rule})"
_SO_MUCH = "{phase}: {signal}, too large a dose in all ({rule})"
_SO_OFTEN = "{phase}: {signal} outside its limits too often ({rule})"
_OUTSIDE = (
    "Rule {rule} version {version}: outside from {since} for {duration_s} s, furthest {peak} {unit}, limit {limit}, "
    "excess dose {excess_dose} {unit}·s. {basis}"
)

# A code is permanent: records name it. A sentence may be improved as long as its parameters stay.
TEXTS: Mapping[str, DeviationText] = {
    "control_not_done": DeviationText("{control}: not done", "Not done: {reason}"),
    "control_outside": DeviationText("{control}: {value}", "{control}: {value} in phase {phase}, {limit}."),
    "control_unjudged": DeviationText(
        "{control}: {value}", "{control}: {value} in phase {phase}, which the limits cannot judge."
    ),
    "quantity_off": DeviationText(
        "{material}: {used} used, {needed} asked for",
        "{material}: {used} used, {needed} asked for, ± {tolerance} % in phase {phase}.",
    ),
    "hold_exceeded": DeviationText(
        "Hold after {after}: {elapsed_h} h of {limit_h} h",
        "Phase {phase} began {elapsed_h} h after the end of {after} ({temperature_class}).",
    ),
    "yield_outside": DeviationText(
        "Yield of {phase}: {step} %, overall {overall} %",
        "Yield of {phase}: {step} %, overall {overall} %, outside the limits of the master batch record.",
    ),
    "yield_not_computable": DeviationText(
        "Yield of {phase}: not computable", "Yield of {phase}: not computable: {reason}."
    ),
    "excursion_high": DeviationText("{phase}: {signal} above its action limit ({rule})", _OUTSIDE),
    "excursion_low": DeviationText("{phase}: {signal} below its action limit ({rule})", _OUTSIDE),
    "excursion_coverage": DeviationText(
        "{phase}: too few readings of {signal} ({rule})",
        "Rule {rule} version {version}: {peak} % of the phase has trusted readings, at least {limit} % are required. "
        "{basis}",
    ),
    "excursion_time": DeviationText(
        _SO_LONG,
        "Rule {rule} version {version}: {duration_s} s in all since {since}, limit {limit}, furthest {peak} {unit}. "
        "{basis}",
    ),
    "excursion_time_bounded": DeviationText(
        _SO_LONG,
        "Rule {rule} version {version}: {duration_s} s in all since {since}, gaps taken as the worst case, "
        "limit {limit}, furthest {peak} {unit}. {basis}",
    ),
    "excursion_dose": DeviationText(
        _SO_MUCH,
        "Rule {rule} version {version}: {excess_dose} {unit}·s in all since {since}, limit {limit}, "
        "furthest {peak} {unit}. {basis}",
    ),
    "excursion_dose_bounded": DeviationText(
        _SO_MUCH,
        "Rule {rule} version {version}: {excess_dose} {unit}·s in all since {since}, gaps taken as the worst case, "
        "limit {limit}, furthest {peak} {unit}. {basis}",
    ),
    "excursion_count": DeviationText(
        _SO_OFTEN,
        "Rule {rule} version {version}: {count} times in all since {since}, limit {limit}, furthest {peak} {unit}. "
        "{basis}",
    ),
    "excursion_count_bounded": DeviationText(
        _SO_OFTEN,
        "Rule {rule} version {version}: {count} times in all since {since}, gaps taken as the worst case, "
        "limit {limit}, furthest {peak} {unit}. {basis}",
    ),
}
