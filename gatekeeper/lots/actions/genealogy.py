"""Use a quantity of one lot in the making of another."""

from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import day_at
from gatekeeper.core.quantity import Quantity
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.lots import queries
from gatekeeper.lots.models import Lot, Use
from gatekeeper.lots.rules.supply import Supply, check_may_be_used, exact_quantity


@action
def use(*, by: Person, parent: Lot, child: Lot, quantity: Quantity, batch_record: str = "", phase: str = "") -> Use:
    """Take ``quantity`` from ``parent`` into ``child``: the edge of the family and what is left in one transaction.

    :raises Refusal: ``lot_not_released``, ``lot_expired``, ``more_than_is_left``, ``quantity_not_positive``,
        ``units_differ_in_kind``, ``number_out_of_range``, ``would_make_a_circle``.
    """
    # One order for everybody, so two uses of the same lots wait for each other instead of dead-locking.
    both = Lot.objects.filter(pk__in=[parent.pk, child.pk]).order_by("pk").select_related("material", "site")
    locked = {lot.pk: lot for lot in both.select_for_update(of=("self",))}
    source = locked[parent.pk]
    at = now()
    amount = exact_quantity(quantity.converted(source.material.unit))
    check_may_be_used(
        Supply(source.number, source.status, source.expiry_date, source.quantity_left, amount, source.material.unit),
        today=day_at(source.site, at),  # a label means the calendar of the site that holds the lot
    )
    if parent.pk == child.pk or queries.is_descendant(parent, of=child):
        raise Refusal(
            "would_make_a_circle",
            "Lot {parent} was made from lot {child}: it cannot go into it.",
            field="lot",
            kind=Kind.CONFLICT,
            parent=parent.number,
            child=child.number,
        )
    source.quantity_left -= amount
    source.updated_at = at
    source.save(update_fields=["quantity_left", "updated_at"])
    return Use.objects.create(
        parent=source,
        child=locked[child.pk],
        quantity=amount,
        unit=source.material.unit,
        batch_record=batch_record,
        phase=phase,
        used_at=at,
        used_by=by,
    )
