"""E-f, E-h: who may act is asked before anything is written, in every action."""

import ast

import pytest

from tests.architecture import sources
from tests.architecture.test_writes import ACTIONS, is_write, texts_of

# A function of these names refuses who may not: by permission, by the rules of a record, by the machine's own token.
CHECKS = ("check_authority", "check_may", "check_machine_may")
# What writes without saying so in its name: a signature, a job after the commit, a statement that is prepared once.
WRITERS = {"sign", "post", "enqueue", "planned", "planned_first"}

# Actions that ask nobody's permission, and why that is right.
_ENTRY = "proves who somebody is; that they tried is recorded first"
_OWN = "one's own account, and nothing else of it"
_CALLER = "part of an action that has asked: "
EXEMPT = {
    "batches.actions.equipment.record_use": _CALLER + "starting a phase, fitting a sensor",
    "gatekeeper.lots.actions.registration.plan_lot": _CALLER + "issuing a batch record",
    "gatekeeper.lots.actions.registration.record_made": _CALLER + "completing a batch record",
    "release.actions.certificates.issue_certificate": _CALLER + "the disposition that the gate allowed",
    "gatekeeper.ledger.actions.signatures.sign": _CALLER + "each signed action; the proof must be the signer's own",
    "batches.excursions.actions.what_ifs.replay_next": "a worker carries on what a person was allowed to start",
    "gatekeeper.accounts.actions.access.record_access": "that somebody came, or failed to, is recorded of everybody",
    "gatekeeper.accounts.actions.authentication.log_in": _ENTRY,
    "gatekeeper.accounts.actions.authentication.unlock": _ENTRY,
    "gatekeeper.accounts.actions.authentication.reauthenticate": _ENTRY,
    "gatekeeper.accounts.actions.authentication.signer_of": _ENTRY,
    "gatekeeper.accounts.actions.founding.found": "an empty system knows nobody: refused once anybody exists",
    "gatekeeper.accounts.actions.people.found_administrators": "part of founding: refused once anybody exists",
    "gatekeeper.accounts.actions.people.accept_accountability": _OWN,
    "gatekeeper.accounts.actions.people.change_password": _OWN,
    "gatekeeper.accounts.actions.people.choose_language": _OWN,
}


class Action:
    """One action's function with the functions that it calls in its module and in the other modules of actions."""

    def __init__(self, module: str, function: ast.FunctionDef, modules: dict[str, ast.Module]):
        self.module, self.function, self.modules = module, function, modules

    def writes_unchecked(self) -> bool:
        """Whether the first write of its body comes before the first check, in the order of the lines."""
        return self._first(self.module, self.function, frozenset()) == "write"

    def _first(self, module: str, function: ast.FunctionDef, entered: frozenset[str]) -> str:
        """Return ``check`` or ``write``, whichever comes first in the function and what it calls, or ``""``."""
        texts = texts_of(self.modules[module])
        for call in _in_order(function):
            name = sources.dotted(call.func).rsplit(".", 1)[-1]
            if name.lstrip("_").startswith(CHECKS):
                return "check"
            called = self._defined(module, call)
            if called and f"{called[0]}.{name}" not in entered:
                if event := self._first(*called, entered | {f"{called[0]}.{name}"}):
                    return event
            elif is_write(call, texts) or name in WRITERS:
                return "write"
        return ""

    def _defined(self, module: str, call: ast.Call) -> tuple[str, ast.FunctionDef] | None:
        """The module and definition of the function that is called, when it is one of ours."""
        if isinstance(call.func, ast.Name):
            name = call.func.id
            if name in (here := _functions(self.modules[module])):
                return module, here[name]
            home = _imports(self.modules[module]).get(name, "")
            home, _, name = home.rpartition(".")
        elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            home, name = _imports(self.modules[module]).get(call.func.value.id, ""), call.func.attr
        else:
            return None
        functions = _functions(self.modules[home]) if home in self.modules else {}
        return (home, functions[name]) if name in functions else None


