"""Results, instrument files, dispositions and certificates as people may see them."""

from typing import Any

from django.db.models import Q, QuerySet

from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import sites_of
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.lots.models import Lot
from release.models import Certificate, Disposition, InstrumentFile, Result


def visible_lots(person: Person) -> QuerySet[Lot]:
    """Return the product lots of the sites where this person may see results and the gate."""
    return Lot.objects.filter(site__in=sites_of(person, "release.view")).select_related("material", "site")


def visible_results(person: Person) -> QuerySet[Result]:
    """Return the results of the sites where this person may see them, newest last entry first."""
    return Result.objects.filter(lot__site__in=sites_of(person, "release.view")).select_related(
        "lot__site", "lot__material", "entered_by", "reviewed_by", "instrument_file", "superseded_by"
    )


def visible_files(person: Person) -> QuerySet[InstrumentFile]:
    """Return the instrument files of the sites where this person may see results; their bytes are not read."""
    return (
        InstrumentFile.objects.filter(site__in=sites_of(person, "release.view"))
        .select_related("lot", "phase", "site", "received_by")
        .defer("content")
    )


def visible_certificates(person: Person) -> QuerySet[Certificate]:
    """Return the certificates of the sites where this person may see them; the PDF is not read."""
    return (
        Certificate.objects.filter(lot__site__in=sites_of(person, "release.view"))
        .select_related("lot__site", "lot__material", "market", "disposition", "issued_by")
        .defer("pdf")
    )


def visible_dispositions(person: Person) -> QuerySet[Disposition]:
    """Return the dispositions of the sites where this person may see them."""
    return Disposition.objects.filter(lot__site__in=sites_of(person, "release.view")).select_related(
        "lot__site", "lot__material", "market", "specification", "decided_by", "signature"
    )


def results_that_count(lot: Lot) -> QuerySet[Result]:
    """Return the results of the lot that neither a correction nor an invalidation has taken out."""
    return lot.results.filter(~Q(status="invalidated"), superseded_by__isnull=True)


def lot_named(person: Person, number: str) -> Lot:
    """Return the lot of this number at a site where the person may see it.

    :raises Refusal: ``lot_unknown``.
    """
    lot = visible_lots(person).filter(number=number).first()
    if lot is None:
        raise Refusal("lot_unknown", "There is no lot “{number}” here.", field="lot", kind=Kind.MISSING, number=number)
    return lot


def result_content(result: Result) -> dict[str, Any]:
    """Return what a reviewer's signature on a result is bound to."""
    file = result.instrument_file
    return {
        "lot": result.lot.number,
        "test": result.test,
        "method": result.method,
        "sample": result.sample,
        "reported": result.reported,
        "unit": result.unit,
        "replicates": result.replicates,
        "measured_at": result.measured_at,
        "analyst": result.analyst,
        "instrument_file_sha256": file.sha256 if file else "",
        "locator": result.locator,
        "entered_at": result.entered_at,
        "entered_by": result.entered_by.username,
    }
