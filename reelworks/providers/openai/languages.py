"""Language names as speech models give them, and their ISO 639-1 codes."""

from __future__ import annotations

_NAMES = {
    "af": "afrikaans", "am": "amharic", "ar": "arabic", "as": "assamese", "az": "azerbaijani",
    "ba": "bashkir", "be": "belarusian", "bg": "bulgarian", "bn": "bengali", "bo": "tibetan",
    "br": "breton", "bs": "bosnian", "ca": "catalan", "cs": "czech", "cy": "welsh",
    "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fo": "faroese",
    "fr": "french", "gl": "galician", "gu": "gujarati", "ha": "hausa", "he": "hebrew",
    "hi": "hindi", "hr": "croatian", "ht": "haitian creole", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "is": "icelandic", "it": "italian", "ja": "japanese",
    "jv": "javanese", "ka": "georgian", "kk": "kazakh", "km": "khmer", "kn": "kannada",
    "ko": "korean", "la": "latin", "lb": "luxembourgish", "ln": "lingala", "lo": "lao",
    "lt": "lithuanian", "lv": "latvian", "mg": "malagasy", "mi": "maori", "mk": "macedonian",
    "ml": "malayalam", "mn": "mongolian", "mr": "marathi", "ms": "malay", "mt": "maltese",
    "my": "myanmar", "ne": "nepali", "nl": "dutch", "nn": "nynorsk", "no": "norwegian",
    "oc": "occitan", "pa": "punjabi", "pl": "polish", "ps": "pashto", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sa": "sanskrit", "sd": "sindhi", "si": "sinhala",
    "sk": "slovak", "sl": "slovenian", "sn": "shona", "so": "somali", "sq": "albanian",
    "sr": "serbian", "su": "sundanese", "sv": "swedish", "sw": "swahili", "ta": "tamil",
    "te": "telugu", "tg": "tajik", "th": "thai", "tk": "turkmen", "tl": "tagalog",
    "tr": "turkish", "tt": "tatar", "uk": "ukrainian", "ur": "urdu", "uz": "uzbek",
    "vi": "vietnamese", "yi": "yiddish", "yo": "yoruba", "zh": "chinese",
}  # fmt: skip

_OTHER_NAMES = {
    "burmese": "my", "cantonese": "zh", "castilian": "es", "flemish": "nl", "haitian": "ht",
    "letzeburgesch": "lb", "mandarin": "zh", "moldavian": "ro", "moldovan": "ro",
    "norwegian nynorsk": "nn", "panjabi": "pa", "pushto": "ps", "sinhalese": "si",
    "valencian": "ca", "jw": "jv", "iw": "he", "yue": "zh",
}  # fmt: skip

_CODES = {name: code for code, name in _NAMES.items()} | _OTHER_NAMES


def iso_639_1(name: str | None) -> str | None:
    """Return the two-letter code of a language given by name, code or locale; None if unknown.

    Whisper models say ``english``; other servers say ``en`` or ``en-US``. Languages without a
    two-letter code of their own (Hawaiian) are None; Cantonese is written Chinese, ``zh``.
    """
    if name is None:
        return None
    plain = name.strip().lower().replace("_", "-")
    for candidate in (plain, plain.split("-", 1)[0]):
        if candidate in _NAMES:
            return candidate
        if candidate in _CODES:
            return _CODES[candidate]
    return None
