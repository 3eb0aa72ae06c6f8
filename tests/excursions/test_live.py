"""screens.md: a running batch record is followed; only what is new is sent, and unknown is never drawn as known."""

import json
import tomllib
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.excursions.actions.alarms import Acknowledge, acknowledge
from batches.excursions.live import trace_content
from batches.excursions.models import Evaluation, Excursion
from batches.excursions.queries import live
from batches.excursions.rules.excursion_rules import rule_from
from batches.excursions.rules.plots import plots_of, plotted, silences
from batches.readings.actions.clocks import CorrectClock, correct_clock
from batches.readings.models import Frame
from batches.readings.rules.signals import Signal, signal_of
from gatekeeper.demo.people import credentials
from tests.doors import signed_in
from tests.excursions.making import PH, SECOND, SHEAR, START, frame, make_plant, rules_toml
from tests.excursions.test_evaluation import surging

PAGE, DATA = "/excursions/batch-records/BR-1/live/", "/excursions/batch-records/BR-1/live.json"
START_US = int(START.timestamp()) * SECOND
FALLING = PH.replace('code = "ph"', 'code = "ph-falls"').replace('kind = "instant"', 'kind = "rate"')
# Session, person, authority, site; record, phases, equipment, rules, tags; frames; judged (4); clocks (2); disputes.
QUERIES = 17


@pytest.fixture
def olivia(plant):
    return signed_in(plant.people["olivia"])


def look(browser, last=None, **asked):
    """Ask as the script does: the cursor and the version of the last answer, and its ETag."""
    headers = {}
    if last is not None:
        asked = {"since": last.json()["cursor"], "alarms": last.json()["alarms"]["version"], **asked}
        headers = {"If-None-Match": last["ETag"]}
    return browser.get(DATA, asked, headers=headers)


def _parsed(*tables):
    return [rule_from(table) for table in tomllib.loads(rules_toml(*tables).decode())["rule"]]


def test_the_page_has_a_plot_for_each_judged_signal_and_no_inline_style(plant, olivia, time):
    page = olivia.get(PAGE).content.decode()
    assert 'id="plot-L10-0"' in page
    assert "Wall shear" in page
    assert "Action 6000" in page
    assert "not judged yet" in page
    assert "style=" not in page
    for address in ("phases/L10/", "live.json", "?minutes=120"):
        assert address in page


def test_the_first_look_has_the_window_and_the_next_only_what_is_new(plant, olivia, time):
    time.after(20)
    plant.send(frame(1, range(20), surging))
    first = look(olivia)
    trace = first.json()["traces"]["L10-0"]
    assert (first.json()["whole"], len(trace["t"]), trace["t"][0]) == (True, 20, START_US)
    assert trace["v"][0] == 2611.773
    time.after(60)  # the first frame has settled: it is not read again
    plant.send(frame(2, range(20, 40), surging))
    second = look(olivia, first)
    assert (second.json()["whole"], len(second.json()["traces"]["L10-0"]["t"])) == (False, 40)
    plant.send(frame(3, range(40, 60), surging))
    third = look(olivia, second)
    assert third.json()["traces"]["L10-0"]["t"] == [START_US + at * SECOND for at in range(20, 60)]


def test_nothing_new_is_304_without_a_body(plant, olivia, time):
    time.after(20)
    plant.send(frame(1, range(20), surging))
    plant.detect()
    first = look(olivia)
    again = look(olivia, first)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    time.after(40)
    later = look(olivia, first)
    assert later.status_code in {200, 304}
    assert look(olivia, later if later.status_code == 200 else first).status_code == 304


def test_an_excursion_comes_with_its_picture_its_words_and_a_button(plant, olivia, time):
    time.after(30)
    plant.send(frame(1, range(30), surging))
    plant.detect()
    quiet = look(olivia)
    assert quiet.json()["excursions"] == []
    time.after(50)
    plant.send(frame(2, range(30, 50), surging))
    plant.detect()
    found = look(olivia, quiet).json()
    assert {(result["level"], result["to"], result["high"]) for result in found["excursions"]} == {
        ("alert", None, True),
        ("action", None, True),
    }
    assert next(result["limit"] for result in found["excursions"] if result["level"] == "action") == 6000.0
    assert found["states"]["L10-0"] == [{"rule": "shear", "mark": "action", "word": "action"}]
    html = found["alarms"]["html"]
    action = Excursion.objects.get(level="action")
    for text in (f'data-alarm="{action.pk}"', "Action: L10 Wall shear", 'class="outside action"', "It lasts"):
        assert text in html
    assert f"/excursions/{action.pk}/acknowledge/" in html
    assert f"excursions/{action.pk}/acknowledge/" not in signed_in(plant.people["mei"]).get(PAGE).content.decode()


