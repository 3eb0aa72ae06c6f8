"""Every table of the database once, with what it is for: so that nothing is stored twice without a reason.

The history of a record (``<app>_historical<model>``, django-simple-history) is named with the record itself.
tests/database/test_every_table.py compares this list with a migrated database.
"""

from dataclasses import dataclass
from enum import StrEnum, auto


class Purpose(StrEnum):
    """What a table is for; only what is recorded is evidence of what people and machines did."""

    RECORDED = auto()  # carries evidence; its history, where it has one, is its readable form
    EVIDENCE = auto()  # the log of what was recorded, written by triggers and the sealer
    DERIVED = auto()  # rebuilt from what is recorded, and never trusted by a decision
    TRANSPORT = auto()  # nothing relies on it once it has arrived
    FRAMEWORK = auto()  # of Django


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its purpose, what it holds or why it is no record, and what the application may do with it.

    Of a record the privileges follow from its model (``append_only``), see attach.allowed.
    """

    name: str
    purpose: Purpose
    use: str
    privileges: str = ""


_EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
_READ = "SELECT"

TABLES = (
    Table("accounts_site", Purpose.RECORDED, "Places of manufacture or testing."),
    Table("accounts_person", Purpose.RECORDED, "People and machines that can act."),
    Table("accounts_role", Purpose.RECORDED, "Named sets of permissions."),
    Table("accounts_assignment", Purpose.RECORDED, "Who holds which role where, from and until which day."),
    Table("accounts_qualification", Purpose.RECORDED, "Who is trained for which procedure."),
    Table("accounts_servicetoken", Purpose.RECORDED, "Credentials of machines, hashed."),
    Table("accounts_accessevent", Purpose.RECORDED, "Log-ins, locks and failed attempts; the only count of failures."),
    Table("ledger_signature", Purpose.RECORDED, "Signatures under the content that was signed."),
    Table("documents_document", Purpose.RECORDED, "Versions of controlled documents, of every kind."),
    Table("lots_material", Purpose.RECORDED, "Materials."),
    Table("lots_lot", Purpose.RECORDED, "Lots and their status."),
    Table("lots_statuschange", Purpose.RECORDED, "Why a lot has the status that it has."),
    Table("lots_use", Purpose.RECORDED, "Which lot was made from which, with quantities."),
    Table("plasmids_plasmid", Purpose.RECORDED, "Constructs: role, size, digest of the sequence."),
    Table("plasmids_plasmidlot", Purpose.RECORDED, "What a plasmid lot has beyond any other lot."),
    Table("plasmids_incomingresult", Purpose.RECORDED, "A supplier's results as reported and judged."),
    Table("batches_batchrecord", Purpose.RECORDED, "Executions of a master, each with its frozen copy."),
    Table("batches_phase", Purpose.RECORDED, "Phases of a batch record: who performed and verified them, when."),
    Table("batches_inprocessresult", Purpose.RECORDED, "In-process controls as entered and judged."),
    Table("batches_equipment", Purpose.RECORDED, "Units, modules and instruments."),
    Table("batches_equipmentuse", Purpose.RECORDED, "Which equipment served a phase, as calibrated then."),
    Table("batches_deviation", Purpose.RECORDED, "Departures from the record and how they were closed."),
    Table("readings_source", Purpose.RECORDED, "Skids and probes that send readings."),
    Table("readings_tag", Purpose.RECORDED, "Signals of a source: parameter, unit, range."),
    Table("readings_sensorfitting", Purpose.RECORDED, "Which sensor measures a tag from when on."),
    Table("readings_archivedmonth", Purpose.RECORDED, "Months of readings that were written to files."),
    Table("readings_archivemove", Purpose.RECORDED, "When an archived month was dropped or brought back."),
    Table("readings_frame", Purpose.RECORDED, "Received frames of readings, with the digest of their samples."),
    Table("readings_frameconflict", Purpose.RECORDED, "Other bodies that came under the identity of a frame."),
    Table("readings_clockcorrection", Purpose.RECORDED, "Signed offsets of the clock of a source."),
    Table("readings_conflictresolution", Purpose.RECORDED, "Signed decisions which body of a frame counts."),
    Table("readings_instrumentfile", Purpose.RECORDED, "Files that instruments wrote during a phase."),
    Table("excursions_evaluation", Purpose.RECORDED, "What a rule said of a phase on a state of the data."),
    Table("excursions_excursion", Purpose.RECORDED, "Departures that a rule found in a phase."),
    Table("excursions_acknowledgement", Purpose.RECORDED, "Who has acknowledged which excursion."),
    Table("excursions_whatif", Purpose.RECORDED, "Replays of a draft over phases of the past."),
    Table("excursions_whatifphase", Purpose.RECORDED, "What a replay says of one phase."),
    Table("release_instrumentfile", Purpose.RECORDED, "Files that instruments wrote, with what a reader found."),
    Table("release_result", Purpose.RECORDED, "Test results of a lot as reported."),
    Table("release_review", Purpose.RECORDED, "Which state of a batch record quality has reviewed."),
    Table("release_disposition", Purpose.RECORDED, "What quality decided for a lot and a market."),
    Table("release_certificate", Purpose.RECORDED, "Certificates of analysis, as issued."),
    Table("ledger.entry", Purpose.EVIDENCE, "One line for each change of a record, written by a trigger.", _READ),
    Table("ledger.leaf", Purpose.EVIDENCE, "The place of an entry in the sealed log.", _READ),
    Table("ledger.node", Purpose.EVIDENCE, "Inner hashes of the Merkle tree over the leaves.", _READ),
    Table("ledger.checkpoint", Purpose.EVIDENCE, "Signed heads of the log.", _READ),
    Table(
        "readings_segment",
        Purpose.DERIVED,
        "The samples of a frame by tag: the frame is the record and carries their digest.",
        "SELECT, INSERT",
    ),
    Table(
        "readings_envelope",
        Purpose.DERIVED,
        "Readings by the minute for a chart, computed from them and anew when they change.",
        "SELECT, INSERT, UPDATE",
    ),
    Table(
        "excursions_progress",
        Purpose.DERIVED,
        "How far a phase has been evaluated; the gate evaluates it anew from the readings.",
        "SELECT, INSERT, UPDATE",
    ),
    Table(
        "excursions_streamingstate",
        Purpose.DERIVED,
        "The streaming state of an evaluation; the gate evaluates everything anew from the readings.",
        _EVERYTHING,
    ),
    Table(
        "jobs_job", Purpose.TRANSPORT, "Work after a commit: what it causes is recorded where it happens.", _EVERYTHING
    ),
    Table(
        "ledger_idempotencykey",
        Purpose.TRANSPORT,
        "Copies of answers already given, for a repeated request; deleted when they are old.",
        _EVERYTHING,
    ),
    Table("django_session", Purpose.TRANSPORT, "Sessions: log-ins and locks are access events.", _EVERYTHING),
    Table("django_migrations", Purpose.FRAMEWORK, "Which migrations were applied, by the owner.", _READ),
    Table("django_content_type", Purpose.FRAMEWORK, "Django's list of models; nothing of ours refers to it.", _READ),
    Table("auth_permission", Purpose.FRAMEWORK, "Unused: authority is by role and site.", _READ),
    Table("auth_group", Purpose.FRAMEWORK, "Unused: authority is by role and site.", _READ),
    Table("auth_group_permissions", Purpose.FRAMEWORK, "Unused: authority is by role and site.", _READ),
)
BY_NAME = {table.name: table for table in TABLES}
