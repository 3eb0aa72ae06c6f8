"""E-e: the file that an instrument wrote is kept as it came, and its signals are judged as those of a skid are."""

import hashlib

import pytest

from batches.actions import records
from batches.actions.commands import IssueBatchRecord
from batches.excursions.models import Evaluation, Excursion
from batches.readings.actions.files import ReceiveFile, record_instrument_file
from batches.readings.actions.frames import record_frame
from batches.readings.models import Frame, InstrumentFile, Segment
from batches.readings.queries.evidence import verify_frame
from batches.readings.rules.recordings import boot_id
from gatekeeper.accounts.clock import now
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from gatekeeper.ledger.queries import evidence_of
from tests.doors import signed_in
from tests.excursions import making
from tests.instruments.conftest import real_file  # noqa: F401 -- a fixture
from tests.readings.recordings import (
    API,
    PAGE,
    curve,
    cut_curve,
    flex,
    form,
    log,
    logged,
    make_akta,
    make_analyser,
    make_mapping,
    ph_run,
    plant_at_work,
    unicorn,
)


@pytest.fixture
def plant(people, monkeypatch):
    """A running phase watched for pH, an hour after its start."""
    with plant_at_work(people, monkeypatch) as plant:
        yield plant


@pytest.fixture
def desk(plant):
    """Olivia before the pages."""
    return signed_in(plant.people["olivia"])


def receive(plant, content, kind="cytiva_unicorn", source="AKTA1", name="run.zip", **more):
    command = ReceiveFile(name=name, kind=kind, content=content, source=source, **more)
    return record_instrument_file(by=plant.people["olivia"], phase=plant.phase, command=command)


def refused(plant, *args, **more):
    before = InstrumentFile.objects.count(), Frame.objects.count()
    with pytest.raises(Refusal) as caught:
        receive(plant, *args, **more)
    assert (InstrumentFile.objects.count(), Frame.objects.count()) == before
    return [(one.code, one.field) for one in caught.value.all]


def codes(file):
    return [(one["code"], one["parameter"], one["blocking"]) for one in file.findings]


def test_a_planted_excursion_in_a_chromatography_file_is_found_and_drawn(plant, desk):
    make_akta(plant)
    content = unicorn(ph_run(low=range(10, 14)), curve("Cond", [15.0] * 30, unit="mS/cm", number="2"))
    answer = desk.post(PAGE + "receive/", form(content, "cytiva_unicorn", "AKTA1"))
    file = InstrumentFile.objects.get()
    assert (answer.status_code, answer.url) == (302, f"{PAGE}{file.pk}/")
    assert [(one["tag"], one["samples"], one["before"], one["after"]) for one in file.signals] == [
        ("pH", 30, 0, 0), ("Cond", 30, 0, 0),
    ]  # fmt: skip
    plant.detect()
    found = Excursion.objects.get(level="action")
    assert (found.parameter, found.rule) == ("ph", "ph@AKTA1")
    page = signed_in(plant.people["priya"]).get(f"/excursions/{found.pk}/").content.decode()
    assert 'class="outside action"' in page
    signals = desk.get("/excursions/batch-records/BR-1/phases/L10/").content.decode()
    assert "AKTA1" in signals
    assert PAGE in signals


def test_the_bytes_are_kept_and_downloaded_as_they_came_and_the_log_holds_their_digest(plant, desk):
    make_akta(plant)
    content = unicorn(ph_run())
    file = receive(plant, content, name="Läufe „7“.zip").file
    assert (bytes(file.content), file.sha256) == (content, hashlib.sha256(content).hexdigest())
    for address in (f"{PAGE}{file.pk}/content/", f"{API}{file.pk}/content/"):
        answer = desk.get(address)
        assert answer.content == content
        assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''L%C3%A4ufe")
    (entry,) = evidence_of(InstrumentFile, file.pk)
    assert file.sha256 in entry.body
    assert all(verify_frame(frame) for frame in plant.source.site.sources.get(code="AKTA1").frames.all())


def test_the_clock_that_is_corrected_is_that_of_the_skid_and_not_that_of_a_file(plant, desk):
    make_akta(plant)
    plant.send(making.frame(1, range(10), lambda at: 7.2, tag="pH", source="AKTA1", boot="boot-7"))
    receive(plant, unicorn(ph_run()))
    page = signed_in(plant.people["priya"]).get("/readings/sources/AKTA1/clock/").content.decode()
    assert 'value="boot-7"' in page


