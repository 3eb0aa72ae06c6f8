"""The files of the house as its guards read them: paths relative to the root, and syntax trees."""

import ast
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gatekeeper", "plasmids", "batches", "release")
APPS = (
    "gatekeeper/accounts",
    "gatekeeper/ledger",
    "gatekeeper/jobs",
    "gatekeeper/documents",
    "gatekeeper/lots",
    "plasmids",
    "batches",
    "batches/readings",
    "batches/excursions",
    "release",
)


@functools.cache
def files() -> tuple[str, ...]:
    """Return every file that is, or is about to be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@functools.cache
def python(*, tests: bool = False) -> tuple[str, ...]:
    """Return the product's Python files, or those of the tests; never the migrations that Django writes."""
    return tuple(
        name
        for name in files()
        if name.endswith(".py") and "/migrations/" not in name and (name.split("/")[0] == "tests") == tests
    )


@functools.cache
def tree(name: str) -> ast.Module:
    return ast.parse(text(name), filename=name)


type Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(name: str) -> Iterator[Function]:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call):
            yield node


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for a chain of names, calls and subscripts inside it left out; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    if isinstance(node, ast.Call):
        return dotted(node.func)
    if isinstance(node, ast.Subscript):
        return dotted(node.value)
    return ""


def where(name: str, node: ast.AST) -> str:
    return f"{name}:{getattr(node, 'lineno', 1)}"


@dataclass(frozen=True, slots=True)
class Home:
    """Files in which something is allowed that is refused elsewhere, and why. A guard asks that each is still used."""

    pattern: str
    reason: str

    def holds(self, name: str) -> bool:
        return fnmatch(name, self.pattern)


def home_of(name: str, homes: tuple[Home, ...]) -> Home | None:
    return next((home for home in homes if home.holds(name)), None)


def outside(found: Iterator[tuple[str, str]], homes: tuple[Home, ...]) -> tuple[list[str], list[str]]:
    """Split findings (file, description): what lies outside every home, and the homes that nothing needs any more."""
    strays, needed = [], set()
    for name, description in found:
        home = home_of(name, homes)
        if home is None:
            strays.append(description)
        else:
            needed.add(home)
    return strays, [home.pattern for home in homes if home not in needed]
