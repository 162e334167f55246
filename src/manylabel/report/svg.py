"""From a matplotlib figure to an inline SVG whose colours are the page's: one drawing suits light and dark."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from manylabel.core.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Plot
    from matplotlib.figure import Figure

# matplotlib wants colours, the page has variables: each variable is drawn in a colour that nothing else has.
TEXT, MUTED, RULE, GRID, PAGE = "#010101", "#020202", "#030303", "#040404", "#050505"
SERIES = ("#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04", "#0a0a05", "#0a0a06")
"""Colours of series, in their order; there are no more than these."""

_VARIABLES = {
    TEXT: "--text",
    MUTED: "--muted",
    RULE: "--rule",
    GRID: "--grid",
    PAGE: "--page",
    **{colour: f"--series-{number}" for number, colour in enumerate(SERIES, start=1)},
}

WIDTH, HEIGHT = 400.0, 270.0
"""Points; at 350 pixels, a phone's width, the text of 11.5 points is 10 pixels high."""
FONT_SIZE = 11.5

_SETTINGS: Any = {
    "svg.hashsalt": "manylabel",  # identifiers of parts are random without
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": FONT_SIZE,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.fontsize": FONT_SIZE - 0.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "hatch.linewidth": 0.6,
}


class Drawing:
    """A figure that is being drawn, and then its SVG.

    Attributes:
        figure: of matplotlib.
        plot: its only axes.
        svg: the finished drawing, once the block of :func:`drawing` has ended.
    """

    def __init__(self, figure: Figure, plot: Plot) -> None:
        self.figure, self.plot = figure, plot
        self.svg = ""


@contextmanager
def drawing(title: str, description: str, *, height: float = HEIGHT) -> Iterator[Drawing]:
    """Draw in the block; at its end the drawing has its SVG.

    Args:
        title: what a screen reader calls it.
        description: what it says to someone who cannot see it.
        height: in points, for a width of :data:`WIDTH`.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "report", "a chart") from None
    with rc_context(_SETTINGS), warnings.catch_warnings():
        # Text is drawn by the reader's machine, in its fonts: what the one that measures it lacks does not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        figure = Figure(figsize=(WIDTH / 72, height / 72), layout="constrained")
        drawn = Drawing(figure, figure.add_subplot())
        yield drawn
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn.svg = _inline(buffer.getvalue(), title, description)


def _inline(document: str, title: str, description: str) -> str:
    """The SVG element alone, scalable, named for screen readers, with colours and identifiers of the page."""
    body = document[document.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"', "<g", body)  # names of matplotlib's own parts, the same in every drawing
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    key = hashlib.sha256((title + body).encode()).hexdigest()[:8]
    body = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{key}-\1"', body)
    body = body.replace("url(#", f"url(#{key}-").replace("xlink:href", "href")
    box = re.search(r'viewBox="([^"]+)"', body)
    assert box is not None
    opening = (
        f'<svg class="chart" viewBox="{box.group(1)}" role="img" aria-labelledby="{key}-title {key}-description" '
        f'xmlns="http://www.w3.org/2000/svg">\n<title id="{key}-title">{escape(title)}</title>\n'
        f'<desc id="{key}-description">{escape(description)}</desc>'
    )
    return re.sub(r"\n\s+", "\n", opening + body[body.index(">") + 1 :]).strip()
