"""A signed action: two components at each signing, one transaction, an answer only after the evidence is sealed."""

import functools
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from gatekeeper.accounts.actions.authentication import prove
from gatekeeper.accounts.actor import action
from gatekeeper.ledger import sealing


def signed_action[**P, R](function: Callable[P, R]) -> Callable[..., R]:
    """Make a function one use case that its person signs.

    The function takes the keywords ``by`` and ``proof``; its callers pass ``credentials`` (both components, at every
    signing: 21 CFR 11.200(a)) in place of ``proof``. The proof is made in a transaction of its own, so that a wrong
    password stays on record. After the outermost commit the caller waits until the evidence is sealed.

    :raises Refusal: what ``prove`` refuses; ``seal_pending`` when it is recorded but not sealed in time.
    """

    @action
    @functools.wraps(function)
    def recorded(*args: P.args, **kwargs: P.kwargs) -> R:
        answer = function(*args, **kwargs)
        if number := sealing.current_transaction():
            transaction.on_commit(functools.partial(_wait, number))
        return answer

    perform: Callable[..., R] = recorded

    @functools.wraps(function)
    def run(**kwargs: Any) -> R:
        if "proof" not in kwargs:  # a signed action that is part of another one takes over its proof
            kwargs["proof"] = prove(by=kwargs["by"], credentials=kwargs.pop("credentials"))
        return perform(**kwargs)

    return run


def _wait(number: str) -> None:
    if not connection.in_atomic_block:
        sealing.wait_for_seal(number)
