"""The encoding of a text file, judged by the letters it would hold.

UTF-8 and UTF-16 are recognised with certainty. Any other encoding is a guess: Western European text
is read as Windows-1252, and text of another script as the one encoding in which it consists of
common letters. If several encodings fit equally well, the file is refused.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bayes_gmm.errors import DataError, file_named, shown

WESTERN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸ\x00-\x7f€‚„…‰‹‘’“”•–—™›\xa0-¿×÷]*")
CENTRAL = re.compile(
    r"[A-Za-z\x00-\x7fĂăÂâĄąĆćÇçČčĎďĐđÉéĘęËëĚěÍíÎîŁłĽľĹĺŃńŇňÓóÔôŐőÖöŘřŔŕŚśŞşŠšŢţŤťÚúŮůŰűÜüÝýŹźŻżŽžÁáÄäß"
    r"€„…†‡‰‘’“”•–—™\xa0§©®°±´·]*"
)
CYRILLIC = re.compile(r"[\x00-\x7fА-Яа-яЁё№«»–—\xa0“”„…°]*")
GREEK = re.compile(r"[\x00-\x7fΑ-Ωα-ωάέήίόύώΆΈΉΊΌΎΏς€«»–—\xa0°]*")
HANGUL = re.compile(r"[\x00-\x7f가-힣]*")

NOT_WITHIN_WORDS = re.compile(
    r"[£¥¤¦¢±¹³¼¾¯¨¬][A-Za-zÀ-ÿœŸ]|[A-Za-zÀ-ÿ][£¥¤¦¢¿¡±¼¾¬]|[^\W\d_]*[a-zß-ÿœ][A-ZÀ-ÞŸŒ]{1}(?![a-z])"
)
"""Signs or capitals inside words of a text that is decoded as Windows-1252."""
LONG_RUN = re.compile(r"[À-ÖØ-öø-ÿŒœŠšŽžŸ\x80-¿]{3}")
"""More consecutive letters with diacritics than any Western European word has."""
ODD_CASE = re.compile(r"[^\W\d_A-Za-z][^\W\d_A-Za-z]+")


@dataclass(frozen=True)
class Candidate:
    """An encoding, and the fraction of the non-ASCII letters of a text that are usual in it."""

    name: str
    usual: Callable[[str], float]


def encoding_of(raw: bytes, whole: bool, path: Path, least_usual: float = 0.9) -> tuple[str, bool]:
    """The encoding of the first bytes of a file, and whether it was guessed from its letters.

    An encoding other than UTF-8 and Windows-1252 fits if a fraction of at least `least_usual` of
    the letters is usual in it.

    Raises
    ------
    DataError
        If the file is in UTF-32 or binary, or if several encodings fit equally well.
    """
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise DataError(f"{file_named(path)} is written in UTF-32; save it as UTF-8")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", False
    if raw.startswith(b"\x89HDF"):
        raise DataError(f"{file_named(path)} is not text: it is a model file or other NetCDF")
    if b"\0" in raw:
        raise DataError(
            f"{file_named(path)} is not text; export the table as CSV, Excel (.xlsx) or Parquet"
        )
    if decoded(raw, "utf-8", whole) is not None:
        return "utf-8", False
    text = decoded(raw, "cp1252", whole)
    if text is not None and is_western(text):
        return "cp1252", False
    usual = {c.name: _usual(raw, c, whole) for c in CANDIDATES}
    best = max(usual.values())
    fitting = [name for name, share in usual.items() if share == best]
    if best < least_usual:
        return ("latin-1" if text is None else "cp1252"), True
    if len(fitting) > 1:
        raise DataError(
            f"{file_named(path)} is not UTF-8, and its letters fit several encodings: name the "
            f"right one with encoding= or --encoding, such as {' or '.join(fitting)}"
        )
    return fitting[0], True


def known_encoding(encoding: str, raw: bytes, whole: bool, path: Path) -> str:
    """The name of an encoding that the user has given, after a test on the first bytes.

    Raises
    ------
    DataError
        If the encoding is unknown or cannot decode the bytes.
    """
    try:
        "".encode(encoding)
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise DataError(
            f"encoding is {shown(encoding)}, which is unknown; give one such as utf-8, cp1252 or "
            "gb18030"
        ) from None
    name = {"utf-8-sig": "utf-8", "iso8859-1": "latin-1"}.get(name, name)
    if decoded(raw, name, whole) is None:
        raise DataError(f"{file_named(path)} is not written in {name}; give another encoding")
    return name


def decoded(raw: bytes, encoding: str, whole: bool) -> str | None:
    """Decoded bytes, None if that fails; an incomplete last character is dropped if not `whole`."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)
    try:
        return decoder().decode(raw, final=whole)
    except UnicodeError:
        return None


def is_western(text: str) -> bool:
    """Whether a text decoded as Windows-1252 looks like a Western European language.

    Examples
    --------
    >>> is_western("Größe in m², 5 €"), is_western("£ódŸ"), is_western("ÄêÁä")
    (True, False, False)
    """
    if not WESTERN.fullmatch(text) or LONG_RUN.search(text):
        return False
    words = (word for word in re.findall(r"\S+", text) if not word.isascii())
    return not any(_is_odd(word) for word in set(words))


def _is_odd(word: str) -> bool:
    return any(not match[0].isascii() for match in NOT_WITHIN_WORDS.finditer(word))


def _usual(raw: bytes, candidate: Candidate, whole: bool) -> float:
    text = decoded(raw, candidate.name, whole)
    return 0.0 if text is None else candidate.usual(text)


def _letters(pattern: re.Pattern[str], longest: int = 99) -> Callable[[str], float]:
    """Function that returns 1 if a text has only letters of an alphabet in regular case, else 0.

    Words are regular in lower case, with a first capital, or in capitals. At most `longest`
    consecutive letters may be non-ASCII.
    """

    def usual(text: str) -> float:
        words = set(ODD_CASE.findall(text))
        regular = all(w[1:] == w[1:].lower() or w == w.upper() for w in words)
        short = all(len(word) <= longest for word in words)
        return float(bool(pattern.fullmatch(text)) and regular and short)

    return usual


def _ideographs(encoding: str, first: int, last: int) -> Callable[[str], float]:
    """Function that returns the fraction of letters that are common ideographs.

    Common ideographs have first bytes from `first` to `last` in the encoding.
    """

    def is_usual(letter: str) -> bool:
        if "\u3000" <= letter <= "\u30ff" or "\uff01" <= letter <= "\uff5e":
            return True
        try:
            return first <= letter.encode(encoding)[0] <= last
        except UnicodeEncodeError:
            return False

    def usual(text: str) -> float:
        letters = [letter for letter in text if not letter.isascii()]
        return sum(map(is_usual, letters)) / len(letters)

    return usual


CANDIDATES = (
    Candidate("gb18030", _ideographs("gb2312", 0xB0, 0xD7)),
    Candidate("shift_jis", _ideographs("shift_jis", 0x88, 0x98)),
    Candidate("euc_jp", _ideographs("euc_jp", 0xB0, 0xCF)),
    Candidate("big5", _ideographs("big5", 0xA4, 0xC6)),
    Candidate("euc_kr", _letters(HANGUL)),
    Candidate("cp1250", _letters(CENTRAL, 2)),
    Candidate("cp1251", _letters(CYRILLIC)),
    Candidate("cp1253", _letters(GREEK)),
)
