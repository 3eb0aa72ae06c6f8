"""I-2: every word that a person reads can be translated."""

import ast
import re

import pytest

from tests.architecture import sources

TEMPLATES = [name for name in sources.files() if "templates/" in name and name.endswith(".html")]
# What is left of a template once everything that is not read by a person, or is translated, is taken away.
TRANSLATED = re.compile(r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", re.DOTALL)
COMMENTS = re.compile(
    r"{%\s*comment\b.*?{%\s*endcomment\s*%}|{#.*?#}|<!--.*?-->|<(style|script|svg|code)\b.*?</\1>", re.DOTALL
)
TAGS = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
READ_ATTRIBUTES = re.compile(r'\b(?:title|alt|placeholder|aria-label|aria-description|label)="([^"]*)"')
MARKUP = re.compile(r"<[^>]*>", re.DOTALL)
ATTRIBUTES = re.compile(r'[\w-]+="[^"]*"')  # a component may hold nothing but attributes of a tag around it
WORD = re.compile(r"[^\W\d_]{2,}")
# The product's own name, symbols of units and marks that are the same in every language.
NAMES = {
    "Gatekeeper", "JSON", "PDF", "CV", "SHA", "pH", "REST", "API", "bp", "mL", "kDa", "mS", "mPa",
    "nbsp", "middot", "times", "hellip", "rarr", "larr", "ndash", "mdash",
}  # fmt: skip


def _words(text):
    return [word for word in WORD.findall(text) if word not in NAMES]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_no_word_outside_a_translation(name):
    text = TRANSLATED.sub(" ", COMMENTS.sub(" ", sources.text(name)))
    text = TAGS.sub(" ", text)
    in_attributes = [word for found in READ_ATTRIBUTES.findall(text) for word in _words(found)]
    assert not in_attributes + _words(ATTRIBUTES.sub(" ", MARKUP.sub(" ", text)))


def _spoken(call):
    """Yield the texts of a form field or a column that a person reads."""
    for keyword in call.keywords:
        if keyword.arg in {"label", "help_text", "empty_label"} and isinstance(keyword.value, ast.Constant):
            yield keyword.value


def test_labels_of_forms_are_translated():
    bare = [
        f"{sources.where(name, text)} {text.value!r}"
        for name in sources.python()
        if name.endswith("forms.py") or "/forms/" in name
        for call in sources.calls(name)
        for text in _spoken(call)
        if isinstance(text.value, str) and _words(text.value)
    ]
    assert not bare, "\n".join(bare)


def test_a_translated_sentence_is_never_put_together_from_variables_before_it_is_translated():
    spoiled = [
        sources.where(name, call)
        for name in sources.python()
        for call in sources.calls(name)
        if sources.dotted(call.func) in {"_", "gettext", "gettext_lazy", "ngettext"}
        and call.args
        and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert not spoiled, "\n".join(spoiled)
