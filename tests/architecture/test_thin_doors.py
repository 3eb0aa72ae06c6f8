"""E-e, E-f: a view and an endpoint parse, call and show: they hold no query and no limit of their own."""

import ast

import pytest

from tests.architecture import pending, sources
from tests.architecture.sources import Home

DOORS = (
    Home("*/views.py", "pages"),
    Home("*/views/*.py", "pages"),
    Home("*/api.py", "endpoints"),
    Home("*/api/*.py", "endpoints"),
)
# Methods that only a query set has; ``get``, ``filter``, ``count`` and the like are others' too: see _is_query.
QUERY = {
    "select_related", "prefetch_related", "select_for_update", "annotate", "values_list", "order_by", "distinct",
    "aggregate", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "in_bulk", "raw", "exclude",
    "objects", "_base_manager", "_default_manager", "exists",
}  # fmt: skip
BY_KEYWORD = {"get", "filter", "update", "create"}  # of a query set by keyword, of a dictionary or a list by position
WITHOUT_ARGUMENT = {"first", "last", "all", "count", "latest", "delete"}
SHORTCUTS = {"get_object_or_404", "get_list_or_404"}  # over a query of queries: a door's own; over a model: not
# Zero and one are "none" and "some", two is "both": not limits.
NO_LIMITS = {-1, 0, 1, 2}


def _is_query(node):
    if isinstance(node, ast.Attribute):
        return node.attr in QUERY
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in SHORTCUTS and isinstance(node.args[0], ast.Name) and node.args[0].id[0].isupper()
    if not isinstance(node.func, ast.Attribute):
        return False
    method, bare = node.func.attr, not node.args and not node.keywords
    if method in BY_KEYWORD:
        return any(keyword.arg for keyword in node.keywords) and not node.args
    return method in WITHOUT_ARGUMENT and bare


def queries_in(name, tree):
    """Yield (file, description) of each line of a module that queries the database."""
    lines = {}
    for node in ast.walk(tree):
        if _is_query(node):
            lines.setdefault(node.lineno, f"{sources.where(name, node)} {sources.dotted(node)}")
    yield from ((name, lines[number]) for number in sorted(lines))


def limits_in(name, tree):
    """Yield (file, description) of each number in a module that something is compared with, and each decimal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and sources.dotted(node.func).endswith("Decimal"):
            numbers = [argument for argument in node.args if isinstance(argument, ast.Constant)]
        elif isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
            lengths = any(isinstance(side, ast.Call) and sources.dotted(side.func) == "len" for side in sides)
            numbers = [] if lengths else [side for side in sides if _is_limit(side)]
        else:
            continue
        for number in numbers:
            yield name, f"{sources.where(name, node)} {number.value!r}"


def _is_limit(node):
    is_number = isinstance(node, ast.Constant) and type(node.value) in {int, float}
    return is_number and node.value not in NO_LIMITS


def _doors():
    return [name for name in sources.python() if sources.home_of(name, DOORS)]


def queries():
    return [finding for name in _doors() for finding in queries_in(name, sources.tree(name))]


def limits():
    return [finding for name in _doors() for finding in limits_in(name, sources.tree(name))]


GUARDS = {"orm": queries, "limits": limits}


@pytest.mark.parametrize("guard", GUARDS)
def test_a_door_asks_queries_and_rules(guard):
    findings = GUARDS[guard]()
    assert pending.grown(guard, findings) == []
    assert pending.shrunk(guard, findings) == [], "python -m tests.architecture.pending lowers the table"


QUERYING = {
    "Lot.objects.get(pk=1)": True,
    "lots.filter(status='released')": True,
    "lots.select_related('site')": True,
    "lots.order_by('pk')": True,
    "lots.count()": True,
    "lots.first()": True,
    "lots.exists()": True,
    "get_object_or_404(Lot, pk=1)": True,
    "get_object_or_404(queries.visible_lots(by), pk=1)": False,
    "row.objects": True,
    "request.GET.get('page')": False,
    "kinds.count('a')": False,
    "queries.open_lots(site)": False,
    "digest.update(content)": False,
}
LIMITING = {
    "Decimal('7.2')": True,
    "value > 25": True,
    "0.5 <= value": True,
    "value in 'abc'": False,
    "len(text) > 9": False,
    "Decimal(text)": False,
    "value > limit": False,
}


@pytest.mark.parametrize("line", QUERYING)
def test_a_query_in_a_door_is_found(line):
    assert bool(list(queries_in("sample.py", ast.parse(line)))) is QUERYING[line]


@pytest.mark.parametrize("line", LIMITING)
def test_a_limit_in_a_door_is_found(line):
    assert bool(list(limits_in("sample.py", ast.parse(line)))) is LIMITING[line]
