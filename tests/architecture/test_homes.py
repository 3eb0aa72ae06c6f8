"""C-1, E-e: one clock, no binary fractions in what is measured, signals in one place, one name for one thing."""

import ast
import re
from pathlib import PurePosixPath

import pytest

from tests.architecture import sources
from tests.architecture.sources import Home
from tests.conftest import APART, FIRST, TOGETHER

CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "timezone.now", "timezone.localdate",
    "time.time", "time.time_ns", "datetime.datetime.now", "datetime.date.today",
}  # fmt: skip
CLOCK_HOMES = (
    Home("gatekeeper/accounts/middleware.py", "the idle lock counts seconds between requests; nothing is recorded"),
    Home("gatekeeper/accounts/views/entry.py", "unlocking starts the idle lock's count anew"),
)
FLOAT_HOMES = (
    Home("gatekeeper/ledger/serializers.py", "the age of work that waits, in seconds: not a measured value"),
    Home("batches/readings/migrations/*.py", "envelopes of float64 samples, for a chart: computed, no record"),
    Home("batches/readings/models/frames.py", "envelopes of float64 samples, for a chart: computed, no record"),
    Home("batches/*/serializers.py", "samples of a skid are float64 columns; these are buckets for a chart"),
)
SIGNALS = re.compile(
    r"(^|\.)(pre|post)_(save|delete|init|migrate)\.connect$|(^|\.)m2m_changed\.connect$|(^|\.)receiver$"
)
SIGNAL_HOMES = (Home("gatekeeper/ledger/apps.py", "triggers and privileges are attached after a migration"),)
FORBIDDEN_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "services",
    "service",
    "managers",
    "common",
    "misc",
    "lib",
    "tools",
}
APP_FILES = {
    "__init__", "apps", "models", "rules", "queries", "actions", "documents", "forms", "serializers", "views", "api",
    "tasks", "admin", "urls", "api_urls", "work_list", "management", "migrations", "templatetags", "data", "sql",
}  # fmt: skip
# What only one app has, with its reason.
OWN_FILES = {
    "gatekeeper/accounts": {
        "actor": "the named actor of every write",
        "authentication": "service tokens for REST framework",
        "cache": "values kept for as long as the rows that decide them stay",
        "clock": "record time",
        "history": "the readable history of a record",
        "middleware": "the idle lock",
        "permissions": "the guard of the REST door",
        "requests": "what a request knows about its person",
        "statements": "what is asked many times a second",
    },
    "gatekeeper/ledger": {
        "attach": "triggers and privileges after a migration",
        "checkpoint": "signed heads of the log",
        "checks": "system checks",
        "merkle": "the tree and its proofs",
        "records": "what counts as a record",
        "routing": "the owner migrates",
        "sealing": "the sealer",
        "signing": "a signed action",
        "tables": "every table and what it is for",
        "verification": "recomputes the log",
    },
    "gatekeeper/jobs": {
        "kinds": "the kinds of jobs that settings.JOBS declares",
        "wake_ups": "how a worker hears of a job",
    },
    "gatekeeper/documents": {"presentation": "states of a version as marks, places in a file as words"},
    "gatekeeper/lots": {"graph": "places the family of a lot on a picture"},
    "batches": {
        "readings": "an app inside it",
        "excursions": "an app inside it",
        "scales": "draws the limits of a control as a scale",
    },
    "batches/readings": {"collector": "runs beside a skid: from its OPC UA server to our own REST door"},
    "batches/excursions": {
        "live": "what a live page shows, as numbers and words",
        "presentation": "excursions, evaluations and rules in words and units, and as charts",
    },
    "release": {"certificate": "the certificate as a document", "links": "from a finding to the page that clears it"},
}


def _clocks():
    for name in sources.python():
        for call in sources.calls(name):
            called = sources.dotted(call.func)
            if any(called == clock or called.endswith(f".{clock}") for clock in CLOCKS):
                yield name, f"{sources.where(name, call)} {called}"


def test_time_comes_from_the_one_clock():
    strays, unused = sources.outside(_clocks(), CLOCK_HOMES)
    assert not strays, "\n".join(strays)
    assert not unused, unused


def _binary_fractions():
    for name in sources.files():
        if name.endswith(".py") and not name.startswith("tests/") and "FloatField" in sources.text(name):
            yield name, name


def test_no_measured_value_is_a_binary_fraction():
    strays, unused = sources.outside(_binary_fractions(), FLOAT_HOMES)
    assert not strays, "\n".join(strays)
    assert not unused, unused


def test_a_decimal_is_made_from_text():
    for name in sources.python():
        for call in sources.calls(name):
            if sources.dotted(call.func) == "Decimal" and call.args and isinstance(call.args[0], ast.Constant):
                assert not isinstance(call.args[0].value, float), sources.where(name, call)


def _signals():
    for name in sources.python():
        for node in ast.walk(sources.tree(name)):
            called = sources.dotted(node.func) if isinstance(node, ast.Call) else ""
            if SIGNALS.search(called):
                yield name, f"{sources.where(name, node)} {called}"


def test_signals_are_connected_in_their_homes_only():
    strays, _ = sources.outside(_signals(), SIGNAL_HOMES)
    assert not strays, "\n".join(strays)


def test_nothing_is_called_by_a_name_that_says_nothing():
    for name in sources.files():
        parts = {PurePosixPath(part).stem for part in PurePosixPath(name).parts}
        assert not parts & FORBIDDEN_NAMES, name


@pytest.mark.parametrize("app", sources.APPS)
def test_every_app_has_the_same_file_names(app):
    inside = {name.removeprefix(f"{app}/").split("/")[0] for name in sources.files() if name.startswith(f"{app}/")}
    found = {PurePosixPath(name).stem for name in inside if name.endswith(".py") or "." not in name}
    assert found <= APP_FILES | set(OWN_FILES.get(app, {})), f"{app}: a new kind of file needs a reason here"


@pytest.mark.parametrize("app", sources.APPS)
def test_a_file_or_a_folder_never_both(app):
    names = {name for name in sources.files() if name.startswith(f"{app}/") and name.endswith(".py")}
    for name in names:
        assert f"{name.removesuffix('.py')}/__init__.py" not in names, name


def test_the_path_of_a_test_mirrors_a_room_of_the_house():
    rooms = {PurePosixPath(app).name for app in sources.APPS} | {"core", "instruments", "charts", "demo"}
    kinds = {"journeys", "database", "architecture", "bench", "faults"}
    folders = {name.split("/")[1] for name in sources.python(tests=True) if name.count("/") > 1}
    assert folders <= rooms | kinds | {"data"}


def test_the_tests_that_begin_first_exist():
    assert all((sources.ROOT / "tests" / room).exists() for room in (*FIRST, *TOGETHER, *APART))


def test_the_ground_floor_in_the_contract_is_the_one_that_exists():
    contract = sources.text("pyproject.toml").split("The ground floor's doors", 1)[1].split("forbidden_modules", 1)[0]
    listed = set(re.findall(r'"gatekeeper\.(\w+)"', contract))
    existing = {PurePosixPath(name).stem for name in sources.python() if re.fullmatch(r"gatekeeper/[a-z]\w*\.py", name)}
    assert existing == listed
