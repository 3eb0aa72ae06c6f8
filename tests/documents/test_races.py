"""E-k: two at once leave one: of two approvals one version in force, twenty times, and of two imports one draft."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections

from gatekeeper.accounts.clock import now
from gatekeeper.core.refusal import Refusal
from gatekeeper.documents import queries
from gatekeeper.documents.models import Document
from tests.documents.making import approve, draft

ROUNDS = 20


def test_two_approvals_at_once_leave_one_version_in_force(committed_people, sealer, kind, sample):
    sample.before(committed_people)
    mei, arun = committed_people["mei"], committed_people["arun"]
    for place in range(ROUNDS):
        versions = [draft(mei, kind.code, sample.source(2 * place + step)) for step in (1, 2)]
        start = Barrier(2)

        def run(document, start=start):
            start.wait()
            try:
                return approve(arun, document).version
            except Refusal as refusal:
                return refusal.code
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(run, versions))
        assert answers[1] == 2 * place + 2
        assert answers[0] in {2 * place + 1, "version_not_newer"}
        newest = queries.in_force(kind.code, versions[1].scope, now())
        assert newest == versions[1]
        rows = Document.objects.filter(kind=kind.code, effective_from__isnull=False, effective_until__isnull=True)
        assert list(rows) == [newest]


def test_of_two_imports_of_one_version_at_once_the_second_is_refused(committed_people, sealer, kind, sample):
    sample.before(committed_people)
    mei, start = committed_people["mei"], Barrier(2)

    def run(_place):
        start.wait()
        try:
            return draft(mei, kind.code, sample.source()).version
        except Refusal as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2)), key=str) == [1, "already_registered"]
