"""E-r, I-1: a session that is left alone locks by the server's clock; whoever takes over has a session of their own."""

import pytest
from django.conf import settings
from django.test import Client

from gatekeeper.accounts import middleware
from gatekeeper.accounts.models import AccessEvent
from tests.accounts.making import OWN, browser, enter


@pytest.fixture
def ada(house):
    return browser("ada")


@pytest.fixture
def later(monkeypatch):
    """Let the server's clock jump ahead by seconds."""
    real = middleware.time.time

    def jump(seconds):
        monkeypatch.setattr(middleware.time, "time", lambda: real() + seconds)

    return jump


IDLE = settings.IDLE_LOCK_SECONDS + 1


def kinds(username="ada"):
    return list(AccessEvent.objects.filter(username=username).order_by("pk").values_list("kind", flat=True))


def test_a_session_that_is_used_stays_open(ada, later):
    for minute in range(1, 8):
        later(minute * settings.IDLE_LOCK_SECONDS * 0.9)
        assert ada.get("/").status_code == 200


def test_a_session_left_alone_is_locked_and_every_page_leads_to_the_lock_screen(ada, later):
    later(IDLE)
    assert ada.get("/accounts/password/?a=1").url == "/accounts/lock/?next=%2Faccounts%2Fpassword%2F%3Fa%3D1"
    page = ada.get("/accounts/lock/")
    assert "Ada Lim" in page.content.decode()
    assert kinds()[-1] == "locked"


def test_time_does_not_unlock_and_a_new_request_does_not_either(ada, later):
    later(IDLE)
    ada.get("/")
    later(0)
    assert ada.get("/").url.startswith("/accounts/lock/")


def test_a_page_that_refreshes_itself_keeps_nobody_awake(ada, later):
    for part in (0.3, 0.6, 0.9):
        later(settings.IDLE_LOCK_SECONDS * part)
        assert ada.get("/", headers={"X-Live-Refresh": "1"}).status_code == 200
    later(IDLE)
    assert ada.get("/", headers={"X-Live-Refresh": "1"}).status_code == 302


def test_the_rest_door_of_a_locked_session_is_closed(ada, later):
    later(IDLE)
    answer = ada.get("/api/v1/schema/")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_locked")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_fragment_of_a_locked_page_sends_the_browser_to_the_lock_screen(ada, later):
    later(IDLE)
    answer = ada.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/accounts/lock/?next=%2F")


def test_a_post_to_a_locked_session_records_nothing(ada, later):
    later(IDLE)
    answer = ada.post("/accounts/password/", {"old_password": OWN, "new_password": "x" * 20, "repeated": "x" * 20})
    assert answer.url == "/accounts/lock/"
    assert enter(browser(), "ada", OWN).status_code == 302


def test_one_locks_by_hand_and_unlocks_with_ones_own_password_only(ada):
    assert ada.post("/accounts/lock/").url == "/accounts/lock/"
    before = ada.session.session_key
    wrong = ada.post("/accounts/unlock/", {"password": "not the right passphrase"})
    assert wrong.status_code == 403
    assert ada.get("/").status_code == 302
    assert ada.post("/accounts/unlock/", {"password": OWN, "next": "/accounts/password/"}).url == "/accounts/password/"
    assert ada.get("/").status_code == 200
    assert ada.session.session_key != before
    assert kinds()[-3:] == ["locked", "log_in_failed", "unlocked"]


def test_guessing_at_the_lock_screen_locks_out(ada):
    ada.post("/accounts/lock/")
    codes = [ada.post("/accounts/unlock/", {"password": "not the right passphrase"}).status_code for _ in range(5)]
    assert codes == [403] * 5
    assert ada.post("/accounts/unlock/", {"password": OWN}).status_code == 423


def test_whoever_takes_over_gets_a_session_of_their_own(ada):
    before = ada.session.session_key
    ada.session["draft"] = "Ada's"
    ada.post("/accounts/lock/")
    assert "Ada Lim" not in ada.get("/accounts/log-in/").content.decode()
    assert enter(ada, "ben").status_code == 302
    assert ada.session.session_key != before
    assert "draft" not in ada.session
    page = ada.get("/").content.decode()
    assert "Ben Ong" in page
    assert "Ada Lim" not in page
    assert kinds()[-1] == "logged_out"
    assert AccessEvent.objects.filter(username="ada").latest("pk").detail == "taken over by ben"
    old = Client()
    old.cookies[settings.SESSION_COOKIE_NAME] = before
    assert old.get("/").url.startswith("/accounts/log-in/")


def test_a_failed_take_over_leaves_the_session_locked(ada):
    ada.post("/accounts/lock/")
    assert enter(ada, "ben", "not the right passphrase").status_code == 403
    assert ada.get("/").url.startswith("/accounts/lock/")


def test_the_lock_screen_of_an_open_session_leads_home(ada):
    assert ada.get("/accounts/lock/").url == "/"


def test_log_out_ends_the_session_and_keeps_what_is_not_yet_recorded(ada):
    answer = ada.post("/accounts/log-out/")
    assert answer.url == "/accounts/log-in/"
    assert answer["Clear-Site-Data"] == '"cache"'
    assert ada.get("/").url.startswith("/accounts/log-in/")
    assert kinds()[-1] == "logged_out"
    assert ada.get("/accounts/log-out/").status_code == 405


def test_no_page_of_a_person_is_kept_by_the_browser(ada):
    assert "no-store" in ada.get("/")["Cache-Control"]


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [("/accounts/password/", "/accounts/password/"), ("//evil.example/", "/"), ("nowhere", "/")],
)
def test_log_in_leads_to_where_one_wanted_inside_this_site(house, wanted, reached):
    assert enter(browser(), "ada", next=wanted).url == reached


def test_the_language_is_kept_for_the_person_and_the_next_log_in(house):
    ada = browser("ada")
    answer = ada.post("/language/", {"language": "ja", "next": "/accounts/password/"})
    assert answer.url == "/accounts/password/"
    house.ada.refresh_from_db()
    assert house.ada.language == "ja"
    again = browser("ada")
    assert again.cookies["django_language"].value == "ja"
    assert 'lang="ja"' in again.get("/").content.decode()


def test_an_unknown_language_changes_nothing(house):
    browser("ada").post("/language/", {"language": "xx", "next": "/"})
    house.ada.refresh_from_db()
    assert house.ada.language == "en"


def test_the_log_in_page_offers_every_language(db):
    page = browser().get("/accounts/log-in/").content.decode()
    assert all(name in page for _code, name in settings.LANGUAGES)


def test_a_request_is_known_by_its_id_in_the_evidence(ada):
    from django.db import connection

    given = "a-request-of-mine-1"
    assert ada.post("/accounts/lock/", headers={"X-Request-ID": given})["X-Request-ID"] == given
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM ledger.entry WHERE body::jsonb->'ctx'->>'request' = %s AND tbl LIKE '%%accessevent'",
            [given],
        )
        assert cursor.fetchone() == (1,)
    forged = ada.get("/accounts/lock/", headers={"X-Request-ID": "x\ty<script>"})["X-Request-ID"]
    assert len(forged) == 32


def test_on_a_locked_screen_a_language_is_chosen_for_the_screen_and_not_for_the_person(house):
    ada = browser("ada")
    ada.post("/accounts/lock/")
    assert ada.post("/language/", {"language": "ja", "next": "/"}).cookies["django_language"].value == "ja"
    house.ada.refresh_from_db()
    assert house.ada.language == "en"
