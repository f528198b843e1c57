"""Names of languages for the codes that catalogues use: MARC, ISO 639-2 and ISO 639-1."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

_NAMES = {
    "English": "eng en", "French": "fre fra fr", "German": "ger deu de", "Spanish": "spa es",
    "Italian": "ita it", "Latin": "lat la", "Portuguese": "por pt", "Dutch": "dut nld nl",
    "Russian": "rus ru", "Yiddish": "yid yi", "Hebrew": "heb he", "Chinese": "chi zho zh",
    "Japanese": "jpn ja", "Korean": "kor ko", "Polish": "pol pl", "Swedish": "swe sv",
    "Norwegian": "nor no nob nb nno nn", "Danish": "dan da", "Finnish": "fin fi", "Icelandic": "ice isl is",
    "Arabic": "ara ar", "Persian": "per fas fa", "Turkish": "tur tr", "Ottoman Turkish": "ota",
    "Greek": "gre ell el", "Ancient Greek": "grc", "Hungarian": "hun hu", "Czech": "cze ces cs",
    "Slovak": "slo slk sk", "Slovenian": "slv sl", "Croatian": "hrv scr hr", "Serbian": "srp scc sr",
    "Bulgarian": "bul bg", "Romanian": "rum ron ro", "Ukrainian": "ukr uk", "Belarusian": "bel be",
    "Lithuanian": "lit lt", "Latvian": "lav lv", "Estonian": "est et", "Armenian": "arm hye hy",
    "Georgian": "geo kat ka", "Albanian": "alb sqi sq", "Macedonian": "mac mkd mk", "Irish": "gle iri ga",
    "Scottish Gaelic": "gla gae gd", "Welsh": "wel cym cy", "Breton": "bre br", "Basque": "baq eus eu",
    "Catalan": "cat ca", "Galician": "glg gl", "Scots": "sco", "Old English": "ang",
    "Middle English": "enm", "Old French": "fro", "Middle French": "frm", "Middle High German": "gmh",
    "Low German": "nds", "Hindi": "hin hi", "Urdu": "urd ur", "Bengali": "ben bn", "Panjabi": "pan pa",
    "Sindhi": "snd sd", "Gujarati": "guj gu", "Marathi": "mar mr", "Tamil": "tam ta", "Telugu": "tel te",
    "Kannada": "kan kn", "Malayalam": "mal ml", "Nepali": "nep ne", "Sanskrit": "san sa", "Pali": "pli pi",
    "Sinhalese": "sin si", "Tibetan": "tib bod bo", "Mongolian": "mon mn", "Thai": "tha th",
    "Vietnamese": "vie vi", "Burmese": "bur mya my", "Khmer": "khm km", "Lao": "lao lo",
    "Indonesian": "ind id", "Malay": "may msa ms", "Javanese": "jav jv", "Tagalog": "tgl tl",
    "Hawaiian": "haw", "Maori": "mao mri mi", "Samoan": "smo sm", "Swahili": "swa sw",
    "Afrikaans": "afr af", "Zulu": "zul zu", "Xhosa": "xho xh", "Yoruba": "yor yo", "Hausa": "hau ha",
    "Amharic": "amh am", "Somali": "som so", "Cherokee": "chr", "Navajo": "nav nv", "Ojibwa": "oji oj",
    "Dakota": "dak", "Cree": "cre cr", "Inuktitut": "iku iu", "Nahuatl": "nah", "Quechua": "que qu",
    "Ladino": "lad", "Aramaic": "arc", "Syriac": "syr syc", "Coptic": "cop", "Esperanto": "epo eo",
    "Kazakh": "kaz kk", "Uzbek": "uzb uz", "Azerbaijani": "aze az", "Pushto": "pus ps", "Kurdish": "kur ku",
    "Church Slavic": "chu cu", "Romani": "rom", "Sign languages": "sgn",
}  # fmt: skip
_BY_CODE = {code: name for name, codes in _NAMES.items() for code in codes.split()}
_NOT_SAID = frozenset(
    {"und", "zxx", "mul", "mis", "xxx", "|||", "undefined", "undetermined", "no linguistic content"}
)
_KNOWN = frozenset(_BY_CODE) | _NOT_SAID


def name_languages(values: Iterable[str]) -> str:
    """Codes ("eng", "en-US", "engfre") as names, commas between; what is no known code stays as written."""
    names: dict[str, None] = {}
    for value in values:
        text = value.strip()
        code = re.split(r"[-_]", text.lower())[0] if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_]\w+)*", text) else ""
        if text.lower() in _NOT_SAID:
            continue
        if code in _BY_CODE:
            names[_BY_CODE[code]] = None
        elif len(text) % 3 == 0 and len(text) > 3 and all(part in _KNOWN for part in _thirds(text)):
            names.update(dict.fromkeys(_BY_CODE[part] for part in _thirds(text) if part in _BY_CODE))
        elif text:
            names[text.capitalize() if text.capitalize() in _NAMES else text] = None
    return ", ".join(names)


def find_languages(sentence: str) -> set[str]:
    """Names of languages that a sentence has: "Materials are mostly in English" has one."""
    words = re.findall(r"[^\W\d_]+", sentence)
    pairs = [f"{one} {two}" for one, two in pairwise(words)]
    return {name for name in (*words, *pairs) if name in _NAMES}


def _thirds(text: str) -> list[str]:
    """Codes that old MARC records run together: "sanengkan" → san, eng, kan."""
    return [text[start : start + 3].lower() for start in range(0, len(text), 3)]