def test_the_same_file_again_changes_nothing(plant, desk):
    make_akta(plant)
    content = unicorn(ph_run())
    first = receive(plant, content)
    frames = list(Frame.objects.values_list("pk", "boot_id"))
    again = receive(plant, content)
    assert (first.replayed, again.replayed, again.file) == (False, True, first.file)
    answer = desk.post(API, form(content, "cytiva_unicorn", "AKTA1"))
    assert (answer.status_code, answer.json()["id"]) == (200, first.file.pk)
    page = desk.post(PAGE + "receive/", form(content, "cytiva_unicorn", "AKTA1"), follow=True).content.decode()
    assert "nothing has changed" in page
    assert list(Frame.objects.values_list("pk", "boot_id")) == frames
    assert (len(frames), len(frames[0][1])) == (1, 37)


def test_a_cut_curve_is_named_and_never_a_reading(plant, desk):
    make_akta(plant)
    content = unicorn(cut_curve("pH"), curve("Cond", [15.0] * 30, unit="mS/cm", number="2"))
    page = desk.post(PAGE + "receive/", form(content, "cytiva_unicorn", "AKTA1"), follow=True).content.decode()
    assert "some of it is no reading" in page
    file = InstrumentFile.objects.get()
    assert codes(file) == [("curve_cut_short", "pH", True)]
    assert set(Segment.objects.values_list("tag__code", flat=True)) == {"Cond"}
    plant.detect()
    assert not Excursion.objects.exists()
    assert not Evaluation.objects.filter(state="normal", rule="ph").exists()
    assert "The curve declares 900 points and holds 2" in page
    assert "Not taken" in page
    assert "In part" in desk.get(PAGE).content.decode()


def test_a_file_of_cut_curves_alone_is_kept_and_gives_no_reading(plant, desk):
    make_akta(plant)
    file = receive(plant, unicorn(cut_curve("pH"))).file
    assert (file.signals, Frame.objects.count()) == ([], 0)
    assert "nothing of it is a reading" in desk.get(f"{PAGE}{file.pk}/").content.decode()
    shown = desk.get(f"{API}{file.pk}/").json()
    assert (shown["tag"], shown["rows"]) == (None, [])


def test_a_curve_without_a_tag_is_listed_and_not_dropped_silently(plant):
    make_akta(plant)
    file = receive(plant, unicorn(ph_run(), curve("UV 1_280", [1.0, 2.0], unit="mAU", number="2"))).file
    assert codes(file) == [("signal_without_tag", "UV 1_280", False)]


def test_what_lies_outside_the_phase_is_recorded_and_counted_as_such(plant, desk):
    make_akta(plant)
    file = receive(plant, unicorn(curve("pH", [7.2] * 30, start_s=-600))).file
    (signal,) = file.signals
    assert (signal["samples"], signal["before"], signal["after"]) == (30, 10, 0)
    page = desk.get(f"{PAGE}{file.pk}/").content.decode()
    assert page.count("Outside the phase") == 11
    assert page.count("In the phase") == 20


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"PK\x03\x04 nothing", "cytiva_unicorn", "archive_unreadable"),
        (b"", "cytiva_unicorn", "archive_unreadable"),
        (b"Date;Time\n", "nova_flex2", "file_name_not_recognised"),
        (b"anything", "no_such_kind", "unknown_instrument_kind"),
    ],
)
def test_foreign_bytes_are_refused_with_the_code_of_their_reader(plant, content, kind, code):
    make_akta(plant)
    assert [one[0] for one in refused(plant, content, kind)] == [code]


def test_another_year_and_units_that_differ_are_refused_at_the_file(plant):
    make_akta(plant)
    assert refused(plant, unicorn(curve("pH", [7.2] * 9, start_s=-400 * 86400))) == [("file_outside_phase", "file")]
    assert refused(plant, unicorn(curve("pH", [7.2] * 9, start_s=400 * 86400))) == [("file_outside_phase", "file")]
    wrong = unicorn(ph_run(), curve("Cond", [1.5] * 30, unit="furlong", number="2"))
    assert refused(plant, wrong) == [("unknown_unit", "file")]
    wrong = unicorn(ph_run(), curve("Cond", [1500.0] * 30, unit="µS/cm", number="2"))
    assert refused(plant, wrong) == [("unit_of_file_differs", "file")]
    assert refused(plant, unicorn(curve("UV", [1.0], unit="mAU"))) == [("file_without_signals", "file")]


def test_a_source_that_does_not_serve_the_phase_gives_it_no_file(plant):
    making.make_unit(plant.people, 13, code="TFF-2")
    making.make_source(plant.people, "TFF02", "TFF-2")
    assert refused(plant, b"", source="TFF02") == [("source_not_assigned", "source")]
    assert refused(plant, b"", source="TFF09") == [("unknown_source", "source")]
    assert refused(plant, b"", source="TFF01", name="a\nb", sample="x" * 81) == [
        ("name_too_long", "file"), ("name_too_long", "sample"),
    ]  # fmt: skip


