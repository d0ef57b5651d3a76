"""Files -> zip, the same bytes for the same files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can name
_UNIX = 3
_READABLE_FILE = 0o100644 << 16


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """A zip of `files` in their order (an LMS may look for the manifest first).

    Stored, not compressed: packages are small, and another zlib would give other bytes.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = _UNIX, _READABLE_FILE
            archive.writestr(entry, content)
    return packed.getvalue()