def test_many_alarms_are_a_few_a_count_and_the_rest_folded_and_action_is_never_cut_off(
    plant, olivia, time, monkeypatch
):
    monkeypatch.setattr(live, "_MOST_ALARMS", 7)
    time.after(500)
    plant.send(frame(1, range(500), lambda at: 1.0 if at % 100 in range(10, 30) else 0.2))
    plant.detect()
    html = look(olivia).json()["alarms"]["html"]
    assert Excursion.objects.count() == 10
    told, folded = html.split("<details>")
    assert "7 alarms" in " ".join(told.split())
    assert "7 not acknowledged" in " ".join(told.split())
    assert (told.count("data-alarm"), folded.count("data-alarm"), told.count("<svg")) == (3, 4, 1)
    assert "4 more" in " ".join(folded.split())
    assert "There are more" in folded
    assert html.count('data-level="action"') == 5
    assert 'title="13058.867' in told
    assert ">13058.9" in told


def test_clocks_that_are_ahead_and_clocks_that_were_corrected_are_told_and_what_is_drawn_is_asked_for_anew(
    plant, olivia, time
):
    time.after(30)
    plant.send(frame(1, range(30), surging))
    before = look(olivia).json()["clocks"]
    assert (before["corrected"], before["held"]) == ([], [])
    plant.send(frame(2, range(4000, 4030), surging))
    assert look(olivia).json()["clocks"] == before | {"held": ["TFF01"]}
    command = CorrectClock("boot-1", 2, None, "-4000", "The clock was set to another zone.")
    priya = plant.people["priya"]
    correct_clock(by=priya, credentials=credentials(priya), source=plant.source, command=command)
    after = look(olivia).json()["clocks"]
    assert (after["corrected"], after["held"]) == (["TFF01"], [])
    assert after["version"] != before["version"]


def test_what_was_acknowledged_and_is_over_leaves_the_page_and_what_lasts_stays(plant, olivia, time):
    time.after(50)
    plant.send(frame(1, range(50), surging))
    plant.detect()
    before = look(olivia)
    action = Excursion.objects.get(level="action")
    acknowledge(by=plant.people["olivia"], excursion=action, command=Acknowledge("Pump slowed."))
    lasting = look(olivia, before)
    assert "Acknowledged by" in lasting.json()["alarms"]["html"]
    time.after(120)
    plant.send(frame(2, range(50, 120), surging))
    plant.detect()
    over = look(olivia, lasting).json()["alarms"]["html"]
    assert "Action: L10" not in over
    assert "Alert: L10" in over


def test_the_alarms_are_sent_again_only_when_they_changed(plant, olivia, time):
    time.after(50)
    plant.send(frame(1, range(50), surging))
    plant.detect()
    first = look(olivia)
    plant.send(frame(2, [50], surging))
    assert "html" not in look(olivia, first).json()["alarms"]


def test_a_look_costs_the_same_however_long_the_phase_has_run(plant, olivia, time):
    time.after(30)
    plant.send(frame(1, range(30), surging))
    plant.detect()
    first = look(olivia)

    def counted(last, **asked):
        with CaptureQueriesContext(connection) as seen:
            answer = look(olivia, last, **asked)
        return answer, [row["sql"] for row in seen]

    _same, short = counted(first)
    for number in range(2, 12):
        time.after(30 * number)
        plant.send(frame(number, range(30 * (number - 1), 30 * number), lambda at: surging(at % 300)))
    plant.detect()
    long = look(olivia, minutes=5)
    answer, queries = counted(long, minutes=5)
    assert answer.status_code == 304
    assert len(queries) <= len(short) + 1 <= QUERIES + 1
    assert len(long.json()["traces"]["L10-0"]["t"]) <= 400


def test_many_samples_are_sent_as_their_extremes(plant):
    (rule,) = _parsed(SHEAR)
    (plot,) = plots_of([rule], "L10", {"TFF01": ["flow"]})
    times = START_US + np.arange(5000, dtype=np.int64) * SECOND
    values = np.full(5000, 1000.0)
    values[2500] = 9000.0
    content = trace_content(plot, Signal(times, values, np.ones(5000, dtype=bool)), start=START_US, whole=True)
    assert len(content["t"]) <= 400
    assert max(content["v"]) == 9000.0
    assert content["t"] == sorted(set(content["t"]))
    assert content["newest"] == int(times[-1])


