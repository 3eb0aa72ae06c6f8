"""3.0: a specification is a panel of attributes, each with its criterion; every fault of its table is named at once."""

import pytest

from gatekeeper.core.criteria import CriterionKind
from gatekeeper.core.panels import panel
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.rounding import RoundingRule

PH = {"code": "ph", "title": "pH", "kind": "between", "low": "6.9", "high": "7.8", "unit": "[pH]"}


def test_attributes_keep_their_order_and_take_the_panels_rounding():
    read = panel({"rounding": "ph_eur", "attribute": [PH, PH | {"code": "b", "kind": "report", "low": "", "high": ""}]})
    assert [attribute.code for attribute in read.attributes] == ["ph", "b"]
    assert read.attribute("ph").criterion.rounding is RoundingRule.PH_EUR
    assert read.attribute("b").criterion.kind is CriterionKind.REPORT
    assert read.attribute("ph").asked == "6.9 – 7.8"


def test_a_test_that_is_not_asked_for_is_refused():
    with pytest.raises(Refusal) as refused:
        panel({"attribute": [PH]}).attribute("colour")
    assert refused.value.code == "unknown_test"


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([], {"panel_empty"}),
        (["ph"], {"attribute_no_table"}),
        ("ph", {"attribute_no_table"}),
        ([{"code": "ph"}], {"attribute_incomplete"}),
        ([PH, PH], {"attribute_twice"}),
        ([PH | {"kind": "about"}], {"unknown_criterion"}),
        ([PH | {"rounding": "by taste"}], {"unknown_criterion"}),
        ([PH | {"low": "8.0"}], {"limits_not_nested"}),
        ([PH | {"kind": "about"}, PH, PH], {"unknown_criterion", "attribute_twice"}),
    ],
)
def test_every_fault_is_named_at_once(rows, codes):
    with pytest.raises(Refusal) as refused:
        panel({"attribute": rows})
    assert {refusal.code for refusal in refused.value.all} == codes
