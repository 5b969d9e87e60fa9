"""The verdict as a badge: one small SVG that asks nothing of anywhere and reads without colours.

It has no ids, so that any number of badges can stand in one page.
"""

from __future__ import annotations

from harness.model.result import Conclusion
from harness.report.shape import View
from harness.report.text import clip

_COLOUR = {
    # The page's own, light theme: white stands out from each by at least 4.5:1.
    Conclusion.APPROVED: "#0f6a3c",
    Conclusion.BLOCKED: "#ab1f1a",
    Conclusion.INCOMPLETE: "#74299a",
}
_LABEL_COLOUR = "#4a4e57"
_LABEL_LIMIT = 40
_PADDING = 7.0
_CORNER = 3
_NARROW, _WIDE = frozenset("fijlrtI.,:;!|'()[] -"), frozenset("mwMW@%")


def as_badge(view: View) -> str:
    """Project and verdict side by side; the title says the sentence too."""
    verdict = view.verdict
    label = clip(" ".join(view.run.project.split()), _LABEL_LIMIT) or "release"
    word = verdict.conclusion.value
    left, right = _width(label) + 2 * _PADDING, _width(word) + 2 * _PADDING
    title = f"{label}: {word}. {clip(verdict.sentence, 300)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:.1f}" height="20"'
        f' viewBox="0 0 {left + right:.1f} 20" role="img" aria-label="{_attribute(title)}">\n'
        f"<title>{_escape(title)}</title>\n"
        f'<path fill="{_LABEL_COLOUR}" d="{_half(left, _CORNER, 0)}"/>\n'
        f'<path fill="{_COLOUR[verdict.conclusion]}" transform="translate({left:.1f})"'
        f' d="{_half(right, 0, _CORNER)}"/>\n'
        '<g fill="#ffffff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11"'
        ' aria-hidden="true">\n'
        f"{_text(label, _PADDING)}\n{_text(word, left + _PADDING)}\n</g>\n</svg>\n"
    )


def _half(width: float, left: int, right: int) -> str:
    """The outline of one half, with rounded corners on one side of it."""
    return (
        f"M{left} 0H{width - right:.1f}a{right} {right} 0 0 1 {right} {right}V{20 - right}"
        f"a{right} {right} 0 0 1 -{right} {right}H{left}"
        f"a{left} {left} 0 0 1 -{left} -{left}V{left}a{left} {left} 0 0 1 {left} -{left}z"
    )


def _text(text: str, x: float) -> str:
    """`textLength` makes the text as wide as its half, whichever font the reader has."""
    return (
        f'<text x="{x:.1f}" y="14" textLength="{_width(text):.1f}"'
        f' lengthAdjust="spacingAndGlyphs">{_escape(text)}</text>'
    )


def _width(text: str) -> float:
    """About how wide the text is in Verdana at 11 px."""
    return sum(map(_advance, text))


def _advance(character: str) -> float:
    if character in _NARROW:
        return 4.3
    if character in _WIDE:
        return 10.2
    if not character.isascii():
        return 11.0
    return 7.8 if character.isupper() else 6.8


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    return _escape(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
