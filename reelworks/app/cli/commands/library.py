"""``reelworks show``, ``list`` and ``export``: reading the library."""

from __future__ import annotations

import errno
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from reelworks.app.cli import output
from reelworks.app.cli.display.records import print_records
from reelworks.app.cli.environment import library_engine
from reelworks.domain.library.library import StoredFrame, VideoSummary, VideoView
from reelworks.errors import NoSpaceError, PermissionDeniedError

VideoId = Annotated[str, typer.Argument(metavar="ID", help="The video's id.")]


class Format(StrEnum):
    """Formats of ``export``."""

    SRT = "srt"
    VTT = "vtt"
    JSON = "json"


def _as_api(view: VideoView) -> dict[str, Any]:
    """Return a video as ``GET /videos/{id}`` does."""
    from reelworks.app.api.schemas.videos import VideoDetail
    from reelworks.domain.library.access import LOCAL

    return VideoDetail.of_view(view, LOCAL).model_dump(mode="json")


def _read(video_id: str) -> VideoView:
    from reelworks.store.library.video_contents import get_video

    with library_engine() as engine:
        return get_video(engine, video_id)


def list_(json: output.Json = False) -> None:
    """List the videos of the library, newest first."""
    from reelworks.domain.library.access import LOCAL
    from reelworks.store.library.video_reads import list_videos

    with library_engine() as engine:
        videos = list_videos(engine)
    if json:
        from reelworks.app.api.schemas.videos import VideoList, VideoOut

        shown = [VideoOut.of(video, LOCAL) for video in videos]
        output.print_model(VideoList(videos=shown, next=None))
        return
    if not videos:
        output.echo("The library is empty. Try: reelworks index FILE")
        return
    columns = ("id", "status", "#length", "language", "title")
    print_records(columns, [_row(video) for video in videos])


def _row(video: VideoSummary) -> tuple[str, ...]:
    length = output.clock(video.duration) if video.duration is not None else ""
    status = f"{video.status}, file missing" if video.gone_at else video.status
    return video.id, status, length, video.language or "", video.title


def show(video_id: VideoId, json: output.Json = False) -> None:
    """Show a video scene by scene: speech, frames and text on screen."""
    view = _read(video_id)
    if json:
        output.print_json(_as_api(view))
        return
    summary = view.summary
    length = output.clock(summary.duration) if summary.duration is not None else "unknown"
    output.echo((summary.id, "bold"), f"  {summary.title}  {summary.status}  {length}")
    if summary.error:
        output.echo(("Error: ", "red"), summary.error)
    if summary.gone_at:
        when = f"{summary.gone_at:%Y-%m-%d %H:%M}"
        text = f"Its file has been missing since {when}; the video stays in the library."
        output.echo(("Note: ", "yellow"), text)
    mix = view.probe.get("mix") or {}
    for warning in (*([mix["reason"]] if mix.get("reason") else []), *view.warnings):
        output.echo(("Note: ", "yellow"), warning)
    for scene in view.scenes:
        span = scene.scene
        times = f"{output.clock(span.t_start)} - {output.clock(span.t_end)}"
        output.out.print()
        output.echo((f"Scene {span.index}", "bold"), f"  {times}")
        for frame in view.frames:
            if frame.scene_id == scene.id:
                _print_frame(frame)
        _print_speech(view, span.t_start, span.t_end)
    if not view.scenes:
        _print_speech(view, 0.0, float("inf"))


def _print_frame(stored: StoredFrame) -> None:
    if stored.frame.duplicate_of is not None:
        output.echo(f"  frame: the same as frame {stored.frame.duplicate_of}")
        return
    seen = stored.description
    if seen is None:
        return
    if seen.caption:
        output.echo(f"  frame: {seen.caption}")
    if seen.text:
        output.echo("  text: " + " | ".join(read.text for read in seen.text))
    if seen.controls:
        named = ", ".join(f"{one.kind.value} {one.label!r}" for one in seen.controls)
        output.echo(f"  controls: {named}")


def _print_speech(view: VideoView, start: float, end: float) -> None:
    for stored in view.segments:
        segment = stored.segment
        if start <= segment.t_start < end:
            output.echo(f"  {output.clock(segment.t_start)}  {segment.text}")


def export(
    video_id: VideoId,
    srt: Annotated[bool, typer.Option("--srt", help="SubRip subtitles.")] = False,
    vtt: Annotated[bool, typer.Option("--vtt", help="WebVTT subtitles.")] = False,
    json: Annotated[bool, typer.Option("--json", help="All data, for programs.")] = False,
    to: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: stdout.")
    ] = None,
) -> None:
    """Export a video's subtitles, or all of its data as JSON."""
    wanted = [one for one, on in ((Format.SRT, srt), (Format.VTT, vtt), (Format.JSON, json)) if on]
    if len(wanted) != 1:
        raise typer.BadParameter("choose one of --srt, --vtt and --json")
    text = _as_text(_read(video_id), wanted[0])
    if to is None:
        _write_utf8(text)
        return
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        kind = NoSpaceError if full else PermissionDeniedError
        raise kind(f"{to} cannot be written: {error.strerror}.") from None
    output.err.print(output.line(f"Wrote {to}."), soft_wrap=True)


def _write_utf8(text: str) -> None:
    """Write to stdout in UTF-8, whatever the terminal's encoding: subtitle files are UTF-8."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _as_text(view: VideoView, format_: Format) -> str:
    from reelworks.media.formats.subtitles import to_srt, to_vtt

    if format_ is Format.JSON:
        return output.as_json(_as_api(view))
    return (to_srt if format_ is Format.SRT else to_vtt)(view.transcript)
