"""Each kind of controlled document that the settings name, with a shipped file of it."""

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from tests.documents.making import SAMPLES, Sample


@pytest.fixture(params=[import_string(path) for path in settings.DOCUMENT_KINDS], ids=lambda kind: kind.code)
def kind(request):
    return request.param


@pytest.fixture
def sample(kind) -> Sample:
    return SAMPLES[kind.code]
