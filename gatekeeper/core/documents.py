"""A kind of controlled document: how it is named, who writes and approves it, what its file must say.

An app declares its kinds in ``<app>/documents.py``; ``settings.DOCUMENT_KINDS`` names them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gatekeeper.core.naming import natural_key
from gatekeeper.core.refusal import Refusal

LONGEST_CODE, LONGEST_TITLE, LONGEST_SCOPE = 40, 160, 120
_LARGEST_VERSION = 2**31 - 1

type Tables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Heading:
    """Which version of which document it is."""

    code: str
    version: int
    title: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A text of the content that lists and endpoints show by this name; ``path`` is where it stands."""

    name: str
    label: Any
    path: str

    def of(self, content: Tables) -> str:
        """Return the text."""
        value: Any = content
        for key in self.path.split("."):
            value = value[key]
        return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentKind:
    """One kind of controlled document.

    ``code`` is in records and signatures, ``address`` in the addresses of pages and endpoints. ``titles`` is its name
    in the plural, ``text`` what its file is. ``heading`` names the table of code, version and title, empty where they
    stand at the top. All that follows raises every fault as one Refusal, at its dotted path:

    ``content(tables)`` returns what is recorded of a file's tables. ``scope(heading, content)`` returns what the
    document governs: of one scope one document is in force at a time. ``check(content)`` looks at other records.
    ``check_approval(document)`` says what an approval waits for, and ``signed(document)`` what it binds beside the
    content. ``present(document, request)`` returns what ``template`` shows; ``items`` of it are shown where one signs.
    """

    code: str
    address: str
    title: Any
    titles: Any
    text: Any
    view: str
    author: str
    approve: str
    template: str
    content: Callable[[Tables], Tables]
    present: Callable[[Any, Any], Tables]
    heading: str = ""
    facts: tuple[Fact, ...] = ()
    scope: Callable[[Heading, Tables], str] = lambda heading, _content: heading.code
    check: Callable[[Tables], None] = lambda _content: None
    check_approval: Callable[[Any], None] = lambda _document: None
    signed: Callable[[Any], Tables] = lambda _document: {}

    def path(self, key: str) -> str:
        """Return where a field of the heading stands."""
        return f"{self.heading}.{key}" if self.heading else key


def heading_of(kind: DocumentKind, tables: Tables, faults: list[Refusal]) -> Heading:
    """Return the heading of a document's tables; what is wrong with it is added to the faults.

    ``table_missing``, ``blank_value``, ``text_too_long``, ``key_malformed``, ``version_invalid``.
    """
    head = tables.get(kind.heading) if kind.heading else tables
    if not isinstance(head, Mapping):
        faults.append(Refusal("table_missing", "“{key}” must be a table.", field=kind.heading, key=kind.heading))
        return Heading("", 0, "")
    code = _text(head, "code", kind.path("code"), LONGEST_CODE, faults)
    if code:
        try:
            code = natural_key(code, field=kind.path("code"))
        except Refusal as refusal:
            faults.append(refusal)
    version = head.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= _LARGEST_VERSION:
        sentence = "“{key}” must be a whole number from 1 to {largest}."
        field = kind.path("version")
        faults.append(Refusal("version_invalid", sentence, field=field, key="version", largest=_LARGEST_VERSION))
        version = 0
    return Heading(code, version, _text(head, "title", kind.path("title"), LONGEST_TITLE, faults))


def _text(table: Tables, key: str, path: str, longest: int, faults: list[Refusal]) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not text.strip():
        faults.append(Refusal("blank_value", "“{key}” must be a text.", field=path, key=key))
        return ""
    text = text.strip()
    if len(text) > longest:
        faults.append(Refusal("text_too_long", "At most {limit} characters fit here.", field=path, limit=longest))
        return ""
    return text