def test_a_silence_is_unknown_and_so_is_what_may_not_be_judged(plant):
    (rule,) = _parsed(SHEAR)
    (plot,) = plots_of([rule], "L10", {"TFF01": ["flow"]})
    signal = signal_of([START_US, START_US + 5 * SECOND, START_US + 30 * SECOND], [1.0, 2.0, 3.0], [192, 0, 192])
    content = trace_content(plot, signal, start=START_US, whole=True)
    assert content["gaps"] == [(START_US, START_US + 30 * SECOND)]
    assert content["v"] == [1.0, None, 3.0]
    assert trace_content(plot, signal_of([], []), start=START_US, whole=True) == {
        "t": [], "v": [], "gaps": [], "newest": None, "last": None,
    }  # fmt: skip


def test_two_values_for_one_time_make_what_lies_around_it_unknown():
    void = Signal(
        np.array([0, 1, 2]) * SECOND, np.array([1.0, np.nan, 1.0]), np.array([True, False, True]), np.array([0, 1, 0])
    )
    assert silences(void, max_gap_s=None, start=0) == [(0, 2 * SECOND)]


def test_rules_of_one_signal_share_a_plot_and_a_rate_joins_it():
    rate = FALLING.replace('unit = "[pH]"', 'unit = "[pH]/min"')
    dose = SHEAR.replace('code = "shear"', 'code = "shear-dose"')
    plots = plots_of(_parsed(SHEAR, dose, PH), "L10", {"TFF01": ["flow", "ph"], "TFF02": ["ph"]})
    assert [(plot.parameter, plot.source, [name for name, _rule in plot.rules]) for plot in plots] == [
        ("wall_shear", "TFF01", ["shear", "shear-dose"]),
        ("ph", "TFF01", ["ph@TFF01"]),
        ("ph", "TFF02", ["ph@TFF02"]),
    ]
    assert plots_of(_parsed(SHEAR), "L11", {"TFF01": ["flow"]}) == ()
    assert rate


def test_without_a_module_the_shear_is_unknown_and_the_page_stands(plant, olivia, time):
    (rule,) = _parsed(SHEAR)
    (plot,) = plots_of([rule], "L10", {"TFF01": ["flow"]})
    assert len(plotted(plot, {"flow": signal_of([START_US], [1.0])}, None).times) == 0


def test_a_record_of_which_nothing_runs_says_so_and_leads_to_what_was(plant, olivia, time):
    plant.end()
    page = olivia.get(PAGE).content.decode()
    assert "Nothing is monitored now" in page
    assert "phases/L10/" in page
    assert look(olivia).json()["running"] == []


def test_frames_that_have_not_settled_are_read_again(plant, time):
    time.after(30)
    plant.send(frame(1, range(10), surging))
    (running,) = live.followed(plant.record)
    loose = live.tail([running], since=None, start=START)
    assert (loose.cursor, loose.beyond) == (loose.frames[0] - 1, loose.frames)
    time.after(40)
    settled = live.tail([running], since=None, start=START)
    assert (settled.cursor, settled.beyond) == (settled.frames[-1], ())
    assert live.tail([running], since=settled.cursor, start=START).frames == ()
    assert live.tail([running], since=None, start=START + timedelta(hours=1)).cursor is None
    assert Frame.objects.count() == 1


def test_how_far_the_rules_have_judged_is_told(plant, olivia, time):
    time.after(30)
    plant.send(frame(1, range(30), surging))
    assert look(olivia).json()["judgedTo"] == {"L10": None}
    plant.detect()
    assert look(olivia).json()["judgedTo"] == {"L10": START_US + 29 * SECOND}
    assert Evaluation.objects.count() == 1


def test_another_site_and_another_number_find_nothing(plant, time):
    for address in (PAGE, DATA):
        assert signed_in(plant.people["sol"]).get(address).status_code == 404
        assert signed_in(plant.people["hana"]).get(address).status_code == 403


def test_a_live_page_stands_beside_the_signals_of_the_phase(plant, olivia, time):
    for address in ("/batches/BR-1/", "/excursions/batch-records/BR-1/phases/L10/"):
        assert PAGE in olivia.get(address).content.decode(), address
    assert json.loads(look(olivia).content)["cursor"] is None


def test_two_signals_are_two_plots_of_one_record(time, db):
    plant = make_plant(rules_toml(SHEAR, PH))
    time.after(20)
    plant.send(frame(1, range(20), surging))
    plant.send(frame(2, range(20), lambda _at: 7.3, tag="AI101"))
    found = look(signed_in(plant.people["olivia"])).json()
    assert {key: trace["last"] for key, trace in found["traces"].items()} == {"L10-0": 2611.773, "L10-1": 7.3}
