"""Read the fields of a recipe's tables, collecting every fault instead of stopping at the first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gatekeeper.core.naming import natural_key
from gatekeeper.core.quantity import number
from gatekeeper.core.refusal import Refusal


@dataclass(slots=True)
class Table:
    """One table of the recipe; ``path`` says where it stands (``phase[3].control[0]``), ``faults`` is shared."""

    entries: Mapping[str, object]
    path: str
    faults: list[Refusal]
    read: set[str] = field(default_factory=set)

    def text(self, key: str, *, default: str | None = None) -> str:
        """Return the text under this key; without a default it must be there and not be blank."""
        entry = self._entry(key)
        if entry is None and default is not None:
            return default
        if isinstance(entry, str) and entry.strip():
            return entry.strip()
        self._fault("recipe_text_missing", "“{key}” must be a text.", key)
        return ""

    def name(self, key: str) -> str:
        """Return the text under this key, which names something in addresses."""
        text = self.text(key)
        return self.collect(lambda: natural_key(text, field=key), text) if text else text

    def choice(self, key: str, choices: tuple[str, ...], *, default: str) -> str:
        """Return one of the choices."""
        chosen = self.text(key, default=default)
        if chosen not in choices:
            self._fault("recipe_unknown_choice", "“{key}” must be one of {choices}.", key, choices=", ".join(choices))
        return chosen

    def whole(self, key: str) -> int:
        """Return the whole number above zero under this key."""
        entry = self._entry(key)
        if isinstance(entry, int) and not isinstance(entry, bool) and entry > 0:
            return entry
        self._fault("recipe_whole_number_missing", "“{key}” must be a whole number above zero.", key)
        return 0

    def flag(self, key: str) -> bool:
        """Return the flag under this key, False when it is absent."""
        entry = self._entry(key)
        if entry is None or isinstance(entry, bool):
            return bool(entry)
        self._fault("recipe_flag_wrong", "“{key}” must be true or false.", key)
        return False

    def decimal(self, key: str) -> Decimal:
        """Return the number that must stand, as text, under this key."""
        return self.collect(lambda: number(self.text(key), field=key), Decimal(0))

    def optional_decimal(self, key: str) -> Decimal | None:
        """Return the number under this key, None when it is absent."""
        self.read.add(key)
        return self.decimal(key) if key in self.entries else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of texts under this key, empty when it is absent."""
        entry = self._entry(key)
        if entry is None:
            return ()
        if isinstance(entry, list) and all(isinstance(part, str) for part in entry):
            return tuple(entry)
        self._fault("recipe_list_wrong", "“{key}” must be a list of texts.", key)
        return ()

    def table(self, key: str) -> "Table | None":
        """Return the table under this key, None when it is absent."""
        entry = self._entry(key)
        if isinstance(entry, Mapping):
            return Table(entry, self._at(key), self.faults)
        if entry is not None:
            self._fault("recipe_table_wrong", "“{key}” must be a table.", key)
        return None

    def tables(self, key: str) -> tuple["Table", ...]:
        """Return the list of tables under this key, empty when it is absent."""
        entry = self._entry(key)
        if entry is None:
            return ()
        if isinstance(entry, list) and all(isinstance(part, Mapping) for part in entry):
            return tuple(Table(part, f"{self._at(key)}[{place}]", self.faults) for place, part in enumerate(entry))
        self._fault("recipe_table_wrong", "“{key}” must be a list of tables.", key)
        return ()

    def collect[T](self, read: Callable[[], T], otherwise: T, key: str = "") -> T:
        """Return what ``read`` returns; what it refuses becomes faults at this key, else at the fields they name."""
        before = len(self.faults)
        try:
            return read()
        except Refusal as refused:
            if len(self.faults) == before:  # a fault of the field itself is listed already
                self.faults.extend(self._placed(fault, key or fault.field or "") for fault in refused.all)
            return otherwise

    def fault(self, code: str, sentence: str, key: str, /, **params: object) -> None:
        """List a fault at this key of the table."""
        self._fault(code, sentence, key, **params)

    def refuse_others(self) -> None:
        """List every key that nothing read: a misspelt limit must not be lost in silence."""
        for key in self.entries:
            if key not in self.read:
                self._fault("recipe_unknown_key", "“{key}” is not a part of this table.", key)

    def _entry(self, key: str) -> object:
        self.read.add(key)
        return self.entries.get(key)

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _fault(self, code: str, sentence: str, key: str, /, **params: object) -> None:
        values: dict[str, Any] = {"key": key, **params}
        self.faults.append(Refusal(code, sentence, field=self._at(key), **values))

    def _placed(self, fault: Refusal, key: str) -> Refusal:
        params: dict[str, Any] = fault.params
        return Refusal(fault.code, fault.template, field=self._at(key), kind=fault.kind, **params)
