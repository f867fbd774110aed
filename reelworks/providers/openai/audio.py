"""Speech recognition by a hosted model (``/v1/audio/transcriptions``)."""

from __future__ import annotations

import io
from pathlib import Path

import av
from openai import OpenAI, omit

from reelworks.domain.capabilities import AudioLimits
from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.jobs.usage import Usage
from reelworks.domain.video.transcript import Transcript
from reelworks.errors import ProviderRejectedError, SourceNotFoundError, UnsupportedMediaError
from reelworks.providers.openai.client import HostedApi, parse_answer
from reelworks.providers.openai.verbose_json import VerboseTranscription
from reelworks.settings import Settings

MAX_SECONDS = 600.0
"""Ten minutes of 16 kHz 16-bit audio are 19.2 MB raw, about half of it as FLAC: under OpenAI's
25 MB ("Speech to text" guide, 2026) whatever the content."""

SHORTEST = 0.1
"""Seconds; OpenAI refuses shorter audio."""

_SETTING = "TRANSCRIBE_MODEL"
_TIMES_PARAMETERS = ("response_format", "verbose_json", "timestamp_granularities")


class OpenAiTranscriber:
    """Transcribes audio; threads may share one."""

    def __init__(self, settings: Settings, model: str, *, api: HostedApi | None = None) -> None:
        """Use ``model`` of the server in the settings, through ``api`` if there is one already."""
        self._api = api or HostedApi.from_settings(settings)
        self._name = model
        self._parallel = settings.vision.max_concurrent

    @property
    def model(self) -> ModelRef:
        """The model that answers."""
        return self._api.model(self._name)

    @property
    def limits(self) -> AudioLimits:
        """How much audio one call takes."""
        return AudioLimits(max_seconds=MAX_SECONDS, parallel=self._parallel)

    def transcribe(self, wav: Path, *, language: str | None, progress: Progress) -> Transcript:
        """Transcribe a 16 kHz mono 16-bit wav file; times are seconds from its first sample.

        Raises ``ProviderRejectedError`` when the model gives no times, the other
        ``ProviderError`` classes, and ``UnsupportedMediaError`` when the file is not audio.
        """
        flac, duration = flac_of(wav)
        progress(0.0, duration)
        if duration < SHORTEST:
            return Transcript(language=None)
        transcript = self._request(wav.with_suffix(".flac").name, flac, duration, language)
        progress(duration, duration)
        return transcript

    def _request(self, name: str, flac: bytes, duration: float, language: str | None) -> Transcript:
        def call(api: OpenAI) -> bytes:
            return api.audio.transcriptions.with_raw_response.create(
                model=self._name,
                file=(name, flac, "audio/flac"),
                response_format="verbose_json",
                timestamp_granularities=["word", "segment"],
                language=language if language is not None else omit,
            ).content

        def read(body: bytes) -> Transcript:
            answer = parse_answer(VerboseTranscription, body, self._api.host)
            if answer.has_text_without_times():
                raise self._gives_no_times()
            return answer.to_domain(duration, language)

        try:
            sent = Usage(audio_seconds=duration)
            return self._api.call(self._name, _SETTING, call, read, sent=sent)
        except ProviderRejectedError as error:
            if not any(name in str(error) for name in _TIMES_PARAMETERS):
                raise
        raise self._gives_no_times()

    def _gives_no_times(self) -> ProviderRejectedError:
        return ProviderRejectedError(
            f"{self._name} at {self._api.host} returns no word timestamps; set {_SETTING} to "
            "a model that does, such as whisper-1, or TRANSCRIBE_PROVIDER to local."
        )


def flac_of(wav: Path) -> tuple[bytes, float]:
    """Return a wav file's audio as FLAC, and its length in seconds.

    Lossless, and about half the bytes. Raises ``SourceNotFoundError`` when there is no file,
    ``UnsupportedMediaError`` when it is not audio.
    """
    target = io.BytesIO()
    samples = 0
    try:
        with av.open(str(wav)) as source, av.open(target, "w", format="flac") as sink:
            rate = source.streams.audio[0].sample_rate
            stream = sink.add_stream("flac", rate=rate, layout="mono")
            for frame in source.decode(audio=0):
                samples += frame.samples
                sink.mux(stream.encode(frame))
            sink.mux(stream.encode(None))
    except FileNotFoundError:
        raise SourceNotFoundError(f"{wav} does not exist, so it cannot be transcribed.") from None
    except (av.FFmpegError, IndexError) as error:
        raise UnsupportedMediaError(
            f"{wav.name} cannot be read as audio; index the video again."
        ) from error
    return target.getvalue(), samples / rate
