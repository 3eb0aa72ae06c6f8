"""The evidence of a batch: which entries a review covers, and whether the records are what the log says."""

import hashlib
from dataclasses import dataclass

from django.db import connection, models
from django.db.models import Q

from batches.excursions.models import Evaluation, Excursion
from batches.excursions.queries.evaluation_inputs import rule_set_of
from batches.models import BatchRecord, Deviation, EquipmentUse, InProcessResult, Phase
from gatekeeper.documents.models import Document
from gatekeeper.ledger.models import Entry
from gatekeeper.ledger.records import pk_column, redacted_columns
from gatekeeper.lots import queries as lots
from gatekeeper.lots.models import Lot, StatusChange, Use
from release.models import InstrumentFile, Result, Review

type Rows = dict[type[models.Model], list[int]]

_LEAVES = """
    SELECT e.id FROM ledger.entry e
    WHERE e.id = ANY(%s) AND e.leaf <> sha256('\\x00'::bytea || convert_to(e.body, 'UTF8')) LIMIT 1"""
# The newest entry of a row holds its image: a row that differs was changed behind the log.
_IMAGES = """
    SELECT t.{pk} FROM {table} t LEFT JOIN LATERAL (
      SELECT e.body::jsonb -> 'new' AS image FROM ledger.entry e
      WHERE e.tbl = %s AND e.pk = t.{pk}::text ORDER BY e.id DESC LIMIT 1
    ) newest ON true
    WHERE t.{pk} = ANY(%s) AND (newest.image IS NULL OR newest.image - %s::text[] <> to_jsonb(t) - %s::text[])
    ORDER BY t.{pk} LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a review of a batch covers: how many entries of evidence, and one digest over all of them."""

    entries: int
    sha256: str


def rows_of(record: BatchRecord) -> Rows:
    """Return the keys of every row that belongs to a batch: its record, what was entered, found, used and tested."""
    phases = list(Phase.objects.filter(batch_record=record).values_list("pk", flat=True))
    own: dict[type[models.Model], Q] = {
        BatchRecord: Q(pk=record.pk),
        Phase: Q(pk__in=phases),
        InProcessResult: Q(phase__in=phases),
        EquipmentUse: Q(phase__in=phases),
        Deviation: Q(batch_record=record),
        Evaluation: Q(phase__in=phases),
        Excursion: Q(phase__in=phases),
        Use: Q(batch_record=record.number),
        Result: Q(lot=record.lot_id),
    }
    return {model: list(model._base_manager.filter(which).values_list("pk", flat=True)) for model, which in own.items()}


def scope_of(record: BatchRecord) -> Scope:
    """Return the evidence that a review of this batch covers now. domain.md A-4."""
    entries = _entries(rows_of(record)).order_by("id").values_list("leaf", flat=True)
    running, count = hashlib.sha256(), 0
    for leaf in entries:
        running.update(bytes(leaf))
        count += 1
    return Scope(count, running.hexdigest())


def fault_in(record: BatchRecord, specification: Document | None = None) -> str:
    """Return where records and evidence of a batch disagree, empty when they agree.

    Each entry's leaf is hashed again, and each row is compared with the image in its newest entry. The lots that went
    in and what the batch is judged by count as well: a hold or a limit changed behind the log opens no gate.
    """
    return fault_in_rows(rows_of(record) | _around(record, specification))


def fault_in_rows(rows: Rows) -> str:
    """Return the first row that differs from its evidence, or entry that differs from its hash; empty for none."""
    numbers, quote = list(_entries(rows).values_list("id", flat=True)), connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(_LEAVES, [numbers])
        if broken := cursor.fetchone():
            return f"entry {broken[0]} is not the text that was hashed"
        for model, keys in rows.items():
            table, key, redacted = quote(model._meta.db_table), quote(pk_column(model)), redacted_columns(model)
            values = [f"public.{model._meta.db_table}", keys, redacted, redacted]
            cursor.execute(_IMAGES.format(pk=key, table=table), values)
            if differing := cursor.fetchone():
                return f"{model._meta.label_lower} {differing[0]} is not as its evidence says"
    return ""


def _around(record: BatchRecord, specification: Document | None) -> Rows:
    # Not in what a review covers: a lot goes on living after it, and the release itself changes its status.
    family = [record.lot_id, *lots.ancestors(record.lot).values_list("pk", flat=True)]
    judged_by = (record.master, rule_set_of(record), specification)
    changes = StatusChange.objects.filter(lot__in=family)
    files = Result.objects.filter(lot=record.lot_id, instrument_file__isnull=False)
    return {
        Lot: family,
        StatusChange: list(changes.values_list("pk", flat=True)),
        InstrumentFile: list(files.values_list("instrument_file", flat=True).distinct()),
        Review: list(Review.objects.filter(batch_record=record).values_list("pk", flat=True)),
        Document: [document.pk for document in judged_by if document is not None],
    }


def _entries(rows: Rows) -> models.QuerySet[Entry]:
    which = Q(pk__in=[])
    for model, keys in rows.items():
        which |= Q(tbl=f"public.{model._meta.db_table}", pk_text__in=[str(key) for key in keys])
    return Entry.objects.filter(which)
