"""E-n: every page is made of the same parts, small enough to review, and free of inline script and style."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
INLINE = re.compile(r"""<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:|hx-on""", re.IGNORECASE)
SCRIPT = re.compile(r"<script\b(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL)
INCLUDE = re.compile(r"""{%\s*include\s+"(?P<path>[^"]+)"(?P<rest>[^%]*)%}""")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_linter_has_nothing_to_say():
    command = [sys.executable, "-m", "djlint", "templates", "--lint", "--quiet"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_template_is_short_enough_to_review(path):
    assert len(path.read_text().splitlines()) <= 120


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_template_holds_no_inline_script_or_style_which_the_policy_would_block(path):
    text = path.read_text()
    assert INLINE.search(text) is None
    for script in SCRIPT.finditer(text):
        assert "src=" in script["attributes"]
        assert not script["body"].strip()


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_an_included_component_exists_and_sees_only_what_it_is_given(path):
    for include in INCLUDE.finditer(path.read_text()):
        assert (ROOT / "templates" / include["path"]).is_file(), include["path"]
        if include["path"].startswith("components/"):
            assert include["rest"].rstrip().endswith("only"), include[0]


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_every_form_that_writes_carries_its_token_against_forgery(path):
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", path.read_text(), re.DOTALL):
        assert "csrf_token" in form


def test_a_signature_shows_printed_name_meaning_time_with_zone_and_digest():
    text = (ROOT / "templates/components/signature.html").read_text()
    for part in ("printed_name", "meaning", "signed_at|local_time:zone", "digest"):
        assert f"signature.{part}" in text


def test_the_signature_dialog_asks_for_both_components_and_remembers_neither():
    text = (ROOT / "templates/components/credentials.html").read_text()
    for name in ("username", "password"):
        field = re.search(rf'<input[^%]*?name="{name}".*?>', text, re.DOTALL)[0]
        assert 'autocomplete="off"' in field
        assert "required" in field
        assert "value=" not in field


def test_the_scripts_find_every_sentence_that_they_say():
    said = set()
    for path in (ROOT / "static/js").glob("*.js"):
        text = path.read_text()
        for call in re.findall(r"""words\(([^;]*?)[,)]""", text):
            said |= set(re.findall(r'"(\w+)"', call))
    offered = set(re.findall(r'data-word="(\w+)"', (ROOT / "templates/components/words.html").read_text()))
    assert said
    assert said <= offered
