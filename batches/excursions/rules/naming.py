"""What a rule of a phase is called: by its code, and by its source too where several measure the same."""

from collections.abc import Mapping


def code_of(name: str) -> str:
    """Return the code of the rule that a name is of."""
    return name.partition("@")[0]


def in_use(recorded: Mapping[str, int]) -> frozenset[str]:
    """Return the names that still say something, of names with their order of recording.

    A rule has either its code for a name or names with sources, never both: those of the kind recorded last count.
    """
    newest: dict[str, str] = {}
    for name in sorted(recorded, key=recorded.__getitem__):
        newest[code_of(name)] = name
    return frozenset(name for name in recorded if ("@" in name) is ("@" in newest[code_of(name)]))
