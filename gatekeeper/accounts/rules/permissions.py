"""The closed table of permissions: what a role can let somebody do, said in one sentence each."""

from dataclasses import dataclass

from gatekeeper.core.refusal import Refusal

PUBLIC = "public"  # a door that anybody may open: log-in, health
SIGNED_IN = "signed_in"  # a door for everybody who is known, whatever the role


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission. ``people_only`` marks what is signed or decided: no machine can hold it, no token carry it."""

    code: str
    sentence: str
    people_only: bool = False


PERMISSIONS: tuple[Permission, ...] = (
    Permission("accounts.view", "See people, roles and qualifications of the site."),
    Permission(
        "accounts.manage",
        "Enrol and disable people, assign roles, grant qualifications, issue tokens.",
        people_only=True,
    ),
    Permission("ledger.view", "Read the audit trail and the evidence log."),
    Permission("lots.view", "See materials, lots, their status and their family."),
    Permission("lots.define_material", "Define a material that lots are made of."),
    Permission("lots.receive", "Receive a lot with its papers."),
    Permission(
        "lots.release",
        "Release, reject or block a lot of starting or raw material, with a signature.",
        people_only=True,
    ),
    Permission("plasmids.view", "See plasmids and their lots."),
    Permission("plasmids.author", "Define a plasmid and its specification."),
    Permission("batches.view", "See master batch records, batch records and deviations."),
    Permission("batches.author", "Write a master batch record."),
    Permission("batches.approve", "Approve a master batch record, with a signature.", people_only=True),
    Permission("batches.issue", "Issue a batch record as a frozen copy, with a signature.", people_only=True),
    Permission("batches.perform", "Perform a phase and sign for it.", people_only=True),
    Permission("batches.verify", "Verify what another person performed, with a signature.", people_only=True),
    Permission("batches.record_result", "Record an in-process result."),
    Permission("batches.review", "Review a batch record for production, with a signature.", people_only=True),
    Permission("batches.open_deviation", "Open a deviation."),
    Permission("batches.close_deviation", "Close a deviation with a justification and a signature.", people_only=True),
    Permission("readings.view", "See readings, derived signals and excursions."),
    Permission("excursions.acknowledge", "Acknowledge an excursion that raised an alarm.", people_only=True),
    Permission("readings.record", "Send the readings of a skid."),
    Permission("readings.record_files", "Record a file that an instrument wrote during a phase."),
    Permission("readings.configure", "Describe equipment, sources, tags and excursion rules.", people_only=True),
    Permission(
        "readings.correct",
        "Correct the clock of a source, or settle which body of a frame counts, with a signature; what it sent stays.",
        people_only=True,
    ),
    Permission(
        "readings.archive",
        "Move the readings of months that are long over to files, and back.",
        people_only=True,
    ),
    Permission("release.view", "See specifications, results, the gate and certificates."),
    Permission("release.author_specification", "Write a specification for a market."),
    Permission("release.approve_specification", "Approve a specification, with a signature.", people_only=True),
    Permission("release.record_result", "Record a quality-control result."),
    Permission("release.review_result", "Review another analyst's result, with a signature.", people_only=True),
    Permission("release.review", "Review a lot by exception for quality, with a signature.", people_only=True),
    Permission(
        "release.release_lot", "Release or reject a product lot for a market, with a signature.", people_only=True
    ),
)

_BY_CODE = {permission.code: permission for permission in PERMISSIONS}
CODES = frozenset(_BY_CODE)
PEOPLE_ONLY = frozenset(permission.code for permission in PERMISSIONS if permission.people_only)
ADMINISTRATION = frozenset({"accounts.manage"})


def permission(code: str, *, field: str | None = None) -> Permission:
    """Return the row of the table for this code; ``field`` is where it was written.

    :raises Refusal: ``permission_unknown``.
    """
    try:
        return _BY_CODE[code]
    except KeyError:
        raise Refusal(
            "permission_unknown", "There is no permission “{permission}”.", field=field, permission=code
        ) from None


def check_known(codes: frozenset[str], *, field: str | None = None) -> None:
    """Pass when every code is in the table.

    :raises Refusal: ``permission_unknown``, naming the first in alphabetical order.
    """
    for code in sorted(codes - CODES):
        permission(code, field=field)
