"""Both doors as a named person or a machine knocks at them, for the tests of every app."""

import json
from collections.abc import Iterable
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models
from django.test import Client

from gatekeeper.accounts.actions.tokens import issue_token
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Site
from gatekeeper.demo.people import PASSWORD


def signed_in(person) -> Client:
    """Return a browser in which this person has logged in."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def machine(people, *scopes) -> Client:
    """Return a client with a service token of the LIMS at the first site."""
    token = issue_token(
        by=people["grace"],
        person=people["lims"],
        site=Site.objects.get(code="SG01"),
        scopes=frozenset(scopes),
        expires_at=now() + timedelta(days=1),
    )
    return Client(headers={"Authorization": f"Bearer {token}"})


def post(client, url, body, *, key=""):
    """POST a JSON document, under an Idempotency-Key where one is given."""
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(url, json.dumps(body), content_type="application/json", headers=headers)


def upload(client, url, toml: bytes):
    """POST a TOML file with the form of an import page."""
    return client.post(url, {"file": SimpleUploadedFile("given.toml", toml, content_type="application/toml")})


def signature(person, **fields) -> dict[str, str]:
    """Return the fields of a signing form or document: both components of this person, and whatever else."""
    return {"username": person.username, "password": PASSWORD, **fields}


def row_counts(of: Iterable[type[models.Model]]) -> dict[str, int]:
    """How many rows the table of each of these models has, in one statement: there are many tables."""
    tables = {model._meta.label: model._meta.db_table for model in of}
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f'(SELECT count(*) FROM "{table}")' for table in tables.values()))
        return dict(zip(tables, cursor.fetchone(), strict=True))
