"""Benchmarks from the Hugging Face hub, when they are asked for by name; nothing else here reaches the network."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from octavo.errors import EvaluationError, MissingExtra

REVISION = "main"
"""Of the data sets; a run's description has the hashes of the files that it read."""


def benchmark_folder(name: str, given: Path | None, downloads: Path) -> Path:
    """The folder with the files of a benchmark: the one that the user gave, else what `download` puts into `downloads`.
    A data set that was downloaded before is used again, without the hub where it cannot be reached."""
    return given if given is not None else download(name, REVISION, downloads / name.replace("/", "--"))


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
                # Archives are gigabytes, and every start of a run comes by here.
                missing = [each for each in packed.infolist() if not _is_unpacked(each, archive.parent)]
                packed.extractall(archive.parent, missing)
        except BadZipFile as error:
            raise EvaluationError(f"{archive}: is damaged; remove it and download {name} again") from error
    return folder


def _is_unpacked(member: ZipInfo, folder: Path) -> bool:
    file = folder / member.filename
    return file.is_file() and file.stat().st_size == member.file_size
