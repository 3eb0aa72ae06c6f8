"""What every instrument reader returns: readings with their raw text, and findings that name what cannot be used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

type Qualifier = Literal["", "<", ">"]
type Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One cell of an instrument file: the text as reported beside its value.

    ``value`` is None where the cell holds no number; a finding with the same locator then says why. ``qualifier`` is
    ``<`` or ``>`` where the instrument reports only the end of its range: such a value is a bound, not a result.
    ``unit`` is a UCUM-like code, ``1`` for a plain count. ``context`` holds what else the row says (target, dye, ...).
    """

    parameter: str
    sample: str
    text: str
    value: Decimal | None
    qualifier: Qualifier
    unit: str
    measured_at: datetime | None
    locator: str
    context: Pairs = ()

    @property
    def usable(self) -> bool:
        """True where the cell holds a number that is a result and not the end of a range."""
        return self.value is not None and not self.qualifier

    def told(self, name: str) -> str:
        """What the row says under this name, or an empty text."""
        return dict(self.context).get(name, "")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the file that a person has to know; a blocking one forbids use of the readings of its sample.

    ``sample`` and ``parameter`` are empty where the finding is about the whole file or row.
    """

    code: str
    message: str
    locator: str
    blocking: bool
    sample: str = ""
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """Everything read from one file; ``sha256`` is the hexadecimal digest of the bytes as they came."""

    kind: str
    sha256: str
    instrument: str
    operator: str
    readings: tuple[Reading, ...]
    findings: tuple[Finding, ...]
    attributes: Pairs

    @property
    def samples(self) -> tuple[str, ...]:
        """The samples of the file, each once, in the file's order."""
        return tuple(dict.fromkeys(reading.sample for reading in self.readings))

    def readings_of(self, sample: str, parameter: str) -> tuple[Reading, ...]:
        """The readings of one parameter of one sample, in the file's order."""
        return tuple(r for r in self.readings if r.sample == sample and r.parameter == parameter)

    def findings_of(self, sample: str) -> tuple[Finding, ...]:
        """The findings about one sample and those about the whole file."""
        return tuple(f for f in self.findings if f.sample in {"", sample})


def missing_results(parsed: ParsedFile, *, expected: Iterable[tuple[str, str]]) -> tuple[Finding, ...]:
    """One blocking finding ``result_missing`` for each expected (sample, parameter) without a usable reading.

    A file that ends after a whole row looks complete: only the list of what was sent to the instrument tells.
    """
    present = {(r.sample, r.parameter) for r in parsed.readings if r.usable}
    return tuple(
        Finding(
            code="result_missing",
            message=f"The file holds no usable result for {parameter} of sample {sample}.",
            locator="file",
            blocking=True,
            sample=sample,
            parameter=parameter,
        )
        for sample, parameter in dict.fromkeys(expected)
        if (sample, parameter) not in present
    )
