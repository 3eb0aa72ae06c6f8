"""C-1 to C-8: a result is judged as the specification says, replicates as the method fixed them (domain.md 3.0)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from gatekeeper.core.criteria import Outcome
from gatekeeper.core.refusal import Refusal
from release.rules import markets, specification
from release.rules.judgement import judge, judged_lines
from tests.release.dossiers import SPECIFICATION, line, result

THREE = {"replicates": 3, "max_cv": Decimal(20), "average": "arithmetic"}


def test_the_mean_of_three_titres_is_judged_and_reported_with_the_digits_of_the_limit():
    judged = judge(line(**THREE), result(reported="2.6×10^8", replicates=("2.4e8", "2.9e8", "2.6e8")))
    assert (judged.outcome, judged.reported_value) == (Outcome.PASS, "2.6×10^8")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reported": "2.9×10^8", "replicates": ("2.4e8", "2.9e8", "2.6e8")}, "reported_is_not_the_average"),
        ({"reported": "<2.6×10^8", "replicates": ("2.4e8", "2.9e8", "2.6e8")}, "reported_is_not_the_average"),
        ({"reported": "not detected", "replicates": ("2.4e8", "2.9e8", "2.6e8")}, "reported_is_not_the_average"),
        ({"reported": "2.6×10^8", "replicates": ("2.4e8", "2.9e8")}, "replicates_miscounted"),
        ({"reported": "2.6×10^8", "replicates": ("0.4e8", "4.9e8", "2.6e8")}, "replicates_invalid"),
        ({"reported": "2.6×10^8", "replicates": ("a", "b", "c")}, "not_a_number"),
        ({"reported": "2.6×10^8", "replicates": ()}, "too_few_replicates"),
        ({"reported": "ND"}, "ambiguous_result"),
        ({"method": "p24"}, "method_differs"),
        ({"unit": "{vg}/mL", "replicates": ("2.4e8", "2.9e8", "2.6e8")}, "units_differ_in_kind"),
    ],
)
def test_what_cannot_be_judged_is_invalid_and_says_why(changes, code):
    judged = judge(line(**THREE), result(**changes))
    assert (judged.outcome, judged.code) == (Outcome.INVALID, code)


def test_a_mean_that_is_only_reported_stays_as_the_laboratory_rounded_it():
    reported_line = line(**THREE, kind="report", low="")
    judged = judge(reported_line, result(reported="2.6×10^8", replicates=("2.4e8", "2.9e8", "2.6e8")))
    assert (judged.outcome, judged.reported_value) == (Outcome.REPORTED, "2.6×10^8")


def test_a_line_without_a_registered_method_takes_any():
    assert judge(line(method=""), result(method="house method")).outcome is Outcome.PASS


def test_a_line_keeps_what_counts_apart_from_what_counts_no_more():
    (judged_line,) = judged_lines(SPECIFICATION, (result(), result(id=2, superseded=True), result(test="ph")))
    assert judged_line.result is not None
    assert [former.id for former in judged_line.former] == [2]
    (none,) = judged_lines(SPECIFICATION, ())
    assert none.result is None


CONTENT = {
    "code": "LV-DP-SG",
    "version": 1,
    "title": "LV",
    "material": "LV-DP",
    "market": "SG",
    "attribute": [
        {"code": "titre", "title": "Titre", "kind": "at_least", "low": "1.0e8", "unit": "{TU}/mL"}
        | {"replicates": 3, "max_cv": "30", "average": "geometric"},
        {"code": "appearance", "title": "Appearance", "kind": "conforms"},
    ],
}


def test_a_specification_says_its_lines_in_order_with_their_replicates():
    titre, appearance = specification.lines(CONTENT)
    assert (titre.replicates, titre.max_cv, titre.average) == (3, Decimal(30), "geometric")
    assert (appearance.replicates, appearance.asked) == (0, "conforms")
    assert specification.scope(CONTENT["material"], CONTENT["market"]) == "LV-DP/SG"


@pytest.mark.parametrize("scheme", [{"replicates": 3}, {"replicates": 3, "max_cv": "30", "average": "median"}])
def test_a_scheme_of_replicates_is_whole_or_refused(scheme):
    with pytest.raises(Refusal) as refused:
        specification.scheme({"code": "titre"} | scheme)
    assert refused.value.code == "replicate_scheme_incomplete"


def test_a_specification_names_its_material_and_its_market():
    specification.subject(CONTENT)
    with pytest.raises(Refusal) as refused:
        specification.subject({"material": " ", "market": 1})
    assert [fault.params["key"] for fault in refused.value.all] == ["material", "market"]


def test_a_market_says_who_releases_and_what_it_asks_for():
    content = {"code": "SG", "title": "Singapore", "releaser": "Authorised person", "meaning": "Released"}
    content |= {"signatures": ["Authorised person"], "papers": [], "language": "en"}
    assert markets.facts(content).signatures == ("Authorised person",)
    with pytest.raises(Refusal) as refused:
        markets.facts(content | {"signatures": [], "papers": [1], "meaning": None})
    assert [fault.field for fault in refused.value.all] == ["meaning", "signatures", "papers"]


def test_a_criterion_is_the_line_again():
    assert specification.criterion(line()).low_text == "1.0×10^8"
    assert specification.criterion(replace(line(), rounding="ph_eur")).rounding.value == "ph_eur"
