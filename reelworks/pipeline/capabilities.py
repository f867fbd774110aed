"""Models by capability, as the settings name them, and whether a GPU would speed them up.

Imports are late: an installation with hosted models loads no local runtime.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

from reelworks.domain.capabilities import (
    Capability,
    Embedder,
    FrameDescriber,
    ShotDetector,
    Transcriber,
)
from reelworks.pipeline.spec import Stage, spec_of
from reelworks.settings import Provider, Settings, load_settings
from reelworks.settings import ShotDetection as ShotDetectors


@runtime_checkable
class _Loadable(Protocol):
    def load(self) -> None:
        """Fetch and load the weights now."""


READS_ONLY = "rapidocr"
"""Name of the local describer that needs no GPU: it reads text and finds controls."""


def make_transcriber(settings: Settings) -> Transcriber:
    """Return the configured transcriber.

    Raises ``ModelUnavailableError`` when a local model's weights cannot be had.
    """
    name = settings.model_for(Capability.TRANSCRIBE)
    if settings.transcribe.provider is Provider.OPENAI:
        from reelworks.providers.openai.audio import OpenAiTranscriber

        return OpenAiTranscriber(settings, name)
    from reelworks.models.speech.whisper import WhisperTranscriber

    return WhisperTranscriber(name, settings.models_dir, threads=settings.models.threads)


def make_describer(settings: Settings) -> FrameDescriber:
    """Return the configured describer of frames.

    Raises ``SettingsError`` when no local model has the configured name.
    """
    name = settings.model_for(Capability.VISION)
    if settings.vision.provider is Provider.OPENAI:
        from reelworks.providers.openai.vision import OpenAiDescriber

        return OpenAiDescriber(settings, name)
    if name != READS_ONLY:
        from reelworks.models.vision.vision_language import VisionLanguageDescriber

        return VisionLanguageDescriber(name, settings.models_dir, threads=settings.models.threads)
    from reelworks.models.vision.ocr_frame_describer import OcrFrameDescriber

    return OcrFrameDescriber(threads=settings.models.threads)


def make_embedder(settings: Settings) -> Embedder:
    """Return the configured embedder.

    Raises ``ModelUnavailableError`` when a local model's weights cannot be had.
    """
    name = settings.model_for(Capability.EMBED)
    if settings.embed.provider is Provider.OPENAI:
        from reelworks.providers.openai.embeddings import OpenAiEmbedder

        return OpenAiEmbedder(settings, name)
    from reelworks.models.text.minilm import MiniLmEmbedder

    return MiniLmEmbedder(name, settings.models_dir, threads=settings.models.threads)


def make_shot_detector(settings: Settings, library: str) -> ShotDetector | None:
    """Return the shot detector of ``library``; None: PySceneDetect's AdaptiveDetector."""
    if settings.scenes.detector_for(library) is ShotDetectors.ADAPTIVE:
        return None
    from reelworks.models.shots.transnet import TransNetShotDetector

    return TransNetShotDetector(settings.models_dir, threads=settings.models.threads)


def benefits_from_gpu(settings: Settings, stage: str) -> bool:
    """True when ``stage``, as configured, computes on this machine and faster with a GPU.

    ``stage`` is the name of a task; one that is no indexing stage gives False.
    """
    if stage not in set(Stage):
        return False
    spec = spec_of(stage)
    return spec.runs_on == "gpu" and _computes_on_gpu(settings, spec.capability)


def _computes_on_gpu(settings: Settings, capability: Capability | None) -> bool:
    match capability:
        case Capability.TRANSCRIBE:
            return settings.transcribe.provider is Provider.LOCAL
        case Capability.VISION:
            return settings.vision.provider is Provider.LOCAL and (
                settings.model_for(Capability.VISION) != READS_ONLY
            )
        case Capability.EMBED:
            return settings.embed.provider is Provider.LOCAL
        case Capability.SHOTS:
            return settings.scenes.uses_transnet
        case Capability.ENCODE:
            return settings.video.encoder == "nvenc"
        case None:
            return False


def preload_for_pictures(settings: Settings) -> None:
    """Start to load the local models of the stages after scenes and frames; return at once.

    Those two stages keep one core busy. An error is ignored: the stage that needs the model meets
    and reports it.
    """
    loader = ThreadPoolExecutor(1, thread_name_prefix="preload")
    if settings.vision.provider is Provider.LOCAL:
        from reelworks.models.vision.ocr_frame_describer import OcrFrameDescriber

        loader.submit(OcrFrameDescriber(threads=settings.models.threads).load)
    if settings.embed.provider is Provider.LOCAL:
        from reelworks.models.text.minilm import MiniLmEmbedder

        name = settings.model_for(Capability.EMBED)
        loader.submit(
            MiniLmEmbedder(name, settings.models_dir, threads=settings.models.threads).load
        )
    loader.shutdown(wait=False)


def preload() -> None:
    """Load the local models of every stage that benefits from a GPU, as the settings name them.

    For the preload list of a warm-process pool. Raises what the models' ``load`` raises, and
    ``SettingsError``.
    """
    settings = load_settings()
    made: list[object] = []
    if _computes_on_gpu(settings, Capability.TRANSCRIBE):
        made.append(make_transcriber(settings))
    if _computes_on_gpu(settings, Capability.VISION):
        made.append(make_describer(settings))
    if _computes_on_gpu(settings, Capability.EMBED):
        made.append(make_embedder(settings))
    if settings.scenes.uses_transnet:
        from reelworks.models.shots.transnet import TransNetShotDetector

        made.append(TransNetShotDetector(settings.models_dir, threads=settings.models.threads))
    for model in made:
        if isinstance(model, _Loadable):  # every local model is
            model.load()
