"""The shell: self-contained, escaped, and readable in light and dark for all eyes."""

import re

import jinja2
import pytest

from manylabel.core.finding import Finding
from manylabel.report import page

PAGE = """{% extends "base.html" %}{% import "parts.html" as parts %}
{% block title %}{{ name }}{% endblock %}
{% block header %}<h1>{{ name }}</h1>{% endblock %}
{% block content %}
{{ parts.figure('<svg class="chart"></svg>', name, "text") }}
{{ parts.table(["metric", "all"], [[name, 0.5 | percent]], caption="Metrics") }}
{{ parts.tiles([(1234 | number, name)]) }}
{{ parts.findings(findings) }}
{% endblock %}"""
FINDING = Finding("rule", "serious", "What <i>", "Why.", "Do.", ("a.b=1",), {"n": 1}, ({"id": "x", "text": "<b>"},))


@pytest.fixture
def rendered(monkeypatch):
    environment = page._environment().overlay(
        loader=jinja2.ChoiceLoader([jinja2.DictLoader({"test.html": PAGE}), jinja2.FileSystemLoader(page.TEMPLATES)])
    )
    monkeypatch.setattr(page, "_environment", lambda: environment)
    return page.render("test.html", name="<script>alert(1)</script> & co", findings=[FINDING])


def test_the_page_holds_everything(rendered):
    assert rendered.startswith("<!doctype html>")
    assert rendered.rstrip().endswith("</html>")
    assert re.findall(r"(?:src|href)=\"(?!#)|@import|url\(|<script|<link", rendered) == []


def test_what_users_wrote_is_escaped(rendered):
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in rendered
    assert "<i>" not in rendered
    assert "<svg class" in rendered
    assert "50.00" in rendered
    assert "1,234" in rendered
    assert "--set a.b=1" in rendered


def test_a_name_that_is_missing_is_an_error(rendered):
    with pytest.raises(jinja2.UndefinedError):
        page.render("test.html", findings=[])


def test_half_a_surrogate_pair_is_replaced(rendered):
    assert "<h1>a?</h1>" in page.render("test.html", name="a\ud800", findings=[])


def test_filters_and_version(rendered):
    assert "manylabel 0." in rendered


# -- colours --------------------------------------------------------------------------------------------------------


def themes():
    css = (page.TEMPLATES / "base.html").read_text()
    light, dark = re.findall(r":root \{([^}]*--page[^}]*)\}", css)
    return {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for name, block in [("light", light), ("dark", dark)]
    }


def linear(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def contrast(one, other):
    """Ratio of relative luminances as WCAG 2 defines it."""
    luminance = [sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (one, other)]
    return (max(luminance) + 0.05) / (min(luminance) + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast(theme):
    colours = themes()[theme]
    for ground in ("page", "card"):
        for name in ("text", "muted", "link", "good", "warn", "bad"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for ground in ("mark", "mark-against"):
        assert contrast(colours["text"], colours[ground]) >= 7
    for number in range(1, 7):
        assert contrast(colours[f"series-{number}"], colours["page"]) >= 3


# Machado et al. 2009, severity 1.
DEFICIENCIES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("matrix", DEFICIENCIES.values(), ids=list(DEFICIENCIES))
def test_the_first_series_are_told_apart_by_colour_blind_readers(theme, matrix):
    colours = themes()[theme]
    seen = []
    for number in range(1, 4):
        rgb = linear(colours[f"series-{number}"])
        seen.append([sum(m * c for m, c in zip(row, rgb, strict=True)) for row in matrix])
    for i in range(3):
        for j in range(i):
            distance = sum((a - b) ** 2 for a, b in zip(seen[i], seen[j], strict=True)) ** 0.5
            assert distance > 0.1, (theme, i + 1, j + 1)
