"""E-f, E-g, G: each value of a closed set is in its table; each check of the gate has code, test and reference."""

import ast
import importlib
import inspect
import re

import pytest

from docs.generate import listed_refusals
from gatekeeper.accounts.rules.permissions import CODES, PERMISSIONS, PUBLIC, SIGNED_IN
from gatekeeper.core.refusal import Kind
from gatekeeper.core.transitions import Transition
from gatekeeper.documents.queries import document_kinds
from gatekeeper.documents.rules.statuses import DOCUMENT
from gatekeeper.doors import STATUS
from release.rules.gate import GATE
from tests.architecture import sources

TABLES = {
    f"{name.removesuffix('.py').replace('/', '.')}.{constant}": table
    for name in sources.python()
    if name.endswith("rules/statuses.py")
    for constant, table in vars(importlib.import_module(name.removesuffix(".py").replace("/", "."))).items()
    if isinstance(table, tuple) and table and all(isinstance(row, Transition) for row in table)
}


def test_every_kind_of_refusal_has_a_status():
    assert set(STATUS) == set(Kind)
    assert len(set(STATUS.values())) == len(Kind)


def test_the_house_has_its_status_tables():
    assert {name.rpartition(".")[2] for name in TABLES} >= {
        "BATCH_RECORD",
        "PHASE",
        "DEVIATION",
        "DOCUMENT",
        "LOT",
        "RESULT",
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_status_table_is_closed_and_says_each_change_once(table):
    assert len({(row.source, row.verb) for row in table}) == len(table)
    # Who may approve a controlled document is declared by its kind, not by the one table of all kinds.
    assert {row.permission for row in table} <= CODES | ({""} if table is DOCUMENT else set())
    assert all(re.fullmatch(r"[a-z_]+", word) for row in table for word in (row.source, row.verb, row.target))


@pytest.mark.parametrize("kind", document_kinds(), ids=lambda kind: kind.code)
def test_who_sees_writes_and_approves_a_kind_of_document_is_in_the_table(kind):
    assert {kind.view, kind.author, kind.approve} <= CODES


def test_every_permission_that_is_named_anywhere_is_in_the_table():
    rooms = "|".join(sorted({code.split(".")[0] for code in CODES}))
    looks_like_one = re.compile(rf"(?:{rooms})\.[a-z]+(?:_[a-z]+)*")
    named = {}
    for name in sources.python():
        for keyword, node in _permission_values(name):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
                named[node.value] = f"{sources.where(name, node)} {keyword}"
    unknown = {place: code for code, place in named.items() if code not in CODES | {PUBLIC, SIGNED_IN}}
    assert not {place: code for place, code in unknown.items() if looks_like_one.fullmatch(code) or "." not in code}


def _permission_values(name):
    """Yield what is given as ``permission``: by keyword, by assignment in a class, or in a dictionary of methods."""
    for node in ast.walk(sources.tree(name)):
        if isinstance(node, ast.keyword) and node.arg == "permission":
            yield node.arg, node.value
        elif isinstance(node, ast.Assign) and {sources.dotted(one) for one in node.targets} & {"permission"}:
            yield "permission", node.value
        elif isinstance(node, ast.Assign) and {sources.dotted(one) for one in node.targets} & {"permissions"}:
            if isinstance(node.value, ast.Dict):
                yield from (("permissions", value) for value in node.value.values)
        elif isinstance(node, ast.Call) and sources.dotted(node.func).rsplit(".", 1)[-1] in CHECKS:
            yield from (("checked", argument) for argument in node.args[1:2])


CHECKS = {"check_authority", "check_authority_anywhere", "sites_of", "permits", "sites_in"}


def test_every_permission_is_asked_for_somewhere():
    texts = [sources.text(name) for name in sources.python() if not name.endswith("rules/permissions.py")]
    unasked = [row.code for row in PERMISSIONS if not any(f'"{row.code}"' in text for text in texts)]
    assert not unasked


def test_every_permission_is_held_by_some_role():
    roles = "\n".join(sources.text(name) for name in sources.files() if name.endswith("roles.toml"))
    assert not [row.code for row in PERMISSIONS if f'"{row.code}"' not in roles]


def test_codes_of_the_gate_are_unique_and_in_order():
    codes = [check.code for check in GATE]
    assert codes == sorted(set(codes))


@pytest.mark.parametrize("check", GATE, ids=lambda check: check.code)
def test_every_check_of_the_gate_has_a_title_a_reference_and_a_test(check):
    assert check.title
    first = inspect.getdoc(check.function).splitlines()[0]
    assert re.match(r"G-\d+", first), f"{check.function.__name__} says which row of domain.md 4.2 it is"
    tests = "\n".join(sources.text(name) for name in sources.python(tests=True) if name.startswith("tests/release/"))
    raised = set(re.findall(r'\bfinding\(\s*"([a-z_]+)"', inspect.getsource(inspect.getmodule(check.function))))
    assert raised
    assert check.code in tests or check.function.__name__ in tests, f"no test names {check.code}"


def _codes_of_findings():
    for name in sources.python():
        if name.startswith("release/rules/gate/"):
            for call in sources.calls(name):
                if sources.dotted(call.func) == "finding" and call.args:
                    for value in _texts(call.args[0]):
                        yield value, sources.where(name, call)


def _texts(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def test_every_finding_of_the_gate_has_a_test():
    tests = "\n".join(sources.text(name) for name in sources.python(tests=True) if name.startswith("tests/release/"))
    assert not {code: place for code, place in _codes_of_findings() if f'"{code}"' not in tests}


def test_every_refusal_that_a_function_promises_is_raised_somewhere():
    listed = {one.code for one in listed_refusals()}
    promised = {}
    for name in sources.python():
        for function in sources.functions(name):
            said = (ast.get_docstring(function) or "").partition(":raises Refusal:")[2]
            for code in re.findall(r"``([a-z]+(?:_[a-z]+)+)``", said.split(":raises", 1)[0]):
                promised[code] = f"{sources.where(name, function)} {function.name}"
    functions = {function.name for name in sources.python() for function in sources.functions(name)}
    assert not {code: place for code, place in promised.items() if code not in listed | functions}
