"""E-d, E-p, E-q, E-s: the pages on which people are enrolled, given roles and training, and end; tokens and sites."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gatekeeper.accounts.actions.roles import assign_role, grant_qualification, import_roles
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import AccessEvent, Person, ServiceToken, Site
from gatekeeper.accounts.models import Role as KeptRole
from gatekeeper.accounts.queries import day_at, token_of
from gatekeeper.demo.people import PASSWORD, Role, enrol
from tests.doors import signed_in

FIRST = "given-at-the-gate-2026"
NEW = {
    "username": "nadia",
    "full_name": "Nadia Koh",
    "kind": "human",
    "language": "en",
    "initial_password": FIRST,
    "identity_checked_by": "dev",
    "password": PASSWORD,
}


@pytest.fixture
def grace(people):
    return signed_in(people["grace"])


@pytest.fixture
def auditor(people):
    """Aiko reads about people and changes nothing."""
    aiko = Role("aiko", "Aiko Ito", ("auditor",), "audits")
    return signed_in(enrol(aiko, by=people["grace"], checker=people["dev"]))


def open_page(client, address):
    answer = client.get(f"/accounts/{address}")
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def send(client, address, **form):
    answer = client.post(f"/accounts/{address}", form)
    assert answer.status_code == 302, answer.context["form"].errors
    return answer.url


def test_a_person_is_enrolled_given_a_role_and_trained_and_then_works(grace, people):
    assert send(grace, "enrol/", **NEW) == "/accounts/people/nadia/"
    nadia = Person.objects.get(username="nadia")
    assert nadia.identity_checked_by == people["dev"]
    assert AccessEvent.objects.filter(username="dev", kind="proved").exists()
    assert "No role yet" in open_page(grace, "people/nadia/")
    assert "Nadia Koh" in open_page(grace, "people/?q=NADIA")
    today = day_at(Site.objects.get(code="SG01"))
    send(grace, "people/nadia/assign/", role="operator", site="SG01", from_date=today)
    until = today + timedelta(days=90)
    send(grace, "people/nadia/qualify/", procedure="SOP-FILL", from_date=today, expiry_date=until)
    page = open_page(grace, "people/nadia/")
    assert "Operator" in page
    assert f"{until}" in page
    assert Client().post("/accounts/log-in/", {"username": "nadia", "password": FIRST}).status_code == 302


def test_a_role_ends_with_a_day_and_a_reason(grace, people):
    row = people["olivia"].assignments.get()
    address = f"people/olivia/assignments/{row.pk}/end/"
    assert "Operator · Singapore" in open_page(grace, address)
    assert f'href="/accounts/{address}"' in open_page(grace, "people/olivia/")
    yesterday = day_at(row.site) - timedelta(days=1)
    send(grace, address, until_date=yesterday, reason="moves on")
    page = open_page(grace, "people/olivia/")
    assert "Ended" in page
    assert address not in page


def test_who_leaves_is_disabled_and_stays_on_the_list(grace, people):
    olivia = signed_in(people["olivia"])
    send(grace, "people/olivia/disable/", reason="left")
    assert olivia.get("/").url.startswith("/accounts/log-in/")
    page = open_page(grace, "people/olivia/")
    assert "Disabled" in page
    assert "/disable/" not in page
    assert "Olivia Tan" in open_page(grace, "people/?status=disabled")
    assert "Olivia Tan" not in open_page(grace, "people/?status=active")


def test_a_lost_password_is_replaced_by_two(grace, people):
    form = {"initial_password": FIRST, "identity_checked_by": "dev", "password": PASSWORD, "reason": "forgotten"}
    send(grace, "people/olivia/password/", **form)
    assert "Initial password" in open_page(grace, "people/olivia/")
    inside = Client()
    assert inside.post("/accounts/log-in/", {"username": "olivia", "password": FIRST}).status_code == 302
    assert inside.get("/lots/").url.startswith("/accounts/password/")


def test_a_token_is_shown_once_and_the_same_form_shows_it_to_nobody_again(grace):
    address = "people/lims/tokens/issue/"
    sheet = grace.get(f"/accounts/{address}").context["form"].initial["sheet"]
    form = {"sheet": sheet, "site": "SG01", "scopes": ["lots.view"], "expires_at": (now() + timedelta(days=9)).date()}
    answer = grace.post(f"/accounts/{address}", form)
    plain = re.search(r"<code data-once>(gk_[\w-]+)</code>", answer.content.decode())[1]
    assert "no-store" in answer["Cache-Control"]
    assert Client(headers={"Authorization": f"Bearer {plain}"}).get("/api/v1/lots/").status_code == 200
    again = grace.post(f"/accounts/{address}", form)
    assert again.status_code == 409
    assert again.context["form"].errors.as_data()["__all__"][0].code == "answer_shown_once"
    assert ServiceToken.objects.filter(person__username="lims").count() == 1
    assert plain not in again.content.decode() + open_page(grace, "people/lims/") + open_page(grace, address)
    assert plain not in str(dict(grace.session))


def test_a_refused_token_leaves_the_sheet_good(grace):
    address = "/accounts/people/lims/tokens/issue/"
    sheet = grace.get(address).context["form"].initial["sheet"]
    form = {"sheet": sheet, "site": "SG01", "expires_at": (now() + timedelta(days=9)).date()}
    assert grace.post(address, form).status_code == 422
    assert grace.post(address, form | {"scopes": ["lots.view"]}).status_code == 200
    assert grace.post(address, form | {"sheet": "x", "scopes": ["lots.view"]}).status_code == 409


def test_a_token_is_revoked_and_a_machine_without_a_role_gets_none(grace, people):
    address = "/accounts/people/lims/tokens/issue/"
    sheet = grace.get(address).context["form"].initial["sheet"]
    form = {"sheet": sheet, "site": "SG01", "scopes": "lots.view", "expires_at": (now() + timedelta(days=9)).date()}
    token = token_of(re.search(r"gk_[\w-]{20,}", grace.post(address, form).content.decode())[0])
    assert f"gk_{token.prefix}_…" in open_page(grace, "people/lims/")
    send(grace, f"people/lims/tokens/{token.prefix}/revoke/", reason="leaked")
    assert "Revoked" in open_page(grace, "people/lims/")
    assert grace.get(f"/accounts/people/monitor/tokens/{token.prefix}/revoke/").status_code == 404
    bare = Role("bare", "Bare", (), "does nothing yet", kind="machine")
    enrol(bare, by=people["grace"], checker=people["dev"])
    assert "Nothing to issue a token for" in open_page(grace, "people/bare/tokens/issue/")


def test_a_site_is_added_and_gets_its_first_administrator_from_elsewhere(grace, people):
    send(grace, "sites/add/", code="JP01", name="Kobe", country="JP", timezone="Asia/Tokyo")
    page = open_page(grace, "sites/")
    assert "Kobe" in page
    assert "Nobody yet" in page
    send(grace, "enrol/", **NEW)
    send(grace, "people/nadia/assign/", role="site_administrator", site="JP01", from_date="2026-01-01")
    offered = [code for code, _ in grace.get("/accounts/people/olivia/assign/").context["form"].fields["site"].choices]
    assert offered == ["KR01", "SG01"]
    assert grace.get("/accounts/people/nadia/").status_code == 404


def test_somebody_of_another_site_is_brought_in_by_their_name(grace):
    assert grace.get("/accounts/people/sol/").status_code == 404
    form = {"role": "operator", "site": "SG01", "from_date": "2026-01-01"}
    assert send(grace, "bring-in/", username="SOL", **form) == "/accounts/people/sol/"
    page = open_page(grace, "people/sol/")
    assert "SG01" in page
    assert "KR01" not in page
    unknown = grace.post("/accounts/bring-in/", {"username": "nobody", **form})
    assert unknown.context["form"].errors.as_data()["username"][0].code == "person_unknown"


def test_who_only_reads_sees_no_form(auditor, people):
    number = people["olivia"].assignments.get().pk
    listed, detail = open_page(auditor, "people/"), open_page(auditor, "people/olivia/")
    assert "Olivia Tan" in listed
    main = "".join(page.partition("<main")[2].partition("</main>")[0] for page in (listed, detail))
    assert 'method="post"' not in main
    assert not re.search(r"/(enrol|bring-in|assign|end|disable|qualify|password)/", main)
    assert "/ledger/accounts.person/olivia/" in detail
    for step in ("assign/", "disable/", "qualify/", "password/", f"assignments/{number}/end/"):
        for method in (auditor.get, auditor.post):
            assert method(f"/accounts/people/olivia/{step}").status_code == 403
    assert {auditor.get(f"/accounts/{name}/").status_code for name in ("enrol", "bring-in", "sites/add")} == {403}
    assert auditor.get("/accounts/people/lims/tokens/issue/").status_code == 403


def test_a_list_is_narrowed_by_role_and_site_and_says_when_nobody_is_left(grace, people):
    assert "Rafael Cruz" in open_page(grace, "people/?role=qa_releaser")
    assert "Olivia Tan" not in open_page(grace, "people/?role=qa_releaser")
    assert "Nobody matches" in open_page(grace, "people/?q=zzz")
    assert "filter-site" not in open_page(grace, "people/")
    incheon = Site.objects.get(code="KR01")
    assign_role(
        by=people["grace"], person=people["dev"], role="site_administrator", site=incheon, from_date=now().date()
    )
    dev = signed_in(people["dev"])
    assert "Sol Park" in open_page(dev, "people/?site=KR01")
    assert "Olivia Tan" not in open_page(dev, "people/?site=KR01")


def test_training_that_expires_leads_home_to_the_person_for_who_administers_only(grace, people):
    today = now().date()
    grant_qualification(
        by=people["grace"], person=people["olivia"], procedure="SOP-OLD", from_date=today, expiry_date=today
    )
    assert 'href="/accounts/people/olivia/"' in grace.get("/").content.decode()
    assert 'href="/accounts/people/olivia/"' not in signed_in(people["olivia"]).get("/").content.decode()


def test_nobody_is_offered_what_they_may_not_do_to_themself(grace):
    page = open_page(grace, "people/grace/")
    assert not re.search(r"/people/grace/(assign|disable|qualify|password)/", page)


def test_the_matrix_shows_each_role_with_what_it_permits(auditor):
    page = open_page(auditor, "roles/")
    assert "QA releaser" in page
    assert "People only" in page
    assert page.count("●") == sum(len(set(row.permissions)) for row in KeptRole.objects.all())


def test_a_person_takes_as_many_queries_with_many_roles_and_trainings_as_with_few(grace, people):
    addresses = ("/accounts/people/", "/accounts/people/olivia/", "/api/v1/people/", "/api/v1/people/olivia/")
    site, today = Site.objects.get(code="SG01"), now().date()
    grace.get("/")  # counts what waits, once in half a minute
    few = [_queries(grace, address) for address in addresses]
    for number in range(1, 4):
        day, both = today + timedelta(days=number), {"by": people["grace"], "person": people["olivia"]}
        assign_role(**both, role="operator", site=site, from_date=day)
        grant_qualification(**both, procedure=f"SOP-{number}", from_date=today, expiry_date=day)
    assert [_queries(grace, address) for address in addresses] == few


def _queries(client, address):
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_who_reads_no_audit_trail_is_offered_none(people):
    readers = {"reader": {"name": "Reader", "permissions": ["accounts.view"]}}
    import_roles(by=people["grace"], roles=readers)
    rita = enrol(Role("rita", "Rita Roy", ("reader",), "reads"), by=people["grace"], checker=people["dev"])
    assert "/ledger/" not in open_page(signed_in(rita), "people/olivia/")
