"""``python -m tests.changed`` prints the tests that a change touches, for ``make test ARGS=changed``.

A change is what differs from where this branch left main, files that are not committed included. Of a changed module
come the tests that import it, directly or not, the tests of its app, and those of every app whose doors it reaches:
tests of pages and endpoints ask an address and import no view.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import grimp

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gatekeeper", "plasmids", "batches", "release", "tests")
ALWAYS = "tests/architecture"
# Whoever changes these changes what every test stands on.
EVERYTHING = ("requirements", "pyproject.toml", "gatekeeper/settings.py", "tests/conftest.py", "tests/settings.py")
DOORS = {"views", "api", "urls", "api_urls", "tasks", "management", "middleware", "templatetags", "work_list"}
SEEN = (".html", ".css", ".js", ".svg", ".po", ".mo")  # on a page: the journeys look at it
READ = (".toml", ".sql", ".json", ".yaml")  # beside the modules of an app


def changed_files() -> list[str]:
    """Paths that differ from where this branch left main; from HEAD where there is no main."""
    base = _git("merge-base", "main", "HEAD") or _git("merge-base", "origin/main", "HEAD") or ["HEAD"]
    return [*_git("diff", "--name-only", base[0]), *_git("ls-files", "--others", "--exclude-standard")]


def _git(*arguments: str) -> list[str]:
    ran = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout.splitlines() if ran.returncode == 0 else []


def touched(files: Iterable[str], graph: grimp.ImportGraph) -> list[str]:
    """Return the tests (files and folders of them) that a change of these files touches."""
    files = set(files)
    if any(name.startswith(EVERYTHING) for name in files):
        return ["tests"]
    tests = {ALWAYS}
    for name in files:
        path = PurePosixPath(name)
        if path.suffix == ".py":
            tests |= _of_module(name, graph)
        elif path.suffix in SEEN:
            tests |= {"tests/journeys", *_of_app(name.removeprefix("templates/"))}
        elif path.suffix in READ:
            tests |= set(_of_app(name))
    tests = {test for test in tests if (ROOT / test).exists()}
    return sorted(test for test in tests if not any(test.startswith(f"{other}/") for other in tests))


def _of_module(name: str, graph: grimp.ImportGraph) -> set[str]:
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if name.endswith("conftest.py"):
        return {name.rpartition("/")[0]}
    reached = {module} | (graph.find_downstream_modules(module) if module in graph.modules else set())
    files = {f"{inner.replace('.', '/')}.py" for inner in reached}
    tests = {file for file in files if file.startswith("tests/") and "/test_" in file}
    doors = [file for file in files if DOORS.intersection(PurePosixPath(file).with_suffix("").parts)]
    for file in [name, *doors]:
        tests |= set() if file.startswith("tests/") else set(_of_app(file))
    if DOORS.intersection(PurePosixPath(name).with_suffix("").parts):
        tests.add("tests/journeys")
    return tests


def _of_app(name: str) -> list[str]:
    """The folder of the tests of the innermost app or room that a file belongs to; of none, the journeys."""
    for part in reversed(PurePosixPath(name).parts[:-1]):
        if (ROOT / "tests" / part).is_dir():
            return [f"tests/{part}"]
    return ["tests/journeys"]


def main() -> None:
    """Print the tests, one a line."""
    graph = grimp.build_graph(*PACKAGES)
    sys.stdout.write("\n".join(touched(changed_files(), graph)) + "\n")


if __name__ == "__main__":
    main()
