"""Signing: a person's name, meaning and time bound to the content that was shown. 21 CFR 11.50, 11.70."""

from collections.abc import Mapping

from django.db import models

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.models import Person
from gatekeeper.core.canonical import canonical, digest
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger import queries
from gatekeeper.ledger.models import Signature


@action
def sign(
    *,
    by: Person,
    proof: Proof,
    act: str,
    meaning: str,
    subject: models.Model,
    content: Mapping[str, object],
) -> Signature:
    """Record that ``by`` signs this content of a saved record, and return the signature.

    ``content`` is what the person was shown; its canonical text is kept and its digest bound. Call it inside a signed
    action, which made the proof.

    :raises Refusal: ``proof_of_another`` when the proof is not by's own.
    """
    if proof.person_id != by.pk:
        raise Refusal("proof_of_another", "Sign with your own name and password.", kind=Kind.FORBIDDEN)
    site = queries.site_of(subject)
    return Signature.objects.create(
        signer=by,
        printed_name=by.full_name,
        role=queries.roles_text(by, site),
        site=site,
        act=act,
        meaning=meaning,
        signed_at=clock.now(),
        subject_type=subject._meta.label_lower,
        subject_key=str(subject.pk),
        content=canonical(content).decode(),
        sha256=digest(content),
    )
