"""Where octavo keeps what it keeps: one folder, OCTAVO_HOME or the platform's data directory."""

from __future__ import annotations

import os
from pathlib import Path


def default_home() -> Path:
    """The folder of the library and the ledger; it need not exist yet."""
    given = os.environ.get("OCTAVO_HOME")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return platformdirs.user_data_path("octavo", appauthor=False)
