"""Hundreds of ways to type a number wrongly, each with the reason for which it is to be refused."""

from __future__ import annotations

from hil.wording.quantity import Kind

__all__ = ["malformed"]

NUMBERS: dict[str, tuple[str, ...]] = {
    "is empty": ("", " ", "\t", "\u00a0"),
    "has a sign": ("-1", "+1", "−1", "- 5", "--5", "+-5", "-0", "-.5"),
    "begins with a point": (".5", ".05", ".5.5"),
    "does not begin with a number": ("five", ",5", ",000", "..5", "O.5", "l00", "(5)", "~5", "<5", "=5", "'5'", '"5"', "#5", "$5", "½",
                                     "NaN", "Infinity", "∞", "٣", "５", "²", "x5", "_5", "mcg 5"),
    "exponent form": ("1e3", "1E3", "1e-3", "1.5e+2", "1,000e1"),
    "two points": ("1..5", "1.5.2", "1.000.000", "0.5.", "1.5.5"),
    "bare point": ("1.", "1,000.", "1. 5", "0."),
    "a zero too many": ("00", "01", "007", "00.5", "0123"),
    "comma that does not separate thousands": ("1,5", "1,50", "12,34,567", "0,500", "1,,000", "1,000,", "1,0000", "1000,000", "1.5,000",
                                               "1.000,5", "5,", "1,00.5", "1,2,3"),
    "two numbers": ("1 2", "1 000", "5 10", "1\u00a0000"),
}  # fmt: skip
"""By the reason that is given: what stands where a number and its unit should."""
TAILS = ("/2", "-10", " to 10", "!", "=", "+", "%", ":5", ";5", "'000", "_000", "^3", " x 10", "O", "o0", "½", "²", "*2", "\\", "d3")
"""What may follow a number in place of a space and its unit, each kind with a unit of its own behind."""
LENGTHS = ("1" + "0" * 12, "9" * 13, "1" * 400)


def malformed(kind: Kind) -> list[tuple[str, str]]:
    """Texts for this kind of quantity, each with the reason for which it is refused; empty where any reason will do."""
    found = [(f"{number} {kind.unit}", reason) for reason, numbers in NUMBERS.items() if reason != "is empty" for number in numbers]
    found += [(number, "is empty") for number in NUMBERS["is empty"]]
    found += [(f"5{tail} {kind.unit}", "") for tail in TAILS]
    found += [(f"{number} {kind.unit}", "more than 12 digits") for number in LENGTHS]
    found += [(f"5 {kind.unit}{more}", "after the unit") for more in (".", " 5", "!", ",", " ?")]
    found += [(f"0.{'0' * kind.decimals}1 {kind.unit}", "finer than"), ("5", "has no unit"), (f"5 {kind.unit}s", "")]
    return found
