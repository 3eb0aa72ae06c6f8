"""Which record is meant: by its type and key, at which site."""

from collections.abc import Iterable

from django.db import models

from gatekeeper.accounts.models import Person, Site
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger import records
from gatekeeper.ledger.models import Signature

_DEEPEST = 4  # keys from a record to the one that names its site


def site_of(subject: models.Model) -> Site | None:
    """Return the site that a record belongs to: its own, or that of what it is a part of; None where there is none."""
    reached: list[models.Model] = [subject]
    for _depth in range(_DEEPEST):
        if not reached:
            return None
        for record in reached:
            if isinstance(record, Site):
                return record
            if isinstance(site := getattr(record, "site", None), Site):
                return site
        reached = [parent for record in reached for parent in _parents(record)]
    return None


def _parents(record: models.Model) -> list[models.Model]:
    keys = [field for field in record._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    keys = [key for key in keys if key.related_model not in {Person, Site, Signature, type(record)}]
    return [parent for key in keys if (parent := getattr(record, key.name)) is not None]


def key_of(subject: models.Model) -> str:
    """Return what names a record in an address: its natural key where one field is it, else its number."""
    field = _natural_key_field(type(subject))
    return str(getattr(subject, field) if field else subject.pk)


def record_named(record_type: str, key: str, *, sites: Iterable[Site] | None = None) -> models.Model:
    """Return the record of this type (``lots.lot``) and key, of these sites or of none.

    :raises Refusal: ``record_not_found``; also where the record belongs to another site.
    """
    missing = Refusal("record_not_found", "There is no such record here: {key}.", kind=Kind.MISSING, key=key)
    model = {model._meta.label_lower: model for model in records.record_models()}.get(record_type.lower())
    if model is None:
        raise missing
    field = _natural_key_field(model)
    found = model._base_manager.filter(**{field: key}).first() if field else None
    if found is None and key.isdecimal() and len(key) < 19:
        found = model._base_manager.filter(pk=key).first()
    if found is None:
        raise missing
    if sites is not None and (site := site_of(found)) is not None and site not in sites:
        raise missing
    return found


def _natural_key_field(model: type[models.Model]) -> str | None:
    if name := getattr(model, "USERNAME_FIELD", None):
        return str(name)
    texts = (models.CharField, models.SlugField)
    return next((f.name for f in model._meta.concrete_fields if f.unique and isinstance(f, texts)), None)
