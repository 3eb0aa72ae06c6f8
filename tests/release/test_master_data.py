"""F-3, G-5: what a market asks for and what a product must meet for it is imported on pages, and frozen by approval."""

import pytest
from django.urls import reverse

from gatekeeper.accounts.models import Site
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from release.actions.specifications import approve_specification, import_markets, import_specification
from release.models import Market, Specification
from tests.doors import signed_in, upload
from tests.lots.making import make_material
from tests.release.making import DATA

MARKETS, PRODUCT = (DATA / "markets.toml").read_bytes(), (DATA / "lv_dp_sg.toml").read_bytes()
LATER = MARKETS.replace(b"Released for supply in Singapore", b"Released")


def approved(people):
    """The shipped specification for Singapore, approved."""
    make_material(people, "LV-DP")
    common = {"by": people["mei"], "site": Site.objects.get(code="SG01")}
    import_markets(**common, toml=MARKETS)
    draft = import_specification(**common, toml=PRODUCT)
    arun = people["arun"]
    return approve_specification(by=arun, credentials=credentials(arun), site=common["site"], specification=draft)


def test_markets_and_a_specification_are_imported_on_pages_and_shown(people):
    make_material(people, "LV-DP")
    mei, quinn = signed_in(people["mei"]), signed_in(people["quinn"])
    markets, versions = reverse("release:market_list"), reverse("release:specification_list")
    assert "No market yet" in quinn.get(markets).content.decode()
    assert reverse("release:market_import") not in quinn.get(markets).content.decode()
    assert mei.get(reverse("release:market_import")).status_code == 200
    assert upload(mei, reverse("release:market_import"), MARKETS).url == markets
    page = quinn.get(markets).content.decode()
    for words in ("Singapore", "Factory shipment decided", "RCGM reference"):
        assert words in page
    assert markets in quinn.get(versions).content.decode()
    assert reverse("release:specification_import") in mei.get(versions).content.decode()
    draft = upload(mei, reverse("release:specification_import"), PRODUCT).url
    assert draft == reverse("release:specification_detail", args=["LV-DP-SG", 1])
    assert "replicates, %CV" in quinn.get(draft).content.decode()
    for name in ("market_import", "specification_import"):
        assert quinn.get(reverse(f"release:{name}")).status_code == 403


def test_one_specification_and_one_market_are_read_over_rest(people):
    approved(people)
    quinn = signed_in(people["quinn"])
    answer = quinn.get("/api/v1/specifications/LV-DP-SG/versions/1/").json()
    assert (answer["status"], answer["market"]) == ("approved", "SG")
    assert quinn.get("/api/v1/specifications/LV-DP-SG/versions/2/").status_code == 404
    assert quinn.get("/api/v1/markets/JP/").json()["profile"]["language"] == "ja"
    assert quinn.get("/api/v1/markets/XX/").json()["code"] == "unknown_market"


def test_a_market_takes_its_new_profile_only_until_a_specification_for_it_is_approved(people):
    mei, site = people["mei"], Site.objects.get(code="SG01")
    import_markets(by=mei, site=site, toml=LATER)
    approved(people)  # imports the shipped one again: nothing is approved for it yet
    assert Market.objects.get(code="SG").profile["meaning"] == "Released for supply in Singapore"
    import_markets(by=mei, site=site, toml=MARKETS)  # unchanged, so nothing to refuse
    with pytest.raises(Refusal) as refused:
        import_markets(by=mei, site=site, toml=LATER)
    assert (refused.value.code, refused.value.field) == ("market_in_use", "code")
    page = upload(signed_in(mei), reverse("release:market_import"), LATER)
    assert (page.status_code, page.context["refusal"].code) == (409, "market_in_use")
    assert Market.objects.get(code="SG").profile["meaning"] == "Released for supply in Singapore"
    other = MARKETS.replace(b"Factory shipment decided", b"Shipment decided")
    import_markets(by=mei, site=site, toml=other)
    assert Market.objects.get(code="JP").profile["meaning"] == "Shipment decided"
    assert Specification.objects.get().market.code == "SG"
