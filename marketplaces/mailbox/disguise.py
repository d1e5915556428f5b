"""Other words, numbers and tokens of the same shape, the same ones for the same; pure."""

import hashlib
import hmac
import unicodedata

CONSONANTS, VOWELS, DIGITS = "bcdfgklmnprstvz", "aeiou", "0123456789"
# Letters of scripts in which a Latin word would no longer be the same language.
SCRIPTS = {
    "HIRAGANA": "あいうえおかきくけこさしすせそ",
    "KATAKANA": "アイウエオカキクケコサシスセソ",
    "CJK": "山川田木本中上下大小日月火水金",
    "CYRILLIC": "абвгдежзиклмнопрст",
    "GREEK": "αβγδεζηικλμνοπρστ",
    "ARABIC": "ابتثجحخدذرزسشصض",
    "HEBREW": "אבגדהוזחטיכלמנס",
    "HANGUL": "가나다라마바사아자차카타파하",
}


class Disguise:
    """Chooses by a secret, so that nobody who has not got it can go back."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def word(self, word: str) -> str:
        """A word that can be spoken, as long as the other and in capitals where it is."""
        chosen = self._bytes("word", word.casefold(), len(word))
        made = "".join(
            _letter(letter, chosen[place], consonant=(place + chosen[0]) % 2 == 0)
            for place, letter in enumerate(word)
        )
        return made if made != word else made[:-1] + _another(made[-1])

    def digits(self, number: str) -> str:
        """A number with its signs where they were; written with or without them it becomes the same."""
        bare = "".join(each for each in number if each.isdigit())
        chosen = iter(self._bytes("digits", bare, len(bare)))
        made = "".join(DIGITS[next(chosen) % 10] if each.isdigit() else each for each in number)
        return made if made != number else made[:-1] + _another(made[-1])

    def token(self, token: str) -> str:
        """A token of letters and digits: hexadecimal stays hexadecimal, a sign stays a sign."""
        chosen = self._bytes("token", token.lower(), len(token))
        hexadecimal = len(token) > 15 and all(each in "0123456789abcdefABCDEF-" for each in token)
        made = []
        for each, choice in zip(token, chosen, strict=False):
            if each.isdigit():
                made.append(DIGITS[choice % 10])
            elif each.isalpha():
                letter = "abcdef"[choice % 6] if hexadecimal else chr(ord("a") + choice % 26)
                made.append(letter.upper() if each.isupper() else letter)
            else:
                made.append(each if each.isascii() else "-")
        return "".join(made)

    def _bytes(self, what: str, text: str, length: int) -> bytes:
        seed = hmac.digest(self._secret, f"{what}:{text}".encode("utf-8", "surrogatepass"), "sha256")
        return hashlib.shake_256(seed).digest(max(length, 1))


def _letter(letter: str, choice: int, *, consonant: bool) -> str:
    script = unicodedata.name(letter, "").partition(" ")[0] if not letter.isascii() else "LATIN"
    letters = SCRIPTS.get(script, CONSONANTS if consonant else VOWELS)
    made = letters[choice % len(letters)]
    return made.upper() if letter.isupper() else made


def _another(sign: str) -> str:
    return DIGITS[(int(sign) + 1) % 10] if sign.isdigit() else "x" if sign != "x" else "z"
