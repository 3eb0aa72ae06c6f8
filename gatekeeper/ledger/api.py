"""The evidence log over REST: its newest head, and a record's entries with their proofs."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.api import SIGNED_IN, ApiView
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger import queries, sealing
from gatekeeper.ledger.models import Entry
from gatekeeper.ledger.serializers import CheckpointOut, EntryOut


class NewestCheckpoint(ApiView):
    """The newest signed head of the evidence log: keep it, and nobody can rewrite what came before."""

    permission = SIGNED_IN

    @extend_schema(responses=CheckpointOut)
    def get(self, request: Request) -> Response:
        """Return the newest checkpoint.

        :raises Refusal: ``not_sealed_yet``.
        """
        head = queries.newest_checkpoint()
        if head is None:
            raise Refusal("not_sealed_yet", "No evidence is sealed yet.", kind=Kind.PENDING)
        state = queries.seal_state()
        content = {
            "origin": head.note.split("\n", 1)[0],
            "size": head.size,
            "root": sealing.root_text(bytes(head.root)),
            "at": head.at,
            "note": head.note,
            "waiting": state.waiting,
            "lag_seconds": state.lag.total_seconds(),
        }
        return Response(CheckpointOut(content).data)


class Entries(ApiView):
    """The entries of one record, newest first, each with its proof in the newest checkpoint."""

    permission = "ledger.view"

    @extend_schema(
        parameters=[OpenApiParameter("record", required=True, description="type and key, as in lots.lot:P-0001")],
        responses=EntryOut(many=True),
    )
    def get(self, request: Request) -> Response:
        """Return one page of the entries.

        :raises Refusal: ``record_malformed``, ``record_not_found``.
        """
        kind, separator, key = request.query_params.get("record", "").partition(":")
        if not separator:
            raise Refusal("record_malformed", "Name the record as type:key, such as lots.lot:P-0001.", field="record")
        subject = queries.record_named(kind, key, sites=self.sites)
        head = queries.newest_checkpoint()
        size = head.size if head else 0

        def shown(entry: Entry) -> dict[str, Any]:
            view = queries.parse(type(subject), entry)
            index = view.index
            path = queries.inclusion_proof(index, size) if index is not None and index < size else None
            fields = {name: getattr(view, name, None) for name in EntryOut().fields}
            return dict(EntryOut(fields | {"body": entry.body, "path": path}).data)

        return self.listed(queries.evidence_of(type(subject), subject.pk), shown, ordering="-id")
