"""What pages say of excursions, evaluations and rules, in words and units."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.excursions.models import Evaluation, Excursion
from batches.excursions.rules.excursion_rules import TOTALS, ExcursionRule, RuleKind
from batches.excursions.rules.excursions import State
from batches.excursions.rules.exposure import Assumption, Bound, Exposure, Measure, Row, Total
from batches.excursions.rules.potency import Matter
from batches.readings.rules.parameters import parameter
from gatekeeper.charts.plots import minutes
from gatekeeper.core.quantity import unit
from gatekeeper.core.rounding import readable
from gatekeeper.core.times import in_zone, moment

_NO_BREAK = "\N{NO-BREAK SPACE}"


def excursion_pairs(excursion: Excursion, *, zone: str) -> list[dict[str, Any]]:
    """Return terms and values of an excursion, as components/definitions.html shows them."""
    content, evaluation = excursion.content, excursion.evaluation
    label = unit(excursion.unit).label
    pairs = [
        _pair(_("Level"), excursion.get_level_display(), state=excursion.level),
        _pair(_("From"), in_zone(excursion.started_at, zone)),
        _pair(_("Until"), in_zone(excursion.ended_at, zone) if excursion.ended_at else _("it lasts")),
        _pair(_("Duration outside"), duration(Decimal(content["duration_s"]))),
    ]
    if content["side"] == "coverage":
        pairs += [
            _pair(_("Coverage"), _percent(content["peak"])),
            _pair(_("Least coverage"), _percent(content["limit"])),
        ]
    else:
        peak_at = in_zone(moment(content["peak_at_us"]), zone)
        dose = Decimal(content["excess_dose"])
        peak, exact = furthest(excursion)
        pairs += [
            _pair(_("Furthest value"), peak, full=exact, note=peak_at),
            _pair(_("Limit"), _limit(evaluation.content["rule"], content["limit"], label)),
            _pair(
                _("Excess dose"),
                amount_of_dose(readable(dose), excursion.unit),
                full=amount_of_dose(dose, excursion.unit),
            ),
        ]
    geometry = evaluation.content["geometry"]
    if geometry:
        pairs.append(_pair(_("Geometry"), geometry_text(geometry)))
    return pairs + _provenance(excursion, zone)


def furthest(excursion: Excursion) -> tuple[str, str]:
    """Return the furthest value of an excursion in its unit as people read it, and with every digit."""
    label, peak = unit(excursion.unit).label, Decimal(excursion.content["peak"])
    of_total = RuleKind(excursion.evaluation.content["rule"]["kind"]) in TOTALS  # its limit is one of the total
    limits = () if of_total else (Decimal(excursion.content["limit"]),)
    return _with_unit(_plain(readable(peak, *limits)), label), _with_unit(_plain(peak), label)


def _provenance(excursion: Excursion, zone: str) -> list[dict[str, Any]]:
    evaluation = excursion.evaluation
    rule, rules = evaluation.content["rule"], evaluation.rule_set
    pairs = [
        _pair(
            _("Rule"),
            f"{rule['code']}, {_('version')} {rule['version']}",
            url=rules.get_absolute_url(),
            note=str(rules),
        ),
        _pair(_("Evaluation"), f"{_('version')} {evaluation.version}", note=in_zone(evaluation.evaluated_at, zone)),
        _pair(_("Digest of the data"), evaluation.data_sha256) | {"code": True},
    ]
    if excursion.deviation:
        url = reverse("batches:deviation_detail", args=[excursion.deviation.number])
        pairs.append(
            _pair(_("Deviation"), excursion.deviation.number, url=url, note=excursion.deviation.get_status_display())
        )
    if excursion.withdrawn_at:
        pairs.append(
            _pair(_("Withdrawn"), in_zone(excursion.withdrawn_at, zone), note=_("later readings do not show it"))
        )
    return pairs


def evaluation_rows(evaluations: Iterable[Evaluation], *, zone: str) -> list[tuple[object, ...]]:
    """Return the versions of an evaluation as rows of a table."""
    return [
        (
            row.version,
            row.get_state_display(),
            _("yes") if row.final else _("no"),
            in_zone(row.evaluated_at, zone),
            row.evaluated_by.full_name,
            row.data_sha256[:12],
        )
        for row in evaluations
    ]


def rule_rows(rules: Iterable[ExcursionRule]) -> list[tuple[str, ...]]:
    """Return the rules of a set as rows of a table."""
    return [
        (
            rule.code,
            f"{parameter(rule.parameter).title}, {unit(rule.unit).label}".rstrip(", "),
            rule.kind.value.replace("_", " "),
            _bounds(rule, "alert"),
            _bounds(rule, "action"),
            f"{rule.t_on_s}{_NO_BREAK}s, {rule.t_off_s}{_NO_BREAK}s",
            ", ".join(rule.phases) or _("all"),
        )
        for rule in rules
    ]


def exposure_rows(rows: Iterable[Row], *, marks: Mapping[State, str]) -> list[dict[str, Any]]:
    """Return the rows of an exposure in words; what was not measured says so."""
    return [_exposure_row(row) | {"mark": marks[row.state]} for row in rows]


def _exposure_row(row: Row) -> dict[str, Any]:
    label = unit(row.rule.unit).label
    nothing = "–" if row.measured else _("not measured")
    return {
        "row": row,
        "title": parameter(row.rule.parameter).title,
        "word": Evaluation.State(row.state.value).label,
        "beyond": [f"{_WORDS[side]()} {_with_unit(_plain(limit), label)}" for side, limit in row.beyond],
        "outside": nothing if row.time_outside is None else minutes(row.time_outside),
        **_texts("dose", row.excess_dose, lambda dose: amount_of_dose(dose, row.rule.unit), nothing),
        **_texts(
            "worst",
            row.worst,
            lambda worst: _with_unit(_plain(worst), label),
            nothing,
            *(limit for _side, limit in row.beyond),
        ),
        "coverage": _percent(str(row.coverage)),
    }


def _texts(
    name: str, value: Decimal | None, written: Callable[[Decimal], str], nothing: str, *limits: Decimal
) -> dict[str, str]:
    """A number under its name as people read it, and as ``name_full`` with every digit."""
    if value is None:
        return {name: nothing, f"{name}_full": nothing}
    return {name: written(readable(value, *limits)), f"{name}_full": written(value)}


_WORDS = {"high": lambda: _("above"), "low": lambda: _("below")}


def total_rows(exposure: Exposure) -> list[dict[str, Any]]:
    """Return the totals of an exposure in words, each with the phases that it covers and what it is a bound of."""
    return [
        {
            "title": measure_title(total.measure, total.beyond),
            "value": measure_value(total.measure, total.value and readable(total.value, *_whole(total)), total.bound),
            "full": measure_value(total.measure, total.value, total.bound),
            "phases": ", ".join(total.phases),
            "count": len(total.phases),
            "of": len(exposure.phases),
            "without": ", ".join(total.without),
            "bound": total.bound is not Bound.EXACT and bool(total.phases),
        }
        for total in exposure.totals
    ]


def _whole(total: Total) -> tuple[Decimal, ...]:
    """What a residual is less than, however little was lost."""
    return (Decimal(1),) if total.measure is Measure.RESIDUAL else ()


def measure_title(measure: Measure, beyond: Decimal | None) -> str:
    """Return what is added up over a batch, in words, with the limit of an excess dose."""
    titles = {
        Measure.PUMP_PASSES: _("Passes through the pump"),
        Measure.SHEAR_DOSE: _("Shear dose"),
        Measure.SHEAR_EXCESS: _("Excess shear dose"),
        Measure.PARTICLE_DOSE: _("Shear dose of a particle"),
        Measure.RESIDUAL: _("Residual potency"),
    }
    title = titles[measure]
    if beyond is None:
        return title
    return _("%(title)s above %(limit)s") % {"title": title, "limit": f"{_plain(beyond)}{_NO_BREAK}s⁻¹"}


def measure_value(measure: Measure, value: Decimal | None, bound: Bound) -> str:
    """Return a total in its unit, with what it is a bound of."""
    if value is None:
        return _("not measured")
    if measure is Measure.RESIDUAL:
        figure = f"{_plain(value * 100)}{_NO_BREAK}%"
    elif measure is Measure.PUMP_PASSES:
        figure = amount_of_dose(value, "{pass}/s")
    else:
        figure = amount_of_dose(value, "1/s")
    return bounded(figure, bound)


def bounded(figure: str, bound: Bound) -> str:
    """Return a number with what it is a bound of."""
    prefixes = {Bound.AT_LEAST: _("at least"), Bound.AT_MOST: _("at most"), Bound.UNCERTAIN: _("about")}
    return f"{prefixes[bound]} {figure}" if bound in prefixes else figure


def limits_text(beyond: Iterable[tuple[str, Decimal]], code: str) -> str:
    """Return the limits beyond which something counts, in this unit."""
    label = "" if code == "[pH]" else unit(code).label  # "above 8 pH" is no sentence
    return ", ".join(f"{_WORDS[side]()} {_with_unit(_plain(limit), label)}" for side, limit in beyond)


def assumption_rows(assumptions: Iterable[Assumption]) -> list[dict[str, Any]]:
    """Return what the residual potency assumes, with each half-life table as rows."""
    return [
        {
            "assumption": assumption,
            "phases": ", ".join(assumption.phases),
            "half_lives": [
                (
                    f"{row.low_cel}{_NO_BREAK}°C"
                    if row.low_cel == row.high_cel
                    else f"{row.low_cel} – {row.high_cel}{_NO_BREAK}°C",
                    f"{row.hours}{_NO_BREAK}h",
                    _("frozen") if row.matter is Matter.FROZEN else _("liquid"),
                    row.basis or "–",
                )
                for row in assumption.half_lives
            ],
        }
        for assumption in assumptions
    ]


def duration(seconds: Decimal) -> str:
    """Return seconds as hours, minutes and seconds."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (left, "s")]
    text = " ".join(f"{count}{_NO_BREAK}{name}" for count, name in parts if count)
    return text or f"{seconds.normalize():f}{_NO_BREAK}s"


