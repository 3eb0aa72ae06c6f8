"""E-a: names, docstrings and pages use the words of the field and of the framework, not a private language.

The tables are those of docs/architecture.md, *Names and words*.
"""

import ast
import io
import re
import tokenize

import pytest

from tests.architecture import pending, sources
from tests.architecture.sources import Home

# As a whole name these stand for nothing: a row, a result, a phase, what exists already have names of their own.
FILLERS = {
    "one",
    "found",
    "known",
    "given",
    "asked",
    "held",
    "kept",
    "shown",
    "said",
    "told",
    "taken",
    "wanted",
    "meant",
}
# As a whole name of something else than what the word says; inside a longer name they say what it is.
PRIVATE_NAMES = {"parts", "facts", "past", "pictures", "waiting", "together", "limit_words", "reading_of", "ground"}
# In any part of a name.
PRIVATE_PARTS = {
    "look", "looks", "looking", "watch", "watches", "watching", "watched", "carried", "away", "ring", "rings", "rung",
    "bell", "bells", "doorbell", "doorbells", "settle", "settles", "settled", "settling", "acting", "spoken", "tell",
    "tells", "standing",
}  # fmt: skip
PRIVATE_TEXT = re.compile(
    r"\b(?:door)?bells?\b|\b(?:rings?|rang|rung) (?:the|a|its|for|when|once|at)\b"
    r"|\b(?:a|the|each|every|next|this|that|its|one) look\b(?! (?:at|like)\b)|\blooks of\b"
    r"|\bsettl(?:e|es|ed|ing)\b|\bbody of a frame\b|\btak(?:e|es|en) note\b|\btook note\b"
    r"|\b(?:machine|token)'s standing\b|\baccountability page\b|\bwho speaks\b|\bspoken for\b"
    r"|\bwatched (?:for|phases?|signals?)\b|\b(?:the|a|its|each) watch(?:ing)?\b|\bwaits? for whom\b"
    r"|\blimit_words\b|\breading_of\b",
    re.IGNORECASE,
)
TAGS = re.compile(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", re.DOTALL)
SENTENCES = re.compile(r"""{%\s*(?:translate|trans)\s+"([^"]*)\"""")
# Where the words are named themselves, or are somebody else's: recorded names and those of the REST door stay.
EXEMPT = (
    Home("tests/architecture/test_vocabulary.py", "names the words"),
    Home("docs/reference/*", "generated"),
    Home("static/vendor/*", "written by others"),
)
RECORDED = (Home("*/serializers.py", "fields of the REST door"), Home("*/serializers/*.py", "fields of the REST door"))


def is_private(name):
    """Whether an identifier is a filler, or a word of the private language, or has one among its parts.

    The name of a test is a sentence, and read as one.
    """
    if name.startswith("test_"):
        return bool(PRIVATE_TEXT.search(name.replace("_", " ")))
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)]
    whole = "_".join(words)
    return whole in FILLERS | PRIVATE_NAMES or bool(PRIVATE_PARTS.intersection(words))


def names_in(tree):
    """Yield (name, line) of everything that a module gives a name to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name, node.lineno


def words_in_python(name, text):
    """Yield (file, description) of each private name in a module, and each private word of its prose."""
    tree = ast.parse(text)
    fields = _class_fields(tree) if sources.home_of(name, RECORDED) else set()
    for identifier, line in names_in(tree):
        if is_private(identifier) and (identifier, line) not in fields:
            yield name, f"{name}:{line}: {identifier}"
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        prose = token.type == tokenize.COMMENT or (token.type == tokenize.STRING and " " in token.string)
        for match in PRIVATE_TEXT.finditer(token.string) if prose else ():
            yield name, f"{name}:{token.start[0]}: {match[0]}"


def _class_fields(tree):
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    bodies = [target for node in classes for line in node.body for target in _targets(line)]
    return {(target.id, target.lineno) for target in bodies if isinstance(target, ast.Name)}


def _targets(line):
    return line.targets if isinstance(line, ast.Assign) else [line.target] if isinstance(line, ast.AnnAssign) else []


def words_in_template(name, text):
    """Yield (file, description) of each private word that a reader of the page sees."""
    visible = [TAGS.sub(lambda tag: "\n" * tag[0].count("\n"), text)]
    for part in (*visible, *SENTENCES.findall(text)):
        for match in PRIVATE_TEXT.finditer(part):
            yield name, f"{name}: {match[0]}"


def words_in_page(name, text):
    """Yield (file, description) of each private word of a page of the documentation."""
    for match in PRIVATE_TEXT.finditer(text):
        yield name, f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"


def findings():
    """Return every (file, description), in all sources, tests, templates and pages."""
    found = []
    for name in sources.files():
        if sources.home_of(name, EXEMPT) or "/migrations/" in name:
            continue
        if name.endswith(".py"):
            found += words_in_python(name, sources.text(name))
        elif name.startswith("templates/"):
            found += words_in_template(name, sources.text(name))
        elif name.endswith(".md") and name != "CHANGELOG.md":
            found += words_in_page(name, sources.text(name))
    return found


@pytest.fixture(scope="module")
def every_finding():
    return findings()


def test_no_file_speaks_more_of_a_private_language_than_it_did(every_finding):
    assert pending.grown("words", every_finding) == []


def test_what_was_cleaned_stays_clean(every_finding):
    assert pending.shrunk("words", every_finding) == [], "python -m tests.architecture.pending lowers the table"


PLANTED = {
    "one = 1": ["one"],
    "for found in rows: pass": ["found"],
    "def f(*, asked): pass": ["asked"],
    "class DoorBell: pass": ["DoorBell"],
    "def settle_dispute(): pass": ["settle_dispute"],
    "frame.carried = 1": ["carried"],
    "import queue as bell": ["bell"],
    "_kept = {}": ["_kept"],
    "def look_at(frame): pass": ["look_at"],
    'def f():\n    """Ring the bell of a worker."""': ["Ring the", "bell"],
    "x = 1  # until it is settled": ["settled"],
    "def test_the_bell_is_rung(): pass": ["test_the_bell_is_rung"],
    "def test_a_fault_tells_nothing(): pass": [],
    "known_tags = 1\nparts_of_a_frame = 2\nstring = 'bell'\ntelling = 1\noutlook = 2": [],
    'def f():\n    """Look at the frames that are known."""': [],
}


@pytest.mark.parametrize("text", PLANTED)
def test_a_private_word_in_a_module_is_found(text):
    assert [description.split(": ", 1)[1] for _, description in words_in_python("a.py", text)] == PLANTED[text]


def test_a_private_word_on_a_page_is_found_and_markup_is_not():
    page = '<p class="bell">{% translate "Settle it" %}</p>{# the bell #}<b>rings the bell {{ bell }}</b>'
    assert [description for _, description in words_in_template("a", page)] == ["a: rings the", "a: bell", "a: Settle"]
    assert [description for _, description in words_in_page("a", "x\\nthe doorbell")] == ["a:1: doorbell"]


def test_a_field_of_the_rest_door_keeps_its_name_and_a_variable_beside_it_does_not():
    text = "class Answer(Serializer):\n    settled = Field()\n\nsettled = 1"
    assert [line for _, line in words_in_python("lots/serializers.py", text)] == ["lots/serializers.py:4: settled"]
