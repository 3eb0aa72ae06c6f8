"""Results, instrument files, dispositions and certificates as people may see them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from gatekeeper.accounts.models import Site
from gatekeeper.lots.models import Lot
from release.models import Certificate, Disposition, InstrumentFile, Result


def visible_lots(sites: Iterable[Site]) -> QuerySet[Lot]:
    """Return the product lots of these sites: those that a batch record makes."""
    return Lot.objects.filter(site__in=sites, batch_record__isnull=False).select_related(
        "material", "site", "batch_record__master", "batch_record__site"
    )


def visible_results(sites: Iterable[Site]) -> QuerySet[Result]:
    """Return the results of lots of these sites."""
    return (
        Result.objects.filter(lot__site__in=sites)
        .select_related("lot__site", "lot__material", "entered_by", "reviewed_by", "instrument_file", "superseded_by")
        .defer("instrument_file__content")
    )


def visible_files(sites: Iterable[Site]) -> QuerySet[InstrumentFile]:
    """Return the instrument files of these sites; their bytes are not read."""
    return (
        InstrumentFile.objects.filter(site__in=sites)
        .select_related("lot__material", "phase", "site", "received_by")
        .defer("content")
    )


def visible_certificates(sites: Iterable[Site]) -> QuerySet[Certificate]:
    """Return the certificates of lots of these sites; the PDF is not read."""
    return (
        Certificate.objects.filter(lot__site__in=sites)
        .select_related("lot__site", "lot__material", "market", "disposition", "issued_by")
        .defer("pdf")
    )


def visible_dispositions(sites: Iterable[Site]) -> QuerySet[Disposition]:
    """Return the decisions on lots of these sites."""
    return Disposition.objects.filter(lot__site__in=sites).select_related(
        "lot__site", "lot__material", "market", "specification", "decided_by", "signature", "certificate"
    )


def results_that_count(lot: Lot) -> QuerySet[Result]:
    """Return the results of the lot that neither a correction nor an invalidation has taken out."""
    return lot.results.filter(~Q(status="invalidated"), superseded_by__isnull=True)


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
