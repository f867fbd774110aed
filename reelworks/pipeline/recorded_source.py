"""Recorded sources: where the file is that a video's row names.

Rows are written by programs and by hand: ``uploads/{id}_{name}.mp4`` is a key of the bucket or a
file of ``DATA_DIR``, never one of the folder that a runner happens to work in.
"""

from __future__ import annotations

from pathlib import Path

from reelworks.domain.printable import one_line
from reelworks.errors import SourceNotFoundError
from reelworks.store.objects.artifacts import ArtifactStore


def locate_recorded(source: str, video_id: str, store: ArtifactStore, data_dir: Path) -> str:
    """Return the address or absolute path of a source that a row or job names.

    An address and an absolute path stay as they are. Raises ``SourceNotFoundError`` for an empty
    one, and for one that is in neither place; store errors.
    """
    if not source.strip():
        raise SourceNotFoundError(
            f"The video {video_id} has no source: its original_path is empty. Set it to a path, an "
            "address or a key of the bucket, and retry the job."
        )
    if "://" in source or Path(source).expanduser().is_absolute():
        return source
    if store.head(source) is not None:
        return f"s3://{store.bucket}/{source}"
    path = (data_dir / source).absolute()
    if path.exists():
        return str(path)
    raise SourceNotFoundError(
        f"{one_line(source)}, the source of the video {video_id}, is neither a key of the bucket "
        f"{store.bucket} nor a file of DATA_DIR ({data_dir}). Put it there, or give its full path."
    )