def _in_order(function: ast.FunctionDef) -> list[ast.Call]:
    """The calls of a function's body in the order in which they are evaluated: arguments before what takes them."""
    calls = [node for statement in function.body for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return sorted(calls, key=lambda call: (call.end_lineno, call.end_col_offset))


def _functions(module: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}


def _imports(module: ast.Module) -> dict[str, str]:
    return {
        name.asname or name.name: f"{node.module}.{name.name}"
        for node in module.body
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
    }


def unchecked(modules: dict[str, ast.Module]) -> set[str]:
    """Dotted names of the actions in these modules that write before they have asked who may.

    An action that is private to its module is judged with each public function that leads to it.
    """
    return {
        f"{module}.{name}"
        for module, tree in modules.items()
        for name in _offered(_functions(tree))
        if Action(module, _functions(tree)[name], modules).writes_unchecked()
    }


def _offered(functions: dict[str, ast.FunctionDef]) -> set[str]:
    """Actions that others can call, functions that lead to a private one, and private ones that nothing leads to."""
    actions = {name for name, function in functions.items() if _decorators(function) & ACTIONS}
    reached = {name: _reached(name, functions) for name in functions if not name.startswith("_")}
    private = {name for name in actions if name.startswith("_")}
    leading = {name for name, inner in reached.items() if inner & private}
    return (actions - private) | leading | (private - set().union(*reached.values()))


def _reached(name: str, functions: dict[str, ast.FunctionDef]) -> set[str]:
    """Names of the functions of the same module that this one's body mentions, and theirs."""
    reached, waiting = set(), [name]
    while waiting:
        mentioned = {node.id for node in ast.walk(functions[waiting.pop()]) if isinstance(node, ast.Name)}
        new = mentioned & functions.keys() - reached
        reached |= new
        waiting += new
    return reached


def _decorators(function: ast.FunctionDef) -> set[str]:
    return {sources.dotted(node).rsplit(".", 1)[-1] for node in function.decorator_list}


def _modules_of_actions() -> dict[str, ast.Module]:
    return {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): sources.tree(name)
        for name in sources.python()
        if "/actions/" in name or name.endswith("/actions.py")
    }


def test_every_action_asks_who_may_before_it_writes():
    strays = unchecked(_modules_of_actions())
    assert strays - EXEMPT.keys() == set(), "ask authority first, or give a reason here"
    assert EXEMPT.keys() - strays == set(), "nobody needs these reasons any more"


HEAD = """
from accounts.actions import access
from accounts.actions.access import record_access
from accounts.checks import check_authority

@action
def found(*, by):
"""
PLANTED = {
    "    Lot.objects.create(number=1)": True,
    "    check_authority(by, 'lots.plan', site)\n    Lot.objects.create(number=1)": False,
    "    lot.save()\n    check_authority(by, 'lots.plan', site)": True,
    "    Lot.objects.filter(pk=1).update(status='released')": True,
    "    sign(by=by, subject=lot)": True,
    "    outbox.post('phase_ended', {})": True,
    "    cursor.execute('UPDATE lots_lot SET status = 1')": True,
    "    cursor.execute('SELECT 1')": False,
    "    return _save(by)\n\ndef _save(by):\n    lot.save()": True,
    "    return _save(by)\n\ndef _save(by):\n    check_may_plan(by)\n    lot.save()": False,
    "    lot.save(by=check_authority(by, 'lots.plan', site))": False,
    "    record_access(by=by)\n    check_authority(by, 'lots.plan', site)": True,
    "    access.record_access(by=by)\n    check_authority(by, 'lots.plan', site)": True,
    "    return 1\n\n@action\ndef _save(*, by):\n    lot.save()": True,
    "    _save(by=by)\n\n@action\ndef _save(*, by):\n    lot.save()": True,
    "    check_authority(by)\n    _save(by=by)\n\n@action\ndef _save(*, by):\n    lot.save()": False,
}
ELSEWHERE = "@action\ndef record_access(*, by):\n    AccessEvent.objects.create(by=by)\n"


@pytest.mark.parametrize("body", PLANTED)
def test_an_action_that_writes_first_is_found(body):
    planted = {"sample": ast.parse(HEAD + body)}
    elsewhere = {"accounts.actions.access": ast.parse(ELSEWHERE)}
    assert bool({name for name in unchecked(planted | elsewhere) if name.startswith("sample.")}) is PLANTED[body]
