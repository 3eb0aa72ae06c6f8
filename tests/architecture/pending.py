"""What guards still find in today's files, counted: a table that may only shrink.

``python -m tests.architecture.pending`` writes the table anew after a cleaning or a move of files; it refuses a total
that has grown. A guard whose part of the table is empty needs it no more.
"""

import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

TABLE = Path(__file__).with_name("pending.toml")
HEAD = "# Findings that were there when their guard came, by guard and file. Counts only fall: see pending.py.\n"


def counts(guard: str) -> Counter[str]:
    """Findings of a guard that are still allowed, by file."""
    return Counter(tomllib.loads(TABLE.read_text(encoding="utf-8")).get(guard, {}))


def grown(guard: str, findings: Iterable[tuple[str, str]]) -> list[str]:
    """Describe the findings (file, description) of every file that has more of them than its row allows."""
    findings, allowed = list(findings), counts(guard)
    today = Counter(name for name, _ in findings)
    return [description for name, description in findings if today[name] > allowed[name]]


def shrunk(guard: str, findings: Iterable[tuple[str, str]]) -> list[str]:
    """Name the files of the table that have fewer findings than their row allows."""
    return sorted((counts(guard) - Counter(name for name, _ in findings)).keys())


def write(guards: dict[str, Callable[[], Iterable[tuple[str, str]]]]) -> None:
    """Write the table anew with what the guards find; exit when any of them finds more than before."""
    lines = [HEAD]
    for guard, find in guards.items():
        today = Counter(name for name, _ in find())
        if TABLE.exists() and (before := counts(guard)) and today.total() > before.total():
            sys.exit(f"{guard}: {today.total()} findings, {before.total()} before: clean, do not raise the table.")
        lines += (
            [f"\n[{guard}]\n", *(f'"{name}" = {count}\n' for name, count in sorted(today.items()))] if today else []
        )
    TABLE.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    from tests.architecture import dead_code, test_thin_doors, test_vocabulary, typed

    doors = {"orm": test_thin_doors.queries, "limits": test_thin_doors.limits}
    write({"words": test_vocabulary.findings, **doors, "dead": dead_code.findings, "types": typed.findings})
