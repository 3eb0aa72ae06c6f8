"""Product lots, their results, instrument files, dispositions and certificates, as people may see them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from gatekeeper.accounts.models import Person, Site
from gatekeeper.lots.models import Lot
from release.models import Certificate, Disposition, InstrumentFile, Result, Review


def visible_lots(sites: Iterable[Site]) -> QuerySet[Lot]:
    """Return the product lots of these sites: those that a batch record makes."""
    return Lot.objects.filter(site__in=sites, batch_record__isnull=False).select_related(
        "material", "site", "batch_record__master", "batch_record__site"
    )


def search_lots(sites: Iterable[Site], *, words: str = "", status: str = "") -> QuerySet[Lot]:
    """Return the product lots with these words in a number or name and this status, the last changed first."""
    lots = visible_lots(sites).order_by("-updated_at", "-id")
    if words:
        by_lot = Q(number__icontains=words) | Q(material__name__icontains=words)
        lots = lots.filter(by_lot | Q(batch_record__number__icontains=words))
    return lots.filter(status=status) if status in Lot.Status.values else lots


def lots_in_quarantine(sites: Iterable[Site]) -> QuerySet[Lot]:
    """Return the product lots that wait for a decision, the longest unchanged first."""
    return visible_lots(sites).filter(status=Lot.Status.QUARANTINE).order_by("updated_at")


def lots_to_review(sites: Iterable[Site]) -> QuerySet[Lot]:
    """Return the lots in quarantine that production has reviewed and quality has not."""
    reviewed = Review.objects.values("batch_record")
    return lots_in_quarantine(sites).filter(batch_record__status="reviewed").exclude(batch_record__in=reviewed)


def lots_to_test(sites: Iterable[Site]) -> QuerySet[Lot]:
    """Return the lots in quarantine without a certificate."""
    return lots_in_quarantine(sites).exclude(pk__in=Certificate.objects.values("lot"))


def results_of(lot: Lot) -> QuerySet[Result]:
    """Return every result of the lot in order of entry, corrected and invalidated ones included."""
    related = ("entered_by", "reviewed_by", "instrument_file", "superseded_by")
    return lot.results.select_related(*related).defer("instrument_file__content").order_by("id")


def unreviewed_results_of(lot: Lot) -> QuerySet[Result]:
    """Return the results of the lot that a second person has not reviewed."""
    return results_of(lot).filter(status=Result.Status.ENTERED, superseded_by__isnull=True)


def results_to_review(sites: Iterable[Site], person: Person) -> QuerySet[Result]:
    """Return the results of these sites that another person than this one entered and nobody reviewed."""
    rows = Result.objects.filter(lot__site__in=sites, status=Result.Status.ENTERED, superseded_by__isnull=True)
    return rows.exclude(entered_by=person).select_related("lot").order_by("entered_at")


def results_from(file: InstrumentFile) -> QuerySet[Result]:
    """Return the results that were made of readings of the file, in order of entry."""
    return file.results.order_by("id")


def visible_files(sites: Iterable[Site]) -> QuerySet[InstrumentFile]:
    """Return the instrument files of these sites; their bytes are not read."""
    return (
        InstrumentFile.objects.filter(site__in=sites)
        .select_related("lot__material", "phase", "site", "received_by")
        .defer("content")
    )


def files_of(lot: Lot) -> QuerySet[InstrumentFile]:
    """Return the instrument files that were received for the lot; their bytes are not read."""
    return visible_files([lot.site]).filter(lot=lot)


def visible_certificates(sites: Iterable[Site]) -> QuerySet[Certificate]:
    """Return the certificates of lots of these sites; the PDF is not read."""
    return (
        Certificate.objects.filter(lot__site__in=sites)
        .select_related("lot__site", "lot__material", "disposition", "issued_by")
        .defer("pdf")
    )


def certificates_of(lot: Lot) -> QuerySet[Certificate]:
    """Return the certificates of the lot; the PDF is not read."""
    return visible_certificates([lot.site]).filter(lot=lot)


def dispositions_of(lot: Lot) -> QuerySet[Disposition]:
    """Return the decisions on the lot."""
    related = ("specification", "decided_by", "signature", "certificate")
    return lot.dispositions.select_related(*related)


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
