"""A refusal: raised by a rule or an action, translated in two places only (web.py and api.py)."""

from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Why something was refused; each door has one table from kind to status code."""

    INVALID = "invalid"  # the input is wrong: 422
    CONFLICT = "conflict"  # the record is not in the state for it: 409
    FORBIDDEN = "forbidden"  # this person may not: 403
    MISSING = "missing"  # there is no such record here: 404
    LOCKED = "locked"  # too many attempts: 423
    PENDING = "pending"  # recorded, evidence not sealed yet: 503


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer; "error" would mean a fault of the program
    """One refusal: a permanent code, a sentence and the field it belongs to.

    ``template`` is an English sentence with ``{named}`` parameters: the door translates the template first and
    fills it afterwards. ``also`` carries further refusals where an input has several faults at once.
    """

    def __init__(
        self,
        code: str,
        template: str,
        /,
        *,
        field: str | None = None,
        kind: Kind = Kind.INVALID,
        also: tuple["Refusal", ...] = (),
        **params: object,
    ) -> None:
        self.code = code
        self.template = template
        self.field = field
        self.kind = kind
        self.also = also
        self.params: dict[str, Any] = params
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence in English."""
        return self.template.format(**self.params)

    @property
    def all(self) -> tuple["Refusal", ...]:
        """This refusal and the further ones, in order."""
        return (self, *self.also)

    def __repr__(self) -> str:
        return f"Refusal({self.code!r}, {self.message!r}, field={self.field!r}, kind={self.kind.value!r})"


def refuse_all(refusals: list[Refusal]) -> None:
    """Raise every refusal of the list as one, or return when it is empty.

    :raises Refusal: the first, carrying the rest in ``also``.
    """
    if not refusals:
        return
    first, *rest = refusals
    raise Refusal(
        first.code,
        first.template,
        field=first.field,
        kind=first.kind,
        also=tuple(rest),
        **first.params,
    )
