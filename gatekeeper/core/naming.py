"""Natural keys: the texts that name a record on paper, in an address and in a certificate's file name."""

import unicodedata

from gatekeeper.core.refusal import Refusal

# Words that are addresses below a list: a record of this name would have no page.
_RESERVED = frozenset(
    {
        "define", "deviations", "equipment", "import", "issue", "lots", "markets", "masters", "materials", "receive",
        "register", "specifications",
    }
)  # fmt: skip


def natural_key(text: str, *, field: str) -> str:
    """Return the text as a natural key: stripped and in Unicode's NFC, so that texts that are printed alike are equal.

    :raises Refusal: ``blank_value``; ``key_malformed`` for what no address can carry (a slash, ``.``, ``..``, a word
        that is an address already) and for characters that do not show: a key is never changed.
    """
    key = unicodedata.normalize("NFC", text.strip())
    if not key:
        raise Refusal("blank_value", "Enter a value.", field=field)
    if not key.isprintable() or {"/", "\\"} & set(key) or key in {".", ".."} or key.casefold() in _RESERVED:
        raise Refusal(
            "key_malformed",
            "“{text}” cannot name a record: no slash, no hidden character, no word that is an address.",
            field=field,
            text=key,
        )
    return key
