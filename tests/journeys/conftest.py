"""The whole site, its story told once, and the windows that people look at it through."""

import contextlib
import sys

import pytest

from gatekeeper.demo.supervisor import Supervisor
from tests import running
from tests.journeys import stage, story
from tests.journeys.browsing import visiting

PICTURES = running.ROOT / ".test-output"


@contextlib.contextmanager
def running_workers(site, folder):
    """Within the block a general and a detection worker do the site's work."""
    celery = [sys.executable, "-m", "celery", "--app", "gatekeeper", "worker", "--pool", "solo", "--without-gossip"]
    with Supervisor(folder / "workers") as supervisor:
        for queue in ("general", "detection"):
            argv = [*celery, "--without-mingle", "--queues", queue, "--hostname", f"{queue}@%h"]
            supervisor.start(queue, argv, site.env, cwd=running.ROOT)
        yield supervisor


@pytest.fixture(scope="session")
def told_site(servers, template_database, tmp_path_factory, django_db_blocker):
    """The live site with the workers of both queues and its story told: see tests.journeys.stage.ToldSite."""
    folder = tmp_path_factory.mktemp("whole-site")

    @contextlib.contextmanager
    def site(urls, below):
        with (
            running.running_site(urls, story.keys(below), below, django_db_blocker) as live,
            running_workers(live, below),
        ):
            yield live

    def make(below):
        with story.database(below) as urls, site(urls, below) as live:
            return stage.tell(live)

    if story.is_shared():
        numbers = story.take(folder, make)
        with story.database(folder) as urls, site(urls, folder) as live:
            yield stage.ToldSite(live, **numbers)
    else:
        with running.cloned(servers, template_database) as urls, site(urls, folder) as live:
            yield stage.ToldSite(live, **stage.tell(live))


@pytest.fixture
def visit(told_site, chromium, request):
    """``visit("olivia", size=TABLET)``: a window in which this person is logged in, "" for nobody.

    What no page may do, such as an error of a script, fails the test at its end.
    """
    with contextlib.ExitStack() as windows:
        opened = request.node.stash[_OPENED] = []

        def open_window(name, **wanted):
            visitor = windows.enter_context(visiting(chromium, told_site.url, **wanted))
            opened.append(visitor)
            if name:
                visitor.log_in(name)
            return visitor

        yield open_window
        assert [fault for visitor in opened for fault in visitor.faults] == []


_OPENED = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep a picture of every window of a test that failed."""
    report = yield
    if call.when == "call" and report.failed:
        PICTURES.mkdir(exist_ok=True)
        for number, visitor in enumerate(item.stash.get(_OPENED, []), start=1):
            with contextlib.suppress(Exception):  # a picture is a courtesy
                visitor.page.screenshot(path=PICTURES / f"{item.name}-{number}.png", full_page=True)
    return report
