"""Signed corrections of clocks, as people and their signatures see them."""

from typing import Any

from batches.readings.models import ClockCorrection, Source


def correction_content(row: ClockCorrection) -> dict[str, Any]:
    """Return what the signature of a correction is bound to."""
    return {
        "source": row.source.code,
        "boot_id": row.boot_id,
        "first_sequence": row.first_sequence,
        "last_sequence": row.last_sequence,
        "offset_s": plain_offset(row),
        "reason": row.reason,
    }


def plain_offset(row: ClockCorrection) -> str:
    """Return the signed offset in seconds as text, without needless zeros."""
    return f"{row.offset_s.normalize():+f}"


def corrections_content(source: Source) -> dict[str, Any]:
    """Return what is known of the clock of a source before a further correction is signed."""
    rows = source.clock_corrections.select_related("source")
    return {"source": source.code, "clock_corrections": [correction_content(row) for row in rows]}
