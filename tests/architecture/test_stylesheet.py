"""E-n: what a page shows can be read in light and in dark, and a tablet loads it quickly."""

import gzip
import hashlib
import re
import tomllib
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
STYLE = (STATIC / "css/gatekeeper.css").read_text()
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", STYLE)
}
STATES = ("inside", "alert", "action", "unknown")
TEXT_PAIRS = [
    *[(text, ground) for text in ("ink", "quiet", "accent") for ground in ("paper", "sheet")],
    ("accent-ink", "accent"),
    ("accent", "accent-wash"),
    ("ink", "accent-wash"),
    *[(state, f"{state}-wash") for state in STATES],
    *[(state, "sheet") for state in STATES],
    *[("ink", f"{state}-wash") for state in STATES],
]


def _luminance(colour: str) -> float:
    # WCAG 2.2, definition of relative luminance.
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(text, ground, scheme):
    assert _contrast(TOKENS[text][scheme], TOKENS[ground][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "sheet"])
def test_the_edge_of_an_entry_field_stands_out_from_its_ground(ground, scheme):
    assert _contrast(TOKENS["edge"][scheme], TOKENS[ground][scheme]) >= 3


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_a_shape_of_its_own_beside_its_colour(state):
    shapes = {one: re.search(rf"\.mark\.{one}::before {{([^}}]+)}}", STYLE)[1] for one in STATES}
    assert list(shapes.values()).count(shapes[state]) == 1


def test_what_every_page_loads_stays_under_sixty_kilobytes_compressed():
    files = [STATIC / "css/gatekeeper.css", *(STATIC / "js").glob("*.js")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < 60_000


def test_a_page_that_draws_stays_under_it_with_what_draws_as_well():
    own = [STATIC / "css/gatekeeper.css", *(STATIC / "js").glob("*.js")]
    drawing = [STATIC / "vendor/uplot/uPlot.iife.min.js", STATIC / "vendor/uplot/uPlot.min.css"]
    assert sum(len(gzip.compress(path.read_bytes())) for path in own + drawing) < 60_000


def test_what_was_taken_from_elsewhere_is_what_its_digest_says():
    for listed in (STATIC / "vendor").glob("*/VENDORED.toml"):
        wanted = tomllib.loads(listed.read_text())
        assert {"name", "version", "licence", "home", "sha256"} <= wanted.keys()
        taken = {path.name for path in listed.parent.iterdir()} - {listed.name}
        found = {name: hashlib.sha256((listed.parent / name).read_bytes()).hexdigest() for name in taken}
        assert found == wanted["sha256"]


def test_the_stylesheet_and_the_scripts_load_nothing_from_elsewhere():
    for path in [STATIC / "css/gatekeeper.css", *(STATIC / "js").glob("*.js")]:
        assert re.search(r"https?://|@import|eval\(|new Function", path.read_text()) is None
