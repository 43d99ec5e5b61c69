"""What a number must fulfil to be what its digits look like: a pattern alone would take any long number for a card."""

from collections.abc import Callable, Mapping

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""The sum of the digits of a doubled digit."""


def luhn(text: str) -> bool:
    """Whether the digits in the text have the check digit of ISO/IEC 7812, as those of every payment card."""
    digits = [int(character) for character in reversed(text) if character.isdecimal()]
    return bool(digits) and (sum(digits[::2]) + sum(_DOUBLED[digit] for digit in digits[1::2])) % 10 == 0


def mod97(text: str) -> bool:
    """Whether the letters and digits in the text have the check digits of ISO 13616, as those of every IBAN."""
    plain = "".join(character for character in text.upper() if character.isascii() and character.isalnum())
    moved = plain[4:] + plain[:4]
    return bool(moved) and int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


CHECKS: Mapping[str, Callable[[str], bool]] = {"luhn": luhn, "mod97": mod97}
"""By the names that a configuration gives them."""