def amount_of_dose(amount: Decimal, code: str) -> str:
    """Return a dose of a signal in this unit: a rate of countable things gives the things."""
    return f"{_plain(amount)}{_NO_BREAK}{_dose_label(code)}"


def _dose_label(code: str) -> str:
    label = unit(code).label
    return label.removesuffix("/s") if code.startswith("{") else f"{label}·s"


def geometry_text(geometry: Mapping[str, Any]) -> str:
    """Return a module in one line."""
    if "n_fibres" in geometry:
        module = _("%(n)s fibres, %(d)s mm inner diameter, %(l)s m long") % {
            "n": geometry["n_fibres"],
            "d": geometry["diameter_mm"],
            "l": geometry["length_m"],
        }
    else:
        module = _("channel %(w)s m wide, %(h)s mm high") % {"w": geometry["width_m"], "h": geometry["height_mm"]}
    if "version" not in geometry:
        return module
    return f"{module} ({geometry['equipment']}, {_('version')} {geometry['version']})"


def _bounds(rule: ExcursionRule, level: str) -> str:
    if rule.kind in TOTALS:
        total = getattr(rule, f"{level}_total")
        return "–" if total is None else f">{_NO_BREAK}{total}{_NO_BREAK}{_total_unit(rule.kind, rule.unit)}"
    low, high = getattr(rule, f"{level}_low"), getattr(rule, f"{level}_high")
    sides = (("<", low), (">", high))
    # "– 4000" would be read as a negative number: what is said is beyond which value it is an excursion.
    return ", ".join(f"{sign}{_NO_BREAK}{limit}" for sign, limit in sides if limit is not None) or "–"


def _limit(rule: Mapping[str, Any], limit: str, label: str) -> str:
    kind = RuleKind(rule["kind"])
    if kind in TOTALS:
        return f"{limit}{_NO_BREAK}{_total_unit(kind, rule['unit'])} {_('in all')}"
    return _with_unit(limit, label)


def _total_unit(kind: RuleKind, code: str) -> str:
    if kind is RuleKind.COUNT:
        return _("times")
    return "s" if kind is RuleKind.CUMULATIVE_TIME else _dose_label(code)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _percent(share: str) -> str:
    return f"{Decimal(share) * 100:.1f}{_NO_BREAK}%"


def _with_unit(figure: str, label: str) -> str:
    return f"{figure}{_NO_BREAK}{label}".strip()


def _pair(term: str, value: str, *, full: str = "", state: str = "", url: str = "", note: str = "") -> dict[str, Any]:
    mark, text = (value, "") if state else ("", value)
    return {"term": term, "value": text, "full": full, "state": state, "mark": mark, "url": url, "note": note}
