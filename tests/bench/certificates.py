"""The certificate of analysis as PDF/A with its content attached; floor: one line of text by the same typesetter."""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.bench.rounds import Case, Goal, Measurement
from tests.bench.system import ROOT, System

GOAL = Goal("30 results < 150 ms (G13)", 150.0, at_least=False, absolute=True)
_RESULTS, _REPEATS = 30, 5
_AGAIN = (
    "import hashlib,sys; from release import certificate;"
    "print(hashlib.sha256(certificate.pdf(sys.stdin.buffer.read())).hexdigest())"
)


def cases(_system: System) -> Iterator[Case]:
    """Thirty results, as large as certificates become."""
    picture = Picture()
    yield Case("certificate_pdf", "ms", GOAL, picture.floor, picture.run, picture.check, picture.note)


class Picture:
    """The dossier of the release tests, its results repeated to thirty."""

    def __init__(self) -> None:
        from gatekeeper.core.canonical import canonical
        from release.rules.certificate import Issue, certificate_content
        from tests.release import dossiers

        issue = Issue(
            number="COA-BENCH",
            issued_at=dossiers.MONDAY,
            release=dossiers.signature("lot.release", "rafael", meaning="Released for supply"),
            checkpoint_size=12_345,
            checkpoint_root="ab" * 32,
            checkpoint_origin="gatekeeper.example/ledger",
            demonstration=True,
        )
        content = json.loads(canonical(certificate_content(dossiers.open_dossier(), issue)))
        first = content["results"][0]
        content["results"] = [first | {"title": f"{first['title']} {place}"} for place in range(_RESULTS)]
        self._content = canonical(content)
        self._pdfs: set[bytes] = set()

    def floor(self) -> float:
        import typst

        from release.certificate import _STANDARDS, _fonts

        began = time.perf_counter()
        for _ in range(_REPEATS):
            line = b'#set document(title: "t", date: datetime(year: 2026, month: 1, day: 1))\nOne line.'
            typst.compile(line, format="pdf", pdf_standards=_STANDARDS, font_paths=_fonts())
        return (time.perf_counter() - began) / _REPEATS * 1e3

    def run(self) -> Measurement:
        from release import certificate

        began = time.perf_counter()
        made = [certificate.pdf(self._content) for _ in range(_REPEATS)]
        took = (time.perf_counter() - began) / _REPEATS * 1e3
        self._pdfs.update(made)
        return Measurement(took, score=took)

    def check(self) -> list[str]:
        """The same bytes every time and in another process."""
        if len(self._pdfs) != 1:
            return [f"the same content gave {len(self._pdfs)} different documents"]
        (pdf,) = self._pdfs
        faults = [] if pdf.startswith(b"%PDF-") else ["it is no PDF"]
        other = subprocess.run(
            [sys.executable, "-c", _AGAIN], input=self._content, capture_output=True, check=True, cwd=ROOT
        )
        if other.stdout.decode().strip() != hashlib.sha256(pdf).hexdigest():
            faults.append("another process gave another document")
        return faults

    def note(self) -> str:
        (size,) = {len(pdf) for pdf in self._pdfs} or {0}
        return f"{_RESULTS} results, {size / 1024:.0f} KiB"
