"""E-e, E-f: whatever is written, is written by an action: one transaction, one named person, refused or recorded."""

import ast
import re

from tests.architecture import sources
from tests.architecture.sources import Home

ORM = {
    "save", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update",
    "asave", "acreate", "adelete", "aupdate", "aget_or_create", "aupdate_or_create", "abulk_create", "abulk_update",
}  # fmt: skip
SQL = {"execute", "executemany", "copy"}
READS = re.compile(r"\s*(SELECT|WITH|SHOW|LISTEN)\b", re.IGNORECASE)
CHANGES = re.compile(r"\b(INSERT\s+INTO|UPDATE\s+\S+(\s+\w+)?\s+SET|DELETE\s+FROM|TRUNCATE|COPY\s)", re.IGNORECASE)

HOMES = (
    Home("*/actions/*.py", "where writes belong"),
    Home("gatekeeper/ledger/attach.py", "puts triggers and privileges on the tables after a migration, as their owner"),
    Home(
        "gatekeeper/ledger/sealing.py", "the sealer's own process and role: it writes the log, the application cannot"
    ),
    Home("gatekeeper/ledger/verification.py", "compares records with the log in a transaction that it opens read-only"),
    Home("gatekeeper/accounts/statements.py", "runs the statement that an action or a query gives it"),
    Home("gatekeeper/lots/queries.py", "reads: the recursive query of a lot's family, chosen by direction"),
    Home("release/queries/evidence.py", "reads: the stored images of any record, its table named by the model"),
    Home("batches/readings/collector/spool.py", "the collector's own file beside the skid: no record of the system"),
    Home("gatekeeper/demo/*.py", "creates databases and roles of the servers that it starts"),
)
ACTIONS = {"action", "action_at_once", "signed_action"}
# Parts of an action that several actions share: they write inside the caller's transaction, in the caller's name.
PARTS = {
    "batches.actions.locking.touch",
    "gatekeeper.accounts.actions.roles.insert_assignment",
    "gatekeeper.ledger.actions.idempotency.remember",
    "gatekeeper.jobs.actions.jobs.enqueue",
    "gatekeeper.jobs.actions.jobs.run_job",  # the worker's own loop: each handler it calls is an action
}
# Rules, core and readers of instrument files cannot import a database (import contract), so nothing there writes.
PURE = ("gatekeeper/core/*", "gatekeeper/instruments/*", "*/rules/*")


def is_write(call, texts):
    """Whether a call writes to the database; ``texts`` are the statements that its module names."""
    if isinstance(call.func, ast.Name):  # of a function only the one that runs a statement
        return call.func.id in {"planned", "planned_first"} and not _only_reads(call.args[0], texts)
    if not isinstance(call.func, ast.Attribute):
        return False
    method = call.func.attr
    if method == "update":  # of a query set: by keyword only; of a dictionary or a digest: by position
        return bool(call.keywords)
    if method == "delete":  # of a query set or a record: no positional argument; of a cache: its key
        return not call.args
    if method in SQL:
        return bool(call.args) and not _only_reads(call.args[0], texts)
    return method in ORM


def _only_reads(statement, texts):
    if isinstance(statement, ast.Name):
        statement = texts.get(statement.id, statement)
    if isinstance(statement, ast.JoinedStr):
        statement = statement.values[0]
    if not (isinstance(statement, ast.Constant) and isinstance(statement.value, str)):
        return False
    return bool(READS.match(statement.value)) and not CHANGES.search(statement.value)


def texts_of(module):
    """What the names of a module are assigned: the statements that it prepares among them."""
    return {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _writes(name):
    texts = texts_of(sources.tree(name))
    return [call for call in sources.calls(name) if is_write(call, texts)]


def _found():
    for name in sources.python():
        if not any(Home(pattern, "").holds(name) for pattern in PURE):
            for call in _writes(name):
                yield name, f"{sources.where(name, call)} {sources.dotted(call.func)}"


def test_only_actions_write():
    strays, unused = sources.outside(_found(), HOMES)
    assert not strays, "\n".join(strays)
    assert not unused, f"nobody needs these any more: {unused}"


def _public_functions(name):
    return [node for node in sources.tree(name).body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]


def _decorators(function):
    return {sources.dotted(one).rsplit(".", 1)[-1] for one in function.decorator_list}


def test_every_action_is_keyword_only_and_names_who_acts():
    wrong = []
    for name in set(sources.python()) - {"gatekeeper/ledger/signing.py"}:  # defines the decorator itself
        for function in sources.functions(name):
            if not _decorators(function) & ACTIONS:
                continue
            arguments = function.args
            if arguments.args or arguments.posonlyargs or arguments.vararg:
                wrong.append(f"{sources.where(name, function)} {function.name} takes positional arguments")
            if "by" not in {one.arg for one in arguments.kwonlyargs}:
                wrong.append(f"{sources.where(name, function)} {function.name} does not name who acts: by=")
    assert not wrong, "\n".join(wrong)


def test_a_signed_action_takes_the_proof_of_identity():
    for name in sources.python():
        for function in sources.functions(name):
            if "signed_action" in _decorators(function):
                assert "proof" in {one.arg for one in function.args.kwonlyargs}, sources.where(name, function)


def test_what_an_actions_module_offers_is_an_action_or_writes_nothing_itself():
    parts = set()
    for name in sources.python():
        if "/actions/" not in name:
            continue
        writing = {id(call) for call in _writes(name)}
        for function in _public_functions(name):
            writes = any(id(node) in writing for node in ast.walk(function))
            if writes and not _decorators(function) & ACTIONS:
                parts.add(f"{name.removesuffix('.py').replace('/', '.')}.{function.name}")
    assert parts == PARTS
