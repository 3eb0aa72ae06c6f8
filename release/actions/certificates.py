"""Issue the certificate of a released lot, in the transaction of its release."""

import hashlib

from django.conf import settings

from gatekeeper.accounts.actor import action
from gatekeeper.accounts.models import Person
from gatekeeper.core.canonical import canonical
from gatekeeper.ledger.models import Signature
from gatekeeper.ledger.queries import newest_checkpoint
from release import certificate
from release.models import Certificate, Disposition
from release.rules.certificate import Issue, certificate_content
from release.rules.dossier import Dossier, SignatureFacts


@action
def issue_certificate(*, by: Person, disposition: Disposition, dossier: Dossier, signature: Signature) -> Certificate:
    """Issue the certificate of analysis from the dossier that passed the gate: canonical JSON and its PDF."""
    head = newest_checkpoint()
    issue = Issue(
        number=f"COA-{dossier.lot.number}-{dossier.market.code}",
        issued_at=disposition.decided_at,
        release=SignatureFacts(
            act=signature.act,
            signer=by.username,
            printed_name=signature.printed_name,
            role=dossier.market.releaser,
            meaning=signature.meaning,
            signed_at=signature.signed_at,
            digest=signature.sha256,
            valid=True,
        ),
        checkpoint_size=head.size if head else 0,
        checkpoint_root=bytes(head.root).hex() if head else "",
        checkpoint_origin=settings.LEDGER_ORIGIN,
        demonstration=settings.DEMO,
    )
    content = canonical(certificate_content(dossier, issue))
    pdf = certificate.pdf(content)
    return Certificate.objects.create(
        number=issue.number,
        disposition=disposition,
        lot=disposition.lot,
        market=disposition.market,
        content=content.decode(),
        sha256=hashlib.sha256(content).hexdigest(),
        pdf=pdf,
        pdf_sha256=hashlib.sha256(pdf).hexdigest(),
        issued_at=disposition.decided_at,
        issued_by=by,
    )