def test_who_may_not_record_readings_and_a_phase_that_has_not_started_give_no_file(plant):
    command = ReceiveFile(name="a", kind="cytiva_unicorn", content=b"", source="TFF01")
    with pytest.raises(Refusal) as caught:
        record_instrument_file(by=plant.people["sol"], phase=plant.phase, command=command)
    assert caught.value.code == "not_authorised"
    farid = plant.people["farid"]
    issue = IssueBatchRecord("BR-2", "UFDF", 1, "LOT-2", plant.site.code)
    waiting = records.issue(by=farid, credentials=credentials(farid), command=issue).phases.get(code="L10")
    with pytest.raises(Refusal) as caught:
        record_instrument_file(by=plant.people["olivia"], phase=waiting, command=command)
    assert caught.value.code == "phase_not_started"


def test_a_log_is_read_by_its_mapping_and_is_judged(plant, desk):
    make_mapping(plant)
    lines = [logged(at * 60, ph="6,10" if 20 <= at < 24 else "7,20", state="OK" if at else "CAL") for at in range(40)]
    content = log(*lines)
    file = receive(plant, content, "skid_log", "TFF01", "tff01.csv", mapping="TFF-LOG").file
    assert str(file.mapping) == "TFF-LOG 1"
    assert [(one["tag"], one["samples"], one["bad"]) for one in file.signals] == [
        ("FI101", 40, 0), ("AI101", 40, 1), ("CI101", 40, 0), ("TI101", 40, 0),
    ]  # fmt: skip
    plant.detect()
    assert Excursion.objects.get(level="action").parameter == "ph"
    page = desk.get(f"{PAGE}{file.pk}/?tag=AI101").content.decode()
    assert "column pH, line 3" in page
    assert "Bad quality" in page
    assert desk.get(f"{PAGE}{file.pk}/?tag=AI101&start=30").content.decode().count("column pH") == 10


def test_a_log_needs_an_approved_mapping_and_the_same_bytes_are_read_one_way_only(plant):
    content = log(logged(60), logged(120))
    assert refused(plant, content, "skid_log", "TFF01") == [("mapping_needed", "mapping")]
    assert refused(plant, content, "skid_log", "TFF01", mapping="TFF-LOG") == [("mapping_unknown", "mapping")]
    mapping = make_mapping(plant)
    assert refused(plant, content, mapping="TFF-LOG", source="TFF01") == [("mapping_not_taken", "mapping")]
    receive(plant, content, "skid_log", "TFF01", "a.csv", mapping="TFF-LOG")
    make_mapping(plant, making.SHIPPED_MAPPING.read_bytes().replace(b"version = 1", b"version = 2"))
    mapping.refresh_from_db()
    assert mapping.state(now()) == "superseded"
    assert refused(plant, content, "skid_log", "TFF01", mapping="TFF-LOG") == [("file_read_otherwise", "file")]


def test_what_no_frame_can_hold_is_refused_at_the_file(plant):
    make_mapping(plant)
    content = log(logged(60), logged(-27 * 365 * 86400))
    assert set(refused(plant, content, "skid_log", "TFF01", "a.csv", mapping="TFF-LOG")) == {
        ("reading_before_2000", "file")
    }


def test_large_files_become_several_frames(plant, settings):
    settings.READINGS_MAX_SAMPLES = 25
    make_akta(plant)
    receive(plant, unicorn(ph_run(), curve("Cond", [15.0] * 30, unit="mS/cm", number="2")))
    assert list(Frame.objects.order_by("sequence").values_list("sequence", "samples")) == [(0, 25), (1, 25), (2, 10)]


def test_a_body_that_was_recorded_under_the_identity_of_a_file_is_a_conflict_and_said(plant):
    make_akta(plant)
    content = unicorn(ph_run())
    boot = boot_id(hashlib.sha256(content).hexdigest(), "")
    plant.send(making.frame(0, [5], lambda at: 1.0, tag="pH", boot=boot, source="AKTA1"))
    assert codes(receive(plant, content).file) == [("frame_conflict", "", True)]


def test_samples_beside_the_line_become_points_of_the_batch_that_they_name(plant, desk):
    make_analyser(plant)
    name, content = flex(
        (5, "S1", "BR-1", "7.204", "301"), (15, "S2", "LOT-1", "6.100", ">2000"), (25, "S3", "BR-9", "7.1", "300")
    )
    file = receive(plant, content, "nova_flex2", "FLEX1", name).file
    assert [(one["tag"], one["samples"]) for one in file.signals] == [("PH", 2), ("OSM", 1)]
    assert ("sample_not_of_this_phase", "S3") in {(one["code"], one["sample"]) for one in file.findings}
    assert ("above_range", "S2") in {(one["code"], one["sample"]) for one in file.findings}
    rows = desk.get(f"{API}{file.pk}/?tag=PH").json()["rows"]
    assert [(row["text"], row["locator"], row["unit"], row["inside"]) for row in rows] == [
        ("7.204", "row 2, column pH", "[pH]", True), ("6.100", "row 3, column pH", "[pH]", True),
    ]  # fmt: skip
    plant.detect()
    assert Excursion.objects.filter(parameter="ph", level="action").count() == 1


