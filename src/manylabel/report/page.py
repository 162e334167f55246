"""Self-contained HTML pages from templates: one shell, no network, no scripts."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import manylabel
from manylabel.core.capacity import format_bytes, format_seconds
from manylabel.core.errors import MissingExtraError
from manylabel.metrics.rendering import number, percent, percent_range

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **context: Any) -> str:
    """A page from a template of the folder ``templates``.

    Everything that is not marked safe is escaped, and a name that the context lacks is an error, not a gap in the
    page. A template extends ``base.html`` and may import the macros of ``parts.html``. Filters: ``number`` (thousands
    separated), ``percent`` and ``percent_range`` (of fractions, two decimals, without the sign), ``bytes``,
    ``seconds``.

    Args:
        template: its file name.
        **context: what the template names.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    page = _environment().get_template(template).render(manylabel_version=manylabel.__version__, **context)
    # Half a surrogate pair, which texts given in Python may hold, cannot stand in a file.
    return page.encode("utf-8", "replace").decode("utf-8")


def require_extra(purpose: str) -> None:
    """Make sure that pages can be made, before any work is done for one.

    Args:
        purpose: what they are needed for, as an error says it.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    for package in ("jinja2", "matplotlib"):
        try:
            import_module(package)
        except ImportError:
            raise MissingExtraError(package, "report", purpose) from None


@cache
def _environment() -> Environment:
    try:
        import jinja2
    except ImportError:
        raise MissingExtraError("jinja2", "report", "an HTML page") from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number, percent=percent, percent_range=percent_range, bytes=format_bytes, seconds=format_seconds
    )
    return environment
