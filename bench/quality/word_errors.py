"""Word error rate by language, beside the same weights in plain faster-whisper with beam 5.

``python -m bench.quality.word_errors [--languages de,es] [--model NAME]``; one process, one
thread, each file once with both, so that the processor seconds compare. Nothing was tuned
on these files.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import jiwer
from rich.console import Console
from rich.table import Table

from reelworks.domain.jobs.progress import silent
from reelworks.models.runtime.fetch import ensure_model
from reelworks.models.speech.whisper import WhisperTranscriber
from reelworks.settings import load_settings

MEDIA = Path(__file__).parents[2] / "tests" / "media"
SPEECH = MEDIA / "speech"
LIMIT = 0.5
"""Points of word error rate that a language may be above the plain model."""
Transcribe = Callable[[Path], str]

_DIGITS = {
    "en": "zero one two three four five six seven eight nine ten",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci",
    "ru": "ноль один два три четыре пять шесть семь восемь девять десять",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A sound file with what is said in it."""

    language: str
    sound: Path
    text: str


@dataclass
class Score:
    """Errors and cost of one way to transcribe, over the samples of a language."""

    words: int = 0
    errors: int = 0
    cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Word error rate in percent."""
        return 100 * self.errors / self.words


def samples(more: Path | None = None) -> Iterator[Sample]:
    """Yield the samples: tests/media/README.md says whose they are.

    ``more`` is a folder of others: ``de-5.opus``, say, with its words in ``de-5.txt``.
    """
    truth = json.loads((MEDIA / "ground_truth.json").read_text())
    for name, key in (("jfk.flac", "jfk.flac"), ("two_cities.flac", "two_cities.wav")):
        yield Sample("en", SPEECH / name, truth[f"speech/{key}"]["text"])
    folders = [SPEECH / "languages", *([more] if more else [])]
    for sound in sorted(one for folder in folders for one in folder.glob("*.opus")):
        yield Sample(sound.stem[:2], sound, sound.with_suffix(".txt").read_text())


def plain_words(text: str, language: str) -> str:
    """Return the words of a text as they are compared: lower case, no marks, digits to ten.

    Spanish loses its accents, which its reference texts lack.
    """
    text = text.lower().replace("ß", "ss").replace("ё", "е")  # noqa: RUF001 - Cyrillic is meant
    if language == "es":
        letters = unicodedata.normalize("NFD", text.replace("ñ", "\0"))
        text = "".join(c for c in letters if not unicodedata.combining(c)).replace("\0", "ñ")
    digits = {word: str(n) for n, word in enumerate(_DIGITS.get(language, "").split())}
    return " ".join(digits.get(word, word) for word in re.findall(r"\w+", text))


def add(score: Score, sample: Sample, wav: Path, transcribe: Transcribe) -> None:
    """Transcribe a sample and count its errors."""
    start = time.process_time()
    heard = transcribe(wav)
    score.cpu_seconds += time.process_time() - start
    spoken = plain_words(sample.text, sample.language)
    found = jiwer.process_words(spoken, plain_words(heard, sample.language))
    score.words += len(spoken.split())
    score.errors += found.substitutions + found.deletions + found.insertions


def plain_model(folder: Path) -> Transcribe:
    """Faster-whisper as its README calls it: one thread, int8, beam 5, the language detected."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    return lambda wav: " ".join(s.text for s in model.transcribe(str(wav), beam_size=5)[0])


def this_model(name: str, models: Path) -> Transcribe:
    """The product's transcriber, with one thread."""
    whisper = WhisperTranscriber(name, models, threads=1)
    return lambda wav: whisper.transcribe(wav, language=None, progress=silent).text


def compare(
    name: str, languages: Sequence[str], more: Path | None = None
) -> dict[str, tuple[Score, Score]]:
    """Return the plain model's score and this one's, by language; all languages where empty.

    ``more`` is a folder of further samples.
    """
    models = load_settings().models_dir
    both = plain_model(ensure_model(name, models)), this_model(name, models)
    scores: dict[str, tuple[Score, Score]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for sample in samples(more):
            if languages and sample.language not in languages:
                continue
            wav = Path(folder) / f"{sample.sound.stem}.wav"
            ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(sample.sound)]
            subprocess.run([*ffmpeg, "-ac", "1", "-ar", "16000", str(wav)], check=True)
            if not scores:
                for transcribe in both:  # loads what is loaded late
                    transcribe(wav)
            pair = scores.setdefault(sample.language, (Score(), Score()))
            for score, transcribe in zip(pair, both, strict=True):
                add(score, sample, wav, transcribe)
    return scores


def main() -> None:
    """Print the table; exit with 1 when a language is worse than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="whisper-base")
    parser.add_argument("--languages", default="", help="codes with commas; all by default")
    parser.add_argument("--more", type=Path, help="a folder of further samples")
    options = parser.parse_args()
    codes = [code for code in options.languages.split(",") if code]
    scores = compare(options.model, codes, options.more)
    table = Table("language", "words", "plain, beam 5", "this", "points", "CPU s, of plain")
    for language, (plain, ours) in scores.items():
        table.add_row(
            language,
            str(plain.words),
            f"{plain.rate:.1f} %",
            f"{ours.rate:.1f} %",
            f"{ours.rate - plain.rate:+.1f}",
            f"{ours.cpu_seconds:.1f}, {ours.cpu_seconds / plain.cpu_seconds:.2f}",
        )
    Console().print(table)
    worse = [code for code, (plain, ours) in scores.items() if ours.rate > plain.rate + LIMIT]
    raise SystemExit(f"Worse by more than {LIMIT} points: {', '.join(worse)}" if worse else 0)


if __name__ == "__main__":
    main()
