"""Who acts: every write runs inside an action, and the database refuses a write that names no actor."""

import functools
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from gatekeeper.accounts.rules.authority import Limits

_context: ContextVar[dict[str, Any] | None] = ContextVar("actor", default=None)
_person: ContextVar[Any] = ContextVar("current_actor", default=None)
request_id: ContextVar[str] = ContextVar("request_id", default="")
token_limits: ContextVar[Limits | None] = ContextVar("token_limits", default=None)


@dataclass(frozen=True, slots=True)
class System:
    """The system as an actor: founds an empty system, and records attempts by names that nobody has.

    It is no row of the table of people: it has no password, no role, and its name cannot be given to anybody.
    """

    username: str = "system"
    full_name: str = "Gatekeeper"


SYSTEM = System()


def current_actor() -> Any:
    """Return the person whose action is running, None outside one."""
    return _person.get()


@contextmanager
def acting_as(by: Any, *, reason: str = "", act: str = "") -> Iterator[None]:
    """Name the actor of every write in the running transaction (``app.ctx``, read by the evidence trigger).

    Inside another ``acting_as`` the outer actor stays: one use case, one actor.
    """
    with _named(by, reason=reason, act=act) as outermost:
        if outermost:
            _set_actor(actor_context())
        yield
        if outermost:
            _clear_actor()


def actor_context() -> str:
    """Return what names the actor of the running action to the database: the text of ``app.ctx``.

    :raises RuntimeError: outside an action.
    """
    context = _context.get()
    if context is None:
        raise RuntimeError("Nobody acts: a write is part of an action.")
    return json.dumps(context)


@contextmanager
def _named(by: Any, *, reason: str, act: str) -> Iterator[bool]:
    """Hold who acts; yields whether nobody acted before."""
    if _context.get() is not None:
        yield False
        return
    context = {
        "actor": by.username,
        "name": by.full_name,
        "act": act,
        "reason": reason,
        "request": request_id.get() or uuid.uuid4().hex,
    }
    token, person = _context.set(context), _person.set(by)
    try:
        yield True
    finally:
        _context.reset(token)
        _person.reset(person)


def _set_actor(context: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.ctx', %s, true)", [context])


def _clear_actor() -> None:
    # Inside an outer transaction (a test's) the setting would outlive the action: take it back by hand. After a fault
    # the database does so itself, with the savepoint, and would answer nothing else before.
    if connection.savepoint_ids and not connection.needs_rollback:
        _set_actor("")


def action[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Make a function one use case: one transaction, one named actor.

    The function is keyword-only and takes ``by``, the person who acts; ``reason`` is recorded where it is given.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with (
            transaction.atomic(),
            acting_as(kwargs["by"], reason=str(kwargs.get("reason") or ""), act=_name_of(function)),
        ):
            return function(*args, **kwargs)

    return run


def action_at_once[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Make a function one use case whose only write is one statement, which is a transaction of its own.

    For what comes many times a second: the statement itself names the actor, by
    ``set_config('app.ctx', actor_context(), true)`` before its first row. Keyword-only, with ``by``.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        inside = connection.in_atomic_block
        with (
            transaction.atomic() if inside else nullcontext(),
            _named(kwargs["by"], reason="", act=_name_of(function)) as outermost,
        ):
            result = function(*args, **kwargs)
            if inside and outermost:
                _clear_actor()
            return result

    return run


def _name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"
