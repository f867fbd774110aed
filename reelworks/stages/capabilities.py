"""Choose who answers, by the settings. Imports are late: a hosted setup loads no local runtime."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from reelworks.domain.capabilities import Embedder, FrameDescriber, Transcriber
from reelworks.settings import Provider, Settings


def make_transcriber(settings: Settings) -> Transcriber:
    """Return the configured transcriber.

    Raises ``ModelUnavailableError`` when a local model's weights cannot be had.
    """
    name = settings.model_for("transcribe")
    if settings.transcribe_provider is Provider.OPENAI:
        from reelworks.providers.openai_audio import OpenAiTranscriber

        return OpenAiTranscriber(settings, name)
    from reelworks.models.whisper import WhisperTranscriber

    return WhisperTranscriber(name, settings.models_dir, threads=settings.cpu_threads)


def make_describer(settings: Settings) -> FrameDescriber:
    """Return the configured describer of frames."""
    name = settings.model_for("vision")
    if settings.vision_provider is Provider.OPENAI:
        from reelworks.providers.openai_vision import OpenAiDescriber

        return OpenAiDescriber(settings, name)
    from reelworks.models.screen_reader import ScreenReader

    return ScreenReader(threads=settings.cpu_threads)


def make_embedder(settings: Settings) -> Embedder:
    """Return the configured embedder.

    Raises ``ModelUnavailableError`` when a local model's weights cannot be had.
    """
    name = settings.model_for("embed")
    if settings.embed_provider is Provider.OPENAI:
        from reelworks.providers.openai_embeddings import OpenAiEmbedder

        return OpenAiEmbedder(settings, name)
    from reelworks.models.minilm import MiniLmEmbedder

    return MiniLmEmbedder(name, settings.models_dir, threads=settings.cpu_threads)


def preload_for_pictures(settings: Settings) -> None:
    """Begin to load the local models that follow scenes and frames, and return at once.

    Those two stages keep one core busy. An error here is met again, and told, by the stage that
    asks for the model.
    """
    loader = ThreadPoolExecutor(1, thread_name_prefix="preload")
    if settings.vision_provider is Provider.LOCAL:
        from reelworks.models.screen_reader import ScreenReader

        loader.submit(ScreenReader(threads=settings.cpu_threads).load)
    if settings.embed_provider is Provider.LOCAL:
        from reelworks.models.minilm import MiniLmEmbedder

        name = settings.model_for("embed")
        loader.submit(MiniLmEmbedder(name, settings.models_dir, threads=settings.cpu_threads).load)
    loader.shutdown(wait=False)
