"""E-a: a page of the documentation names no file that does not exist."""

import re

import pytest

from tests.architecture import sources

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ENDINGS = ("py", "md", "toml", "html", "css", "js", "sql", "yaml", "yml", "txt", "in", "png", "sh", "json", "po", "typ")
PATH = re.compile(
    rf"(?<![\w/.~$:<>{{-])(?:\.?[\w*-][\w.*-]*/)*\.?[\w*-][\w.*-]*(?:\.(?:{'|'.join(ENDINGS)})|/)(?![\w/<{{])"
)
TOP = "gatekeeper|plasmids|batches|release|tests|docs|templates|static|docker"
ROOTED = re.compile(rf"(?<![\w/.~$:<>{{-])(?:(?:{TOP})|\.ci)/[\w*][\w./*-]*(?![\w/<{{])")
# What a page may name although it is not in the tree, and why.
ELSEWHERE = {
    ".demo/": "made by make demo",
    ".demo/certificates/": "made by make demo",
    ".bench/latest.json": "made by make bench",
    "people/": "a collection of the REST door",
    "roles/": "a collection of the REST door",
    "sites/": "a collection of the REST door",
}


def pages():
    """The pages whose words are checked, with the text of each: of the changelog the newest section."""
    for name in sources.files():
        if name in {"README.md", "CONTRIBUTING.md"} or (name.startswith("docs/") and name.endswith(".md")):
            yield name, sources.text(name)
    sections = re.split(r"^## ", sources.text("CHANGELOG.md"), flags=re.MULTILINE)
    yield "CHANGELOG.md", "## ".join(sections[:2])


def named_in(text):
    """Yield what a page names that looks like a file or a folder: in links, and in spans of code."""
    for match in LINK.finditer(text):
        if "://" not in match[1] and not match[1].startswith("mailto:"):
            yield match[1]
    for span in SPAN.findall(FENCE.sub("", text)):
        if "://" not in span:
            yield from PATH.findall(span)
            yield from ROOTED.findall(span)


def exists(path, page, files):
    """Whether a path, from the root or from its page's folder, is one of the files, a folder or a pattern of them."""
    folder = page.rpartition("/")[0]
    starts = [path.removeprefix("./"), _joined(folder, path)]
    return any(_is_there(start, files) for start in starts)


def _joined(folder, path):
    above = folder.split("/") if folder else []
    for step in path.split("/"):
        above = above[:-1] if step == ".." else above if step == "." else [*above, step]
    return "/".join(above)


def _is_there(path, files):
    pattern = re.escape(path.rstrip("/")).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    # A name without a folder is that of any file of this name: rules/ and forms.py are in every app.
    anywhere = re.compile(rf"(?:.*/)?{pattern}(?:/.*)?")
    return any(anywhere.fullmatch(name) for name in files)


def missing(pages, files):
    """Return (page, path) of everything that these pages name and that is not one of these files."""
    return [
        f"{page}: {path}"
        for page, text in pages
        for path in sorted(set(named_in(text)) - ELSEWHERE.keys())
        if not exists(path, page, files)
    ]


def test_every_file_that_a_page_names_exists():
    assert missing(pages(), sources.files()) == []


def test_every_exception_is_still_needed():
    named = {path for page, text in pages() for path in named_in(text) if not exists(path, page, sources.files())}
    assert ELSEWHERE.keys() - named == set()


FILES = ("README.md", "docs/how-to/operator.md", "release/rules/gate.py", ".ci/check", "docs/pictures/gate.png")
PLANTED = {
    "`release/rules/gate.py`": [],
    "`rules/gate.py` and `rules/`": [],
    "`release/rules/gates.py`": ["release/rules/gates.py"],
    "`release/rules` and `release/gone`": ["release/gone"],
    "`release/*/gate.py` and `**/gate.py`": [],
    "`release/views/*.py`": ["release/views/*.py"],
    "[page](../pictures/gate.png)": [],
    "[page](../pictures/gone.png)": ["../pictures/gone.png"],
    "[page](operator.md#signing)": [],
    "[page](https://example.org/a.md)": [],
    "`POST /api/v1/readings/` and `<app>/queries.py`": [],
    "`python release/rules/gate.py release/gone/`": ["release/gone/"],
    "`.ci/check`": [],
    "words.py outside a span": [],
    "```\\nls gone.py\\n```": [],
}


@pytest.mark.parametrize("text", PLANTED)
def test_a_file_that_is_not_there_is_found(text):
    page = "docs/how-to/reviewer.md"
    assert missing([(page, text.replace("\\n", "\n"))], FILES) == [f"{page}: {path}" for path in PLANTED[text]]
