"""Choose who answers, by the settings. Imports are late: a hosted setup loads no local runtime."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

from reelworks.domain.capabilities import Embedder, FrameDescriber, ShotDetector, Transcriber
from reelworks.settings import Provider, Settings, load_settings
from reelworks.settings import ShotDetector as ShotDetectors


@runtime_checkable
class _Loadable(Protocol):
    def load(self) -> None:
        """Fetch and load the weights now."""


READS_ONLY = "rapidocr"
"""The local describer that needs no GPU: it reads text and finds controls."""


def make_transcriber(settings: Settings) -> Transcriber:
    """Return the configured transcriber.

    Raises ``ModelUnavailableError`` when a local model's weights cannot be had.
    """
    name = settings.model_for("transcribe")
    if settings.transcribe_provider is Provider.OPENAI:
        from reelworks.providers.openai.audio import OpenAiTranscriber

        return OpenAiTranscriber(settings, name)
    from reelworks.models.speech.whisper import WhisperTranscriber

    return WhisperTranscriber(name, settings.models_dir, threads=settings.cpu_threads)


def make_describer(settings: Settings) -> FrameDescriber:
    """Return the configured describer of frames.

    Raises ``SettingsError`` when no local model has the configured name.
    """
    name = settings.model_for("vision")
    if settings.vision_provider is Provider.OPENAI:
        from reelworks.providers.openai.vision import OpenAiDescriber

        return OpenAiDescriber(settings, name)
    if name != READS_ONLY:
        from reelworks.models.vision.vision_language import VisionLanguageDescriber

        return VisionLanguageDescriber(name, settings.models_dir, threads=settings.cpu_threads)
    from reelworks.models.vision.ocr_frame_describer import OcrFrameDescriber

    return OcrFrameDescriber(threads=settings.cpu_threads)


def make_embedder(settings: Settings) -> Embedder:
    """Return the configured embedder.

    Raises ``ModelUnavailableError`` when a local model's weights cannot be had.
    """
    name = settings.model_for("embed")
    if settings.embed_provider is Provider.OPENAI:
        from reelworks.providers.openai.embeddings import OpenAiEmbedder

        return OpenAiEmbedder(settings, name)
    from reelworks.models.text.minilm import MiniLmEmbedder

    return MiniLmEmbedder(name, settings.models_dir, threads=settings.cpu_threads)


def make_shot_detector(settings: Settings, library: str) -> ShotDetector | None:
    """Return who finds the film cuts of ``library``; None: PySceneDetect's AdaptiveDetector."""
    if settings.shot_detector_for(library) is ShotDetectors.ADAPTIVE:
        return None
    from reelworks.models.shots.transnet import TransNetShotDetector

    return TransNetShotDetector(settings.models_dir, threads=settings.cpu_threads)


def benefits_from_gpu(settings: Settings, stage: str) -> bool:
    """True when ``stage``, as configured, computes on this machine and faster with a GPU.

    ``stage`` is the name of a task: ``embed_speech`` and ``embed_picture`` count like ``embed``.
    """
    match stage.partition("_")[0]:
        case "transcribe":
            return settings.transcribe_provider is Provider.LOCAL
        case "vision":
            return settings.vision_provider is Provider.LOCAL and (
                settings.model_for("vision") != READS_ONLY
            )
        case "embed":
            return settings.embed_provider is Provider.LOCAL
        case "scenes":
            return settings.uses_transnet
        case "normalize":
            return settings.video_encoder == "nvenc"
    return False


def preload_for_pictures(settings: Settings) -> None:
    """Begin to load the local models that follow scenes and frames, and return at once.

    Those two stages keep one core busy. An error here is met again, and told, by the stage that
    asks for the model.
    """
    loader = ThreadPoolExecutor(1, thread_name_prefix="preload")
    if settings.vision_provider is Provider.LOCAL:
        from reelworks.models.vision.ocr_frame_describer import OcrFrameDescriber

        loader.submit(OcrFrameDescriber(threads=settings.cpu_threads).load)
    if settings.embed_provider is Provider.LOCAL:
        from reelworks.models.text.minilm import MiniLmEmbedder

        name = settings.model_for("embed")
        loader.submit(MiniLmEmbedder(name, settings.models_dir, threads=settings.cpu_threads).load)
    loader.shutdown(wait=False)


def preload() -> None:
    """Load the local models of every stage that profits from a GPU, as the settings name them.

    For the preload list of a warm-process pool. Raises what the models' ``load`` raises, and
    ``SettingsError``.
    """
    settings = load_settings()
    made: list[object] = []
    if benefits_from_gpu(settings, "transcribe"):
        made.append(make_transcriber(settings))
    if benefits_from_gpu(settings, "vision"):
        made.append(make_describer(settings))
    if benefits_from_gpu(settings, "embed"):
        made.append(make_embedder(settings))
    if settings.uses_transnet:
        from reelworks.models.shots.transnet import TransNetShotDetector

        made.append(TransNetShotDetector(settings.models_dir, threads=settings.cpu_threads))
    for model in made:
        if isinstance(model, _Loadable):  # every local model is
            model.load()
