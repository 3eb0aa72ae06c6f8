"""XML of an instrument's file -> its elements, without what XML can do beyond marking up."""

from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from gatekeeper.core.refusal import Refusal

# A run of 86 minutes with 26 curves has 4 500 elements in 140 kB.
_MOST_ELEMENTS = 250_000
_LARGEST_BYTES = 16 * 1024 * 1024


def _too_large() -> Refusal:
    return Refusal("xml_too_large", "A list in the file is larger than any instrument writes.", field="file")


class _Builder(TreeBuilder):
    """Builds elements, few enough for memory and stack; a document type, which can declare entities, ends it."""

    def __init__(self) -> None:
        super().__init__()
        self._elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise _too_large()
        return super().start(tag, attrs)

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise Refusal("xml_not_readable", "A list in the file cannot be read: {fault}.", field="file", fault="DOCTYPE")


def elements(content: bytes) -> Element:
    """Return the root element of an XML document.

    :raises Refusal: ``xml_not_readable``, ``xml_too_large``.
    """
    if len(content) > _LARGEST_BYTES:
        raise _too_large()
    parser = XMLParser(target=_Builder())  # noqa: S314 -- no document type is let through, and the size is bounded
    try:
        parser.feed(content)
        root = parser.close()
    except (ParseError, LookupError, ValueError) as fault:
        raise Refusal(
            "xml_not_readable", "A list in the file cannot be read: {fault}.", field="file", fault=fault
        ) from None
    return root


def told(element: Element, name: str) -> str:
    """Return the text of a child element, without blanks around it, or an empty text."""
    return (element.findtext(name) or "").strip()
