"""Colours of the vendor, checked so that everything stays readable (WCAG 2.2, contrast)."""

from __future__ import annotations

ENOUGH = 4.5  # the ratio WCAG asks of text
WHITE, NIGHT, NIGHT_SURFACE = (
    "#ffffff",
    "#0c1730",
    "#16202e",
)  # text on the colour, and the page behind it, in the dark theme


def channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    linear = [
        (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
        for c in (value / 255 for value in channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mix(colour: str, other: str, part: float) -> str:
    return "#" + "".join(
        f"{round(a + (b - a) * part):02x}" for a, b in zip(channels(colour), channels(other), strict=True)
    )


def darkened(colour: str) -> str:
    """The nearest darker shade on which white text can be read."""
    return _shade(colour, "#000000", [WHITE])


def for_night(colour: str) -> str:
    """The nearest lighter shade that can be read on a dark page and carries dark text."""
    return _shade(colour, WHITE, [NIGHT, NIGHT_SURFACE])


def _shade(colour: str, towards: str, against: list[str]) -> str:
    for step in range(101):
        shade = mix(colour, towards, step / 100)
        if all(contrast(shade, other) >= ENOUGH for other in against):
            return shade
    return towards
