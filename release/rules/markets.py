"""A market as its document says it: who releases for it, in which words, and what it asks for. domain.md 4.6."""

from collections.abc import Mapping
from typing import Any

from gatekeeper.core.refusal import Refusal, refuse_all
from release.rules.dossier import MarketFacts

KIND = "market"  # of controlled document
_KEYS = {"releaser": str, "meaning": str, "signatures": list, "papers": list, "language": str}


def facts(content: Mapping[str, Any]) -> MarketFacts:
    """Return what the gate looks at.

    :raises Refusal: ``market_incomplete`` for every key that is missing or no text, or no list of texts.
    """
    refuse_all(
        [
            Refusal(
                "market_incomplete", "The market {code} lacks “{key}”.", field=key, code=content.get("code"), key=key
            )
            for key, kind in _KEYS.items()
            if not _is(content.get(key), kind) or (key == "signatures" and not content[key])
        ]
    )
    return MarketFacts(
        code=str(content.get("code", "")),
        name=str(content.get("title", "")),
        releaser=content["releaser"],
        meaning=content["meaning"],
        signatures=tuple(content["signatures"]),
        papers=tuple(content["papers"]),
    )


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and (not isinstance(value, list) or all(isinstance(text, str) for text in value))
