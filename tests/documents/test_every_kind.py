"""E-k, 2.5, G-5: of every kind of controlled document one version is in force on a day, and versions only rise."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction

from gatekeeper.accounts.actions.roles import assign_role
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Site
from gatekeeper.accounts.queries import day_at
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Refusal
from gatekeeper.documents import queries
from gatekeeper.documents.models import Document
from gatekeeper.ledger.models import Signature
from gatekeeper.ledger.queries import signatures_of
from tests.documents.making import REASON, approve, draft, retire
from tests.doors import post, signature, signed_in, upload

DAY = timedelta(days=1)


def refused(code):
    return pytest.raises(Refusal, check=lambda refusal: code in {fault.code for fault in refusal.all})


@pytest.fixture
def desk(people, kind, sample):
    """Mei writes and Arun approves versions of the kind; what they build on is there."""
    sample.before(people)
    return Desk(people, kind, sample)


class Desk:
    def __init__(self, people, kind, sample):
        self.people, self.kind, self.sample = people, kind, sample
        self.mei, self.arun = people["mei"], people["arun"]

    def draft(self, version=1, *, reason=REASON, **changes):
        return draft(self.mei, self.kind.code, self.sample.source(version, **changes), reason)

    def approve(self, document, **options):
        return approve(self.arun, document, **options)

    def in_force(self, at=None):
        return queries.in_force(self.kind.code, Document.objects.filter(kind=self.kind.code).first().scope, at or now())

    def state(self, version, at=None):
        return Document.objects.get(kind=self.kind.code, code=self.sample.code, version=version).state(at or now())


def test_one_writes_another_approves_and_the_version_is_in_force_from_then(desk):
    first = desk.draft(reason="")
    assert (first.status, desk.in_force()) == ("draft", None)
    approved = desk.approve(first)
    assert (approved.status, approved.approved_by, approved.effective_from) == (
        "approved",
        desk.arun,
        approved.approved_at,
    )
    assert desk.in_force() == approved
    assert desk.in_force(approved.effective_from) == approved
    assert desk.in_force(approved.effective_from - timedelta(microseconds=1)) is None
    signed = signatures_of(approved, lambda act: queries.signed_content(approved, act))
    assert [(row.act, row.meaning, row.valid) for row in signed] == [
        (f"{desk.kind.code}.approve", "Approved for use", True)
    ]
    with refused("transition_not_allowed"):
        desk.approve(approved)


def test_a_later_version_supersedes_and_each_judges_its_own_time(desk):
    first = desk.approve(desk.draft())
    second = desk.approve(desk.draft(2))
    first.refresh_from_db()
    assert (first.effective_until, second.supersedes) == (second.effective_from, first)
    assert (desk.state(1), desk.state(2)) == ("superseded", "effective")
    assert desk.in_force(second.effective_from - timedelta(microseconds=1)) == first
    assert desk.in_force(second.effective_from) == second


def test_an_older_draft_is_never_approved_over_a_newer_one(desk):
    second, third = desk.draft(2), desk.draft(3)
    desk.approve(third)
    with refused("version_not_newer"):
        desk.approve(second)
    assert desk.in_force() == third
    retire(desk.arun, third)
    with refused("version_not_newer"):
        desk.approve(second)


def test_a_second_code_of_a_scope_supersedes_the_first(desk):
    first, other = desk.draft(), desk.draft(code="ZZ-2")
    desk.approve(first)
    desk.approve(other)
    if desk.sample.own_scope:
        assert first.scope != other.scope
        assert queries.in_force(desk.kind.code, first.scope, now()) == first
    else:
        assert first.scope == other.scope
    assert queries.in_force(desk.kind.code, other.scope, now()) == other


def test_a_version_is_in_force_from_a_later_day_as_it_begins_at_the_site(desk):
    first = desk.approve(desk.draft())
    site = Site.objects.get(code="SG01")
    day = day_at(site) + 3 * DAY
    second = desk.approve(desk.draft(2), effective_date=day)
    begins = datetime.combine(day, time.min, ZoneInfo(site.timezone))
    assert second.effective_from == begins
    assert desk.in_force() == first
    assert desk.in_force(begins - timedelta(microseconds=1)) == first
    assert desk.in_force(begins) == second
    assert (desk.state(1), desk.state(2)) == ("effective", "approved")
    assert (desk.state(1, begins), desk.state(2, begins)) == ("superseded", "effective")
    third = desk.draft(3)
    with refused("effective_too_early"):
        desk.approve(third)
    with refused("date_in_the_past"):
        desk.approve(third, effective_date=day_at(site) - DAY)
    desk.approve(third, effective_date=day)
    assert desk.in_force(begins) == third
    assert desk.in_force(begins - timedelta(microseconds=1)) == first
    assert desk.state(2, begins) == "superseded"


def test_after_a_retirement_nothing_is_in_force_and_what_was_judged_stays(desk):
    first = desk.approve(desk.draft())
    with refused("reason_missing"):
        retire(desk.arun, first, "n/a")
    with refused("not_authorised"):
        retire(desk.mei, first)
    retired = retire(desk.arun, first)
    assert (desk.in_force(), desk.state(1)) == (None, "retired")
    assert desk.in_force(first.effective_from) == first
    signed = signatures_of(retired, lambda act: queries.signed_content(retired, act))
    assert [(row.act.rpartition(".")[2], row.valid) for row in signed] == [("retire", True), ("approve", True)]
    with refused("transition_not_allowed"):
        retire(desk.arun, first)
    second = desk.approve(desk.draft(2))
    third = desk.approve(desk.draft(3))
    with refused("document_superseded"):
        retire(desk.arun, second)
    assert desk.in_force() == third


def test_the_author_cannot_approve(desk):
    assign_role(
        by=desk.people["grace"], person=desk.arun, role="master_data_author", site=Site.objects.get(code="SG01"),
        from_date=now().date(),
    )  # fmt: skip
    own = draft(desk.arun, desk.kind.code, desk.sample.source())
    with refused("author_approves"):
        desk.approve(own)
    with refused("not_authorised"):
        approve(desk.mei, own)
    with refused("not_authorised"):
        draft(desk.people["olivia"], desk.kind.code, desk.sample.source(2))


@pytest.mark.parametrize("reason", ["", "  ", "n/a"])
def test_a_later_version_says_why_there_is_one(desk, reason):
    desk.draft(reason="")
    with refused("reason_missing"):
        desk.draft(2, reason=reason)
    assert desk.draft(2).reason == REASON


def test_a_version_is_there_once(desk):
    desk.draft()
    with refused("already_registered"):
        desk.draft()


def test_what_differs_is_shown_value_by_value_and_is_part_of_what_is_signed(desk):
    desk.approve(desk.draft())
    second = desk.draft(2, value=f'"{desk.sample.other}"')
    rows = {row.path: (row.before, row.after) for row in queries.differences_of(second)}
    assert rows[desk.sample.path] == (desk.sample.value, desk.sample.other)
    page = signed_in(desk.arun).get(second.get_absolute_url()).content.decode()
    assert desk.sample.path in page
    approved = desk.approve(second, shown_digest=digest(queries.approval_content(second)))
    text = Signature.objects.get(subject_type="documents.document", subject_key=str(approved.pk)).content
    assert f'{{"after":"{desk.sample.other}","before":"{desk.sample.value}","path":"{desk.sample.path}"}}' in text
    assert REASON in text


def test_what_was_shown_is_what_is_signed(desk):
    first = desk.draft()
    with refused("shown_content_changed"):
        desk.approve(first, shown_digest="0" * 64)
    second, shown = desk.draft(2), digest(queries.approval_content(first))
    other = digest(queries.approval_content(second))
    desk.approve(first, shown_digest=shown)
    with refused("shown_content_changed"):  # it would supersede what was not there when it was shown
        desk.approve(second, shown_digest=other)


def test_an_export_is_the_file_byte_for_byte_and_imports_again(desk):
    source = b"\xef\xbb\xbf" + desk.sample.source(7).replace(b"\n", b"\r\n", 3)
    first = draft(desk.mei, desk.kind.code, source)
    client = signed_in(desk.mei)
    exported = client.get(f"{first.get_absolute_url()}export/")
    rest = client.get(f"/api/v1/{desk.kind.address}/{first.code}/versions/7/export/")
    assert exported.content == rest.content == source
    assert exported["Content-Type"] == rest["Content-Type"] == "application/toml"
    again = draft(desk.mei, desk.kind.code, exported.content.replace(b"version = 7", b"version = 8"))
    assert queries.differences_of(again) == ()
    assert client.get(f"{again.get_absolute_url()}export/").content == source.replace(b"version = 7", b"version = 8")


NULL = "\\u0000"
BAD = {
    "title too long": ("text_too_long", "title", {"title": f'"{"x" * 161}"'}),
    "title blank": ("blank_value", "title", {"title": '" "'}),
    "title is a number": ("blank_value", "title", {"title": "7"}),
    "title is a table": ("blank_value", "title", {"title": "{a = 1}"}),
    "title is a list": ("blank_value", "title", {"title": "[]"}),
    "title is a date": ("blank_value", "title", {"title": "2026-01-01"}),
    "title with a NUL": ("text_unprintable", "title", {"title": f'"a{NULL}b"'}),
    "code with a slash": ("key_malformed", "code", {"code": "A/B"}),
    "code too long": ("text_too_long", "code", {"code": "C" * 41}),
    **{
        f"version {version}": ("version_invalid", "version", {"version": version})
        for version in ("0", "-1", "3000000000", str(10**30), "1.0", "true", '"1"', "2026-01-01", "[1]")
    },
    "number not in quotes": ("number_not_text", "", {"value": "0.5"}),
    "date as a value": ("date_not_text", "", {"value": "2026-01-01T00:00:00Z"}),
    "infinite": ("number_not_text", "", {"value": "inf"}),
    "huge": ("number_out_of_range", "", {"value": "9" * 20}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_refused_alike_by_both_doors_at_its_path_and_line(desk, name):
    code, key, changes = BAD[name]
    changes = {"version": 1, **changes}
    source = desk.sample.source(changes.pop("version"), **changes)
    path = desk.kind.path(key) if key else desk.sample.at
    written = key or path.rpartition(".")[2]
    page, fault = refusals(desk, source, code)
    assert fault["pointer"] == f"#/{path.replace('.', '/')}"
    line = source.decode().splitlines()[fault["line"] - 1]
    assert line.startswith(f"{written} = ")
    assert f"line {fault['line']}, column 1, {path}: " in page.context["form"].errors["file"][0].lower()


def refusals(desk, source, code):
    """What both doors answer to a file: the page, and the one fault of this code over REST."""
    client, address = signed_in(desk.mei), f"/api/v1/{desk.kind.address}/"
    page = upload(client, f"/documents/{desk.kind.address}/import/", source)
    answer = client.post(address, source, content_type="application/toml")
    assert (page.status_code, answer.status_code) == (422, 422)
    assert [fault.code for fault in page.context["form"].errors.as_data()["file"]] == [
        fault["code"] for fault in answer.json()["errors"]
    ]
    assert not Document.objects.filter(kind=desk.kind.code).exists()
    (fault,) = [fault for fault in answer.json()["errors"] if fault["code"] == code]
    return page, fault


HUGE = {
    "brackets": ("nested_too_deeply", b"a = " + b"[" * 1_000_000),
    "dotted keys": ("nested_too_deeply", b".".join([b"a"] * 40_000) + b" = 1\n"),
    "too many bytes": ("file_too_large", b"#" * 1_048_577),
    "no text": ("not_toml", b"\xff"),
    "cut off": ("not_toml", b"title = "),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_file_that_is_no_document_is_refused_alike_by_both_doors(desk, name):
    code, before = HUGE[name]
    _page, fault = refusals(desk, before + desk.sample.source(), code)
    assert code == "file_too_large" or fault["line"] >= 1


def test_an_empty_file_is_refused_alike_by_both_doors(desk):
    code, client = ("table_missing" if desk.kind.heading else "blank_value"), signed_in(desk.mei)
    answer = client.post(f"/api/v1/{desk.kind.address}/", b"", content_type="application/toml")
    page = upload(client, f"/documents/{desk.kind.address}/import/", b"")
    assert (page.status_code, answer.status_code) == (422, 422)
    assert code in {fault["code"] for fault in answer.json()["errors"]}
    assert code in {fault.code for fault in page.context["form"].errors.as_data()["file"]}


def test_a_document_goes_through_the_rest_door(desk):
    mei, arun, address = signed_in(desk.mei), signed_in(desk.arun), f"/api/v1/{desk.kind.address}/"
    answer = mei.post(address, desk.sample.source(), content_type="application/toml")
    assert (answer.status_code, answer.json()["state"], answer.json()["authored_by"]) == (201, "draft", "mei")
    there = f"{address}{desk.sample.code}/versions/1/"
    shown = arun.get(there).json()
    assert shown["differences"] == []
    wrong = post(arun, f"{there}approve/", signature(desk.arun, sha256="0" * 64))
    assert (wrong.status_code, wrong.json()["code"]) == (409, "shown_content_changed")
    answer = post(arun, f"{there}approve/", signature(desk.arun, sha256=shown["approval_sha256"]))
    assert (answer.status_code, answer.json()["state"], answer.json()["approved_by"]) == (201, "effective", "arun")
    later = mei.post(
        f"{address}?reason=Reviewed",
        desk.sample.source(2, value=f'"{desk.sample.other}"'),
        content_type="application/toml",
    )
    assert (later.json()["reason"], later.json()["state"]) == ("Reviewed", "draft")
    assert {"path": desk.sample.path, "before": desk.sample.value, "after": desk.sample.other} in later.json()[
        "differences"
    ]
    missing = mei.post(address, desk.sample.source(3), content_type="application/toml")
    assert (missing.status_code, missing.json()["code"]) == (422, "reason_missing")
    answer = post(arun, f"{there}retire/", signature(desk.arun, reason="Given up"))
    assert (answer.status_code, answer.json()["state"], answer.json()["retired_reason"]) == (201, "retired", "Given up")
    assert [row["version"] for row in mei.get(address).json()["results"]] == [2, 1]


def test_a_document_goes_through_the_pages(desk):
    mei, arun, address = signed_in(desk.mei), signed_in(desk.arun), f"/documents/{desk.kind.address}/"
    assert "Nothing here yet" in mei.get(address).content.decode()
    assert mei.get(f"{address}import/").status_code == 200
    there = f"{address}{desk.sample.code}/1/"
    assert upload(mei, f"{address}import/", desk.sample.source()).url == there
    assert f"{desk.sample.code} 1" in arun.get("/").content.decode()
    assert "approve/" not in mei.get(there).content.decode()
    shown = arun.get(there)
    assert shown.context["verb"] == "approve"
    stale = arun.post(f"{there}approve/", signature(desk.arun, shown_digest="0" * 64))
    assert (stale.status_code, stale.context["refusal"].code) == (409, "shown_content_changed")
    past = arun.post(f"{there}approve/", signature(desk.arun, effective_date="2020-01-01"))
    assert (past.status_code, list(past.context["form"].errors)) == (422, ["effective_date"])
    assert arun.post(f"{there}approve/", signature(desk.arun, shown_digest=shown.context["digest"])).url == there
    assert "Valid" in mei.get(there).content.decode()
    again = arun.post(f"{there}approve/", signature(desk.arun))
    assert (again.status_code, again.context["refusal"].code) == (409, "transition_not_allowed")
    unsaid = arun.post(f"{there}retire/", signature(desk.arun))
    assert (unsaid.status_code, list(unsaid.context["form"].errors)) == (422, ["reason"])
    assert arun.post(f"{there}retire/", signature(desk.arun, reason="Given up")).url == there
    assert "retired" in mei.get(address).content.decode()
    missing = upload(mei, f"{address}import/", desk.sample.source(2))
    assert (missing.status_code, list(missing.context["form"].errors)) == (422, ["reason"])


ROWS = (
    "kind = 'x'", "code = 'X'", "version = 9", "title = 'x'", "scope = 'x'", "content = '{}'", "sha256 = 'x'",
    "source = 'x'", "media_type = 'x'", "reason = 'x'", "authored_at = now()", "authored_by_id = approved_by_id",
)  # fmt: skip
APPROVAL = (
    "approved_at = now()", "approved_by_id = NULL, approved_at = NULL, status = 'draft'", "supersedes_id = id",
    "effective_from = effective_from + interval '1 day'",
)  # fmt: skip


def changed(person, document, assignment):
    """Write with raw SQL, in a savepoint of its own, as the role of the application."""
    with acting_as(person), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("gk_app",)
        cursor.execute(f"UPDATE documents_document SET {assignment} WHERE id = %s", [document.pk])
        return cursor.rowcount


def attack(person, document, *assignments):
    for assignment in assignments:
        with pytest.raises(DatabaseError, match=r"is frozen|may not become"):
            changed(person, document, assignment)


def test_raw_sql_changes_no_version_and_no_approval(desk):
    first = desk.draft()
    approval = f"status = 'approved', approved_at = now(), approved_by_id = {desk.arun.pk}, effective_from = now()"
    attack(
        desk.arun, first, f"{approval}, content = '{{}}'", f"{approval}, title = 'x'", "authored_by_id = 1", *ROWS[:-1]
    )
    desk.approve(first)
    attack(desk.arun, first, *ROWS, *APPROVAL)
    second = desk.approve(desk.draft(2))
    attack(desk.arun, first, "effective_until = NULL", "effective_until = effective_until + interval '1 day'")
    retire(desk.arun, second)
    attack(
        desk.arun, second, "retired_at = now()", "retired_reason = 'x'", "effective_until = NULL", "status = 'approved'"
    )


def test_raw_sql_puts_no_second_version_in_force(desk):
    first, second = desk.draft(), desk.draft(2)
    desk.approve(first)
    approval = "status = 'approved', approved_at = now(), effective_from = now() + interval '1 day'"
    with pytest.raises(IntegrityError, match="document_one_in_force"):
        changed(desk.arun, second, f"{approval}, approved_by_id = {desk.arun.pk}")
    with pytest.raises(IntegrityError, match="document_author_is_not_approver"):
        changed(desk.arun, second, f"{approval}, approved_by_id = {desk.mei.pk}")


def test_every_kind_is_declared_once():
    kinds = queries.document_kinds()
    assert len({kind.code for kind in kinds}) == len({kind.address for kind in kinds}) == len(settings.DOCUMENT_KINDS)
