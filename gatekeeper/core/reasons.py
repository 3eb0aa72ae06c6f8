"""Is a written reason a reason? domain.md A-1: blank and "n/a" are refused."""

from gatekeeper.core.refusal import Refusal

_EMPTY_WORDS = frozenset({"", "n/a", "na", "n.a.", "none", "no", "nil", "-", "--", ".", "x"})


def missing_reason(text: str, *, field: str = "reason") -> Refusal | None:
    """Return the refusal of a text that gives no reason, None when it gives one."""
    if text.strip().casefold() not in _EMPTY_WORDS:
        return None
    return Refusal("reason_missing", "Say why: a reason is needed here.", field=field)


def checked_reason(text: str, *, field: str = "reason") -> str:
    """Return the reason without the blanks around it.

    :raises Refusal: ``reason_missing`` for a blank, ``n/a``, ``-`` and the like.
    """
    if missing := missing_reason(text, field=field):
        raise missing
    return text.strip()
