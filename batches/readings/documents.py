"""The kind of controlled document that logs are read by: what the columns of a skid's log mean."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.readings.queries.files import LOG_MAPPING
from gatekeeper.core.documents import DocumentKind, Tables
from gatekeeper.core.quantity import unit
from gatekeeper.documents.models import Document
from gatekeeper.instruments.log_mappings import SignalColumn, mapping_of

_DELIMITERS = {"\t": "⇥"}


def _content(tables: Tables) -> Tables:
    content = {key: value for key, value in tables.items() if key != "title"}
    mapping_of(content)
    return content


def _present(document: Document, _request: Any) -> dict[str, Any]:
    mapping = mapping_of(document.content)
    pairs = (
        (_("Encoding"), mapping.encoding),
        (_("Between cells"), _DELIMITERS.get(mapping.delimiter, mapping.delimiter)),
        (_("Decimal sign"), mapping.decimal_sign),
        (_("Row of the header"), mapping.header_row),
        (_("Row of the units"), mapping.units_row or "–"),
        (_("No value"), " · ".join(text or "∅" for text in mapping.missing)),
        (_("Time"), " + ".join(mapping.time.columns)),
        (_("Format of the time"), mapping.time.format),
        (_("Zone of its clock"), mapping.time.zone or _("as the time says")),
    )
    return {
        "pairs": [{"term": term, "value": value} for term, value in pairs],
        "columns": (_("Column"), _("Tag"), _("Unit"), _("Unit as printed"), _("Vouched for by")),
        "rows": [_row(column) for column in mapping.columns],
        "items": [(_("Columns"), len(mapping.columns))],
    }


def _row(column: SignalColumn) -> tuple[str, ...]:
    vouched = f"{column.quality}: {', '.join(column.good)}" if column.quality else "–"
    return (column.name, column.tag, unit(column.unit).label, column.printed_unit or "–", vouched)


LOG_MAPPINGS = DocumentKind(
    code=LOG_MAPPING,
    address="log-mappings",
    title=gettext_lazy("Mapping of a log"),
    titles=gettext_lazy("Mappings of logs"),
    text=gettext_lazy("What the columns of a skid's log mean. A file that is refused leaves nothing behind."),
    view="readings.view",
    author="readings.configure",
    approve="batches.approve",
    template="readings/log_mapping_content.html",
    content=_content,
    present=_present,
)
