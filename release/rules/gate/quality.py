"""Checks of results and specification, of what the lot was made from, of duties, papers and evidence."""

from collections.abc import Iterator

from gatekeeper.core.criteria import Outcome
from release.rules.dossier import Dossier, IngredientFacts, ResultFacts
from release.rules.gate.finding import Finding, State, Subject, finding
from release.rules.judgement import Line, judged_lines

STILL_GOOD = frozenset({"released", "consumed", "expired"})  # expired since; whether it was at use is asked apart


def results_pass(dossier: Dossier) -> Iterator[Finding]:
    """G-5: every test of the specification effective at manufacture has one reviewed result that passes."""
    if dossier.specification is None:
        yield finding(
            "no_specification",
            State.MISSING,
            "No specification of {material} for {market} was effective when lot {lot} was made.",
            Subject("specifications"),
            "Nothing for this lot: a specification is approved before the lot is made.",
            material=dossier.lot.material,
            market=dossier.market.name,
            lot=dossier.lot.number,
        )
        return
    for line in judged_lines(dossier.specification, dossier.results):
        yield from _line(dossier, line)


def ingredients_stand(dossier: Dossier) -> Iterator[Finding]:
    """G-6: every lot that went in was in date at use, and none is on hold, rejected or recalled now."""
    if not any(lot.direct for lot in dossier.ingredients):
        yield finding(
            "no_input_lots",
            State.MISSING,
            "No lot is recorded as used in lot {lot}.",
            Subject("lot", dossier.lot.number),
            "The lots that went in are recorded in the phase that used them.",
            lot=dossier.lot.number,
        )
    for lot in dossier.ingredients:
        yield from _ingredient(lot)


def duties_separate(dossier: Dossier) -> Iterator[Finding]:
    """G-12: performer and checker, tester and reviewer, maker and quality's reviewer are different people."""
    for phase in dossier.phases:
        if phase.performed_by and phase.performed_by == phase.verified_by:
            yield _same_person(phase.performed_by, f"performed and checked phase {phase.code}")
    for result in dossier.results:
        if result.counts and result.reviewed_by and result.reviewed_by == result.entered_by:
            yield _same_person(result.entered_by, f"entered and reviewed the result of {result.test}")
    makers = {duty.person for duty in dossier.duties if duty.duty in MAKING}
    for review in dossier.reviews[-1:]:
        if review.reviewed_by in makers:
            yield _same_person(review.reviewed_by, "had a part in the lot and reviewed it for quality")


MAKING = frozenset({"performed", "verified", "entered", "tested", "reviewed_result"})


def market_satisfied(dossier: Dossier) -> Iterator[Finding]:
    """G-14: what the market asks for beyond this: papers from outside and further signatures."""
    subject = Subject("market", dossier.market.code)
    for paper in dossier.market.papers:
        yield finding(
            "paper_missing",
            State.MISSING,
            "{market} asks for: {paper}.",
            subject,
            "The paper is recorded; papers from outside cannot be recorded yet.",
            market=dossier.market.name,
            paper=paper,
        )
    for title in dossier.market.signatures[1:]:
        yield finding(
            "signature_of_market_missing",
            State.MISSING,
            "{market} asks for a further signature: {title}.",
            subject,
            "The second signature is given; a second signature cannot be recorded yet.",
            market=dossier.market.name,
            title=title,
        )


def evidence_whole(dossier: Dossier) -> Iterator[Finding]:
    """G-15: the records of the lot are what the evidence log says they are. domain.md 11, scenario 15."""
    if not dossier.ledger.whole:
        yield finding(
            "evidence_broken",
            State.ACTION,
            "The evidence of this lot does not verify: {fault}.",
            Subject("lot", dossier.lot.number),
            "Quality and the system's owner investigate; the records are not to be relied on.",
            fault=dossier.ledger.fault,
        )


def _line(dossier: Dossier, line: Line) -> Iterator[Finding]:
    subject = Subject("results", dossier.lot.number)
    title = line.definition.title
    if not line.judged:
        yield finding(
            "result_missing", State.MISSING, "{title} is not reported.", subject, "The result is entered.", title=title
        )
    if len(line.judged) > 1:
        yield finding(
            "results_compete",
            State.UNKNOWN,
            "{title} has {count} results that count.",
            subject,
            "All but one are invalidated with a reason, or are corrections of one another.",
            title=title,
            count=len(line.judged),
        )
    for judged in line.judged:
        if judged.outcome is Outcome.FAIL:
            yield finding(
                "result_out_of_specification",
                State.ACTION,
                "{title} is out of specification: {sentence}",
                subject,
                "The result is investigated; a proven laboratory error lets it be invalidated.",
                title=title,
                sentence=judged.sentence,
            )
        if judged.outcome is Outcome.INVALID:
            yield finding(
                "result_invalid",
                State.UNKNOWN,
                "{title} cannot be judged: {sentence}",
                subject,
                "The result is corrected, or the test is repeated.",
                title=title,
                sentence=judged.sentence,
            )
        if judged.result.status != "reviewed":
            yield _not_reviewed(title, judged.result, subject)


def _not_reviewed(title: str, result: ResultFacts, subject: Subject) -> Finding:
    return finding(
        "result_not_reviewed",
        State.MISSING,
        "{title} is not reviewed by a second person.",
        subject,
        "Another person than {person} reviews the result.",
        title=title,
        person=result.entered_by,
    )


def _ingredient(lot: IngredientFacts) -> Iterator[Finding]:
    subject = Subject("lot", lot.number)
    if lot.expired_at_use:
        yield finding(
            "input_expired_at_use",
            State.ACTION,
            "Lot {lot} of {material} had expired on {day} when it was used.",
            subject,
            "Nothing clears it here.",
            lot=lot.number,
            material=lot.material,
            day=lot.expiry_date,
        )
    if lot.status not in STILL_GOOD:
        yield finding(
            "input_not_released",
            State.ACTION,
            "Lot {lot} of {material}, which went in, is “{status}” now.",
            subject,
            "The lot is released again.",
            lot=lot.number,
            material=lot.material,
            status=lot.status.replace("_", " "),
        )


def _same_person(person: str, what: str) -> Finding:
    return finding(
        "duties_not_separate",
        State.ACTION,
        "The same person, {person}, {what}.",
        Subject("person", person),
        "Another person does the second duty.",
        person=person,
        what=what,
    )
