"""Zipped formats (DOCX, PPTX, XLSX, EPUB) are looked through before a parser unpacks them.

Sizes are those that the archive declares; `zipfile` never yields more of a member than it declares, so they bind.
"""

from __future__ import annotations

import io
import zipfile

from octavo.documents.limits import MIB, in_words
from octavo.errors import CorruptSource, EncryptedSource, SourceTooLarge

_BOMB_RATIO = 200  # text of the wordiest markup packs to about a thirtieth
_BOMB_BYTES = 32 * MIB


def open_archive(data: bytes, *, given: str, unpacked_bytes: int) -> zipfile.ZipFile:
    """The archive in `data`; `given` is what errors call it. Raises `CorruptSource`, `EncryptedSource`, and
    `SourceTooLarge` for one that would unpack to more than `unpacked_bytes`."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        how = "truncated" if data.startswith(b"PK\x03\x04") else "not what its name says"
        raise CorruptSource(given, f"damaged: {how} ({error})", "get the file again") from error
    if any(member.flag_bits & 0x1 for member in members):
        raise EncryptedSource(given, "encrypted with a password", "save a copy without the password")
    unpacked = sum(member.file_size for member in members)
    packed = len(data)
    if unpacked > unpacked_bytes or (unpacked > _BOMB_BYTES and unpacked > _BOMB_RATIO * packed):
        raise SourceTooLarge(
            given,
            f"refused: {in_words(packed)} that would unpack to {in_words(unpacked)}",
            "if you trust it, save it anew in its program",
        )
    return archive
