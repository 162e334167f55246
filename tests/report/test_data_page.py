"""The page about data: whole, self-contained, and safe whatever stands in the texts."""

import re
from html.parser import HTMLParser

import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.report.data_page import data_page, write_data_page
from manylabel.runs.inspect import inspect

EVIL = "<script>alert(1)</script> & “quotes”"


class Tags(HTMLParser):
    """Start tags, and whether every opened element is closed in order."""

    VOID = frozenset({"meta", "br", "link", "img", "path", "use", "rect"})

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.broken = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)


def looked_at(labels=12, parts=2):
    texts = [f"{EVIL} text number {i} of many" for i in range(40)]
    own = [[f"label {i % labels}", *(["all <b>"] if i % 3 else [])] for i in range(40)]
    train = Corpus.from_texts([*texts, texts[0], " "], [*own, ["label 1"], []])
    test = Corpus.from_texts(texts[:10], own[:10], space=train.labels)
    return inspect(train, test=test if parts > 1 else None, skip=["missing-labels"])


@pytest.mark.parametrize(("labels", "parts"), [(12, 2), (12, 1), (1, 2)])
def test_the_page_is_whole_and_asks_nobody_for_anything(labels, parts):
    found = looked_at(labels, parts)
    page = data_page(found)
    tags = Tags()
    tags.feed(page)
    assert (tags.open, tags.broken) == ([], [])
    assert "script" not in {tag for tag, _ in tags.seen}
    assert "<b>" not in re.sub(r"<b>(?=[\w.])", "", page.replace("all &lt;b&gt;", ""))
    assert not [value for _, attrs in tags.seen for key, value in attrs.items() if key in ("src", "data")]
    assert all(
        attrs["href"].startswith("#") for tag, attrs in tags.seen if tag in ("a", "link", "use") and "href" in attrs
    )
    assert page.count('class="chart"') == 5
    assert page.count('<section class="finding') == len(found.findings)
    assert "&lt;script&gt;alert(1)" in page


def test_a_single_label_has_no_pairs_to_show():
    found = inspect(Corpus.from_texts(["a b", "c d"], [["x"], ["x"]], space=LabelSpace(["x"])), skip=["missing-labels"])
    assert data_page(found).count('class="chart"') == 4


def test_the_file_appears_complete_or_not_at_all(tmp_path, monkeypatch):
    found = looked_at()
    write_data_page(found, tmp_path / "new" / "page.html")
    assert (tmp_path / "new" / "page.html").read_text().endswith("</html>")
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="directory"):
        write_data_page(found, tmp_path / "taken")

    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.write_text", stop)
    with pytest.raises(KeyboardInterrupt):
        write_data_page(found, tmp_path / "other.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "taken"]
