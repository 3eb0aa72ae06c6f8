"""F-3, G-5: a specification names a material and a market that are there; lots are judged by what is in force."""

import pytest
from django.urls import reverse

from gatekeeper.core.refusal import Refusal
from gatekeeper.lots.models import Lot
from release import queries
from release.rules import markets, specification
from tests.documents.making import approve, draft
from tests.doors import signed_in, upload
from tests.lots.making import make_material
from tests.release.making import DATA, make_markets

SINGAPORE = (DATA / "markets" / "sg.toml").read_bytes()
PRODUCT = (DATA / "lv_dp_sg.toml").read_bytes()
LATER = SINGAPORE.replace(b"version = 1", b"version = 2").replace(b"Released for supply in Singapore", b"Released")


def test_markets_and_a_specification_are_shown_as_their_kind_shows_them(people):
    make_material(people, "LV-DP")
    make_markets(people)
    mei, quinn = signed_in(people["mei"]), signed_in(people["quinn"])
    for code, words in (("SG", "Singapore"), ("JP", "Factory shipment decided"), ("IN", "RCGM reference")):
        assert words in quinn.get(reverse("documents:market_detail", args=[code, 1])).content.decode()
    written = upload(mei, reverse("documents:specification_import"), PRODUCT).url
    assert written == reverse("documents:specification_detail", args=["LV-DP-SG", 1])
    assert "replicates, %CV" in quinn.get(written).content.decode()
    for name in ("market_import", "specification_import"):
        assert quinn.get(reverse(f"documents:{name}")).status_code == 403


def test_one_specification_and_one_market_are_read_over_rest(people):
    make_material(people, "LV-DP")
    make_markets(people)
    approve(people["arun"], draft(people["mei"], specification.KIND, PRODUCT))
    quinn = signed_in(people["quinn"])
    row = quinn.get("/api/v1/specifications/LV-DP-SG/versions/1/").json()
    assert (row["status"], row["market"], row["scope"]) == ("approved", "SG", "LV-DP/SG")
    assert quinn.get("/api/v1/specifications/LV-DP-SG/versions/2/").status_code == 404
    assert quinn.get("/api/v1/markets/JP/versions/1/").json()["content"]["language"] == "ja"


def test_a_lot_is_released_for_what_is_in_force_of_its_market(people):
    make_material(people, "LV-DP")
    make_markets(people)
    assert queries.market_named("SG").meaning == "Released for supply in Singapore"
    later = draft(people["mei"], markets.KIND, LATER)
    assert queries.market_named("SG").meaning == "Released for supply in Singapore"
    approve(people["arun"], later)
    assert queries.market_named("SG").meaning == "Released"
    with pytest.raises(Refusal) as refused:
        queries.market_named("XX")
    assert refused.value.code == "unknown_market"


def test_a_lot_has_the_markets_that_its_material_is_specified_for(people):
    make_markets(people)
    lot = Lot(number="LV-1", material=make_material(people, "LV-DP"))
    assert queries.markets_of(lot) == []
    assert queries.first_market(lot).code == "AU"  # the first there is
    approve(people["arun"], draft(people["mei"], specification.KIND, PRODUCT))
    assert [market.code for market in queries.markets_of(lot)] == ["SG"]
