"""Benchmarks from the Hugging Face hub, when they are asked for by name; nothing else here reaches the network."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, ZipFile

from octavo.errors import EvaluationError, MissingExtra


def download(name: str, revision: str, folder: Path) -> Path:
    """The files of a data set such as "Infinigence/LVEval", at a revision (a branch, tag or commit), put into `folder`,
    and its zip archives unpacked there. Returns the folder.

    Raises `MissingExtra` where `huggingface_hub` is not installed, and `EvaluationError` where the hub cannot be
    reached (or HF_HUB_OFFLINE forbids it), does not have the data set, or an archive is damaged.
    """
    try:
        from httpx2 import HTTPError
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError
    except ImportError as error:
        raise MissingExtra("downloading a benchmark", "eval") from error
    try:
        snapshot_download(name, repo_type="dataset", revision=revision, local_dir=folder)
    except (HTTPError, OSError, HFValidationError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise EvaluationError(
            f"{name}: cannot be downloaded ({reason}); download it elsewhere and name its folder with --data"
        ) from error
    for archive in sorted(folder.rglob("*.zip")):
        try:
            with ZipFile(archive) as packed:
                packed.extractall(archive.parent)
        except BadZipFile as error:
            raise EvaluationError(f"{archive}: is damaged; remove it and download {name} again") from error
    return folder
