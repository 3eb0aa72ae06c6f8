"""Files that people and machines send: one bound for all of them, UPLOAD_MAX_BYTES, and one refusal beyond it."""

import io
from typing import Any, BinaryIO

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers

from gatekeeper.core.refusal import Refusal
from gatekeeper.doors import sentence


def check_size(size: int) -> None:
    """Pass when a file of so many bytes may come in.

    :raises Refusal: ``file_too_large``.
    """
    limit = settings.UPLOAD_MAX_BYTES
    if size > limit:
        raise Refusal("file_too_large", "The file is larger than {limit} bytes.", field="file", limit=limit)


def read_bounded(stream: BinaryIO) -> bytes:
    """Return the bytes of a stream, of which no more is read than the bound and one byte.

    :raises Refusal: ``file_too_large``.
    """
    content = stream.read(settings.UPLOAD_MAX_BYTES + 1)
    check_size(len(content))
    return content


class UploadField(forms.FileField):
    """A file of a form; an empty one is judged by whoever reads it, a too large one is refused here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_empty_file=True, **options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the upload when it is no larger than may come in."""
        upload = super().clean(data, initial)
        if upload is not None:
            try:
                check_size(upload.size)
            except Refusal as refusal:
                raise ValidationError(sentence(refusal), code=refusal.code) from None
        return upload


class Bounded(FileUploadHandler):
    """The first upload handler: of a request beyond the bound it keeps the size of each file and no byte of it.

    The file is not cut off without a word: the form still learns its size, and refuses it at its field.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 -- the framework's own name
        content_length: int,
        boundary: bytes,
        encoding: str | None = None,
    ) -> None:
        """Decide by the length of the whole request; its other fields are bounded by themselves."""
        self.refused = content_length > settings.UPLOAD_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def new_file(self, *args: Any, **options: Any) -> None:
        """Leave no file to the handlers after this one when the request is beyond the bound."""
        super().new_file(*args, **options)
        if self.refused:
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Hand the bytes on, or drop them."""
        return None if self.refused else raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """Return the file without its bytes, with the size that it had; None leaves it to the next handler."""
        if not self.refused:
            return None
        return UploadedFile(io.BytesIO(), self.file_name, self.content_type, file_size, self.charset)
