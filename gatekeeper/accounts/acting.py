"""Who acts: every write runs inside an action, and the database refuses a write that names no actor."""

import functools
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from gatekeeper.accounts.rules.authority import Limits

_acting: ContextVar[dict[str, Any] | None] = ContextVar("acting", default=None)
_person: ContextVar[Any] = ContextVar("acting_person", default=None)
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


def acting_person() -> Any:
    """Return the person whose action is running, None outside one."""
    return _person.get()


@contextmanager
def acting(by: Any, *, reason: str = "", act: str = "") -> Iterator[None]:
    """Name the actor of every write in the running transaction (``app.ctx``, read by the evidence trigger).

    Inside another ``acting`` the outer actor stays: one use case, one actor.
    """
    if _acting.get() is not None:
        yield
        return
    context = {
        "actor": by.username,
        "name": by.full_name,
        "act": act,
        "reason": reason,
        "request": request_id.get() or uuid.uuid4().hex,
    }
    token, person = _acting.set(context), _person.set(by)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.ctx', %s, true)", [json.dumps(context)])
        yield
        # Inside an outer transaction (a test's) the setting would outlive the action: take it back by hand. After a
        # fault the database does so itself, with the savepoint, and would answer nothing else before.
        if connection.savepoint_ids and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.ctx', '', true)")
    finally:
        _acting.reset(token)
        _person.reset(person)


def action[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Make a function one use case: one transaction, one named actor.

    The function is keyword-only and takes ``by``, the person who acts; ``reason`` is recorded where it is given.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with (
            transaction.atomic(),
            acting(
                kwargs["by"],
                reason=str(kwargs.get("reason") or ""),
                act=f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}",
            ),
        ):
            return function(*args, **kwargs)

    return run