def test_one_sample_of_a_file_is_chosen_by_name(plant):
    make_analyser(plant)
    name, content = flex((5, "S1", "", "7.2", "301"), (15, "S2", "", "7.3", "302"), (25, "S2", "BR-9", "7.1", "300"))
    assert refused(plant, content, "nova_flex2", "FLEX1", name) == [("no_sample_of_this_phase", "sample")]
    assert refused(plant, content, "nova_flex2", "FLEX1", name, sample="S7") == [("no_sample_of_this_phase", "sample")]
    file = receive(plant, content, "nova_flex2", "FLEX1", name, sample="S2").file
    assert [(one["tag"], one["samples"]) for one in file.signals] == [("PH", 1), ("OSM", 1)]
    assert receive(plant, content, "nova_flex2", "FLEX1", name, sample="S1").file != file


def test_the_rest_door_lists_shows_and_hides(plant, desk):
    make_akta(plant)
    answer = desk.post(API, form(unicorn(ph_run(), cut_curve("Cond")), "cytiva_unicorn", "AKTA1"))
    assert (answer.status_code, answer.json()["source"]) == (201, "AKTA1")
    assert [(one["code"], one["blocking"]) for one in answer.json()["findings"]] == [("curve_cut_short", True)]
    there = f"{API}{answer.json()['id']}/"
    assert [row["id"] for row in desk.get(API).json()["results"]] == [answer.json()["id"]]
    shown = desk.get(there + "?start=29").json()
    assert (shown["tag"], [row["locator"] for row in shown["rows"]]) == ("pH", ["curve 1 (pH), point 30"])
    assert desk.get(there + "?tag=Cond").json()["rows"] == []
    refusal = desk.get(there + "?start=-1")
    assert (refusal.status_code, refusal.json()["code"]) == (422, "start_out_of_range")
    sol = signed_in(plant.people["sol"])
    for address in (API, there, there + "content/", PAGE, f"{PAGE}{answer.json()['id']}/"):
        assert sol.get(address).status_code in {403, 404}, address


def test_the_pages_say_what_to_do_and_page_through_many_readings(plant, desk):
    page = desk.get(PAGE).content.decode()
    assert "No file yet" in page
    assert "Receive a file" in page
    assert "Receive a file" not in signed_in(plant.people["priya"]).get(PAGE).content.decode()
    form_page = desk.get(PAGE + "receive/").content.decode()
    assert "TFF01 · TFF skid" in form_page
    make_akta(plant)
    file = receive(plant, unicorn(curve("pH", [7.2] * 250, step_s=2))).file
    first = desk.get(f"{PAGE}{file.pk}/").content.decode()
    assert "1–100 / 250" in first
    assert "start=100" in first
    last = desk.get(f"{PAGE}{file.pk}/?start=200&tag=nonsense").content.decode()
    assert "201–250 / 250" in last
    assert "start=100" in last
    assert "1–100 / 250" in desk.get(f"{PAGE}{file.pk}/?start=x").content.decode()


def test_the_real_chromatography_file_of_cut_curves_is_kept_and_gives_no_reading(plant, real_file):  # noqa: F811 -- the fixture
    make_akta(plant)
    file = receive(plant, real_file("cytiva_unicorn_1.zip")).file
    assert {code for code, _name, blocking in codes(file) if blocking} == {"curve_cut_short", "curve_without_time"}
    assert ("curve_cut_short", "pH", True) in codes(file)
    assert (file.signals, Frame.objects.count()) == ([], 0)


def test_the_real_file_of_an_analyser_is_of_another_year(plant, real_file):  # noqa: F811 -- the fixture
    make_analyser(plant)
    name = "SampleResultsDEVICE1232021-02-18_104838.csv"
    found = refused(plant, real_file(name), "nova_flex2", "FLEX1", name, sample="SAMPLE 0001")
    assert found == [("file_outside_phase", "file")]


def test_who_may_record_a_file_sends_no_readings_in_the_name_of_a_skid(plant):
    with pytest.raises(Refusal) as caught:
        record_frame(by=plant.people["olivia"], site=plant.site, frame=making.frame(1, [0], lambda _at: 0.2))
    assert caught.value.code == "not_authorised"
