"""When two exact values count as the same: equal, within a tolerance, rounded far enough, or a float written out.

close(Fraction(333333, 10**6), Fraction(1, 3), DEFAULT_RULES)  # True
"""

from __future__ import annotations

from fractions import Fraction

from regenesis.answers.rules import Rules

_NOISE_DIGITS = 10**9
_ENDLESS = 1_000_000
_MOST_BITS = 3_000


def close(left: Fraction, right: Fraction, rules: Rules) -> bool:
    """Whether two values are equal under the user's tolerance, or one is the other rounded or as a float shows it."""
    if left == right:
        return True
    if rules.tolerance > 0 and abs(left - right) <= Fraction(rules.tolerance) * max(abs(left), abs(right)):
        return True
    if not left.denominator == right.denominator == 1 and _is_noise(left, right):
        return True
    return is_rounding(left, right, rules.rounded_digits) or is_rounding(right, left, rules.rounded_digits)


def _is_noise(left: Fraction, right: Fraction) -> bool:
    """Whether two numbers differ by no more than how a float is written out.

    0.30000000000000004 and 0.3 do, 0.36363636363636365 and 4/11, and 0.8888888889 and 0.8888888888888888.
    """
    if max(value.bit_length() for side in (left, right) for value in side.as_integer_ratio()) > _MOST_BITS:
        return False
    if abs(left - right) * _NOISE_DIGITS > min(abs(left), abs(right)):
        return False
    digits = [_significant_digits(value) for value in (left, right)]
    fine, coarse = max(digits), min(digits)
    floats = fine >= 15 and abs(left) < 10**15 and (fine >= coarse + 3 or coarse >= 16)
    if floats and abs(left - right) * 10**14 <= abs(left):
        return True
    for value, count, other in ((left, digits[0], digits[1]), (right, digits[1], digits[0])):
        places = decimal_places(value)
        if places and 10 <= count < other and abs(left - right) * 10**places <= 1:
            return True
    return False


def _significant_digits(value: Fraction) -> int:
    """Digits of a terminating decimal from its first to its last; more than any decimal has for another fraction."""
    places = decimal_places(value)
    return _ENDLESS if places is None else len(str(abs(value.numerator) * 10**places // value.denominator))


def is_rounding(typed: Fraction, exact: Fraction, digits: int) -> bool:
    """Whether `typed` is a decimal of at least so many significant digits that `exact`, which is none, rounds to."""
    places = decimal_places(typed)
    if not digits or places is None or places < 4 or decimal_places(exact) is not None:
        return False
    if abs(typed.numerator) * 10**places // typed.denominator < 10 ** (digits - 1):
        return False
    return abs(typed - exact) <= Fraction(1, 2 * 10**places)


def decimal_places(value: Fraction) -> int | None:
    """Places after the point of a terminating decimal, `None` of any other fraction."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None
