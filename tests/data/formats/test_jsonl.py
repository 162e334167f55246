from __future__ import annotations

import json

import pytest

from manylabel.core.corpus import Document
from manylabel.core.errors import ConfigError, InputError
from manylabel.data.reading import read_corpus, read_documents, write_documents


def write(path, *lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def read(path, **options):
    return list(read_documents(path, "jsonl", **options))


def test_fields(tmp_path):
    path = write(
        tmp_path / "f.jsonl",
        '{"text": "a", "labels": ["x", "y"], "uid": "u1", "title": "T"}',
        '{"text": "", "labels": [], "id": 7, "uid": "ignored"}',
        "",
        ' {"text": "c", "labels": null} ',
    )
    assert [(d.text, d.labels, d.id, d.line) for d in read(path)] == [
        ("a", ("x", "y"), "u1", 1),
        ("", (), "7", 2),
        ("c", (), None, 4),
    ]


def test_text_of_several_fields(tmp_path):
    path = write(
        tmp_path / "f.jsonl",
        '{"title": "T", "text": "a", "labels": []}',
        '{"title": "", "text": "b", "labels": []}',
        '{"title": null, "text": "c", "labels": []}',
        '{"text": "d", "labels": []}',
    )
    assert [d.text for d in read(path, text_fields=["title", "text"])] == ["T\na", "b", "c", "d"]
    with pytest.raises(InputError, match=r"no record has the field 'titel' \(correct the name"):
        read(path, text_fields=["titel", "text"])
    with pytest.raises(InputError, match=r":1: has no field 'a' or 'b' \(fields: title, text, labels\)"):
        read(path, text_fields=["a", "b"])


def test_other_names_and_kept_fields(tmp_path):
    path = write(tmp_path / "f.jsonl", '{"t": "a", "l": ["x"], "key": "k", "g": 3, "b": true, "n": null, "f": 0.5}')
    options = {"text_fields": ["t"], "labels_field": "l", "id_field": "key", "keep_fields": ["g", "b", "n", "f"]}
    document = read(path, **options)[0]
    assert (document.text, document.labels, document.id) == ("a", ("x",), "k")
    assert document.fields == {"g": "3", "b": "true", "n": "", "f": "0.5"}


def test_words_that_mean_nothing_elsewhere_are_labels(tmp_path):
    path = write(
        tmp_path / "f.jsonl", '{"text": "NaN", "labels": ["NaN", "NA", "null", "None", ""]}'.replace(', ""', "")
    )
    assert read(path)[0].labels == ("NaN", "NA", "null", "None")


def test_whole_numbers_are_labels_by_their_digits(tmp_path):
    path = write(tmp_path / "f.jsonl", '{"text": "a", "labels": [7, "x", -1]}')
    assert read(path)[0].labels == ("7", "x", "-1")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a", "labels": ["x"]', r"is not valid JSON: .* \(column \d+\) \(write one complete object a line\)"),
        ('{"text": "a", "labels": ["x"]} {}', "is not valid JSON: Extra data"),
        ('{"text": "a", "labels": ["x"]}!', "is not valid JSON: Extra data"),
        ("[]", "is a list, not an object"),
        ('"text"', "is a string, not an object"),
        ("nan", "is not valid JSON"),
        ("[" * 100_000, "cannot be parsed|is not valid JSON"),
        ('{"text": ' + "1" * 5000 + "}", "cannot be parsed|is a number"),
        ('{"labels": ["x"]}', r"has no field 'text' \(fields: labels\) \(name the field with text_fields\)"),
        ('{"text": 5, "labels": ["x"]}', "the text in 'text' is a number, not a string"),
        ('{"text": null, "labels": ["x"]}', "the text in 'text' is null, not a string"),
        ('{"text": ["a"], "labels": ["x"]}', "the text in 'text' is a list, not a string"),
        ('{"text": "a"}', r"has no field 'labels' .*an empty list\)"),
        ('{"text": "a", "labels": "x"}', r"'labels' is a string, not a list of labels .*label_separator"),
        ('{"text": "a", "labels": {"x": 1}}', "'labels' is an object, not a list of labels"),
        ('{"text": "a", "labels": 3}', "'labels' is a number, not a list"),
        ('{"text": "a", "labels": [1.5]}', "a label is a number, not a string"),
        ('{"text": "a", "labels": [NaN]}', "a label is a number, not a string"),
        ('{"text": "a", "labels": [true]}', "a label is true or false, not a string"),
        ('{"text": "a", "labels": [null]}', "a label is null, not a string"),
        ('{"text": "a", "labels": ["x", ""]}', "a label is empty"),
        ('{"text": "a", "labels": [], "id": 1.5}', "the id in 'id' is a number, not a string"),
        ('{"text": "a", "labels": [], "id": true}', "the id in 'id' is true or false"),
        (r'{"text": "a \ud83d", "labels": []}', "half of a surrogate pair"),
        (r'{"text": "a", "labels": ["\uDC00"]}', "half of a surrogate pair"),
    ],
)
def test_bad_lines_are_named(line, message, tmp_path):
    path = write(tmp_path / "f.jsonl", '{"text": "fine", "labels": ["x"]}', line)
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_whole_surrogate_pairs_are_text(tmp_path):
    assert read(write(tmp_path / "f.jsonl", r'{"text": "\ud83d\ude00", "labels": []}'))[0].text == "😀"


def test_one_array_over_many_lines_is_explained(tmp_path):
    path = tmp_path / "f.json"
    path.write_text(json.dumps([{"text": "a", "labels": []}], indent=1))
    with pytest.raises(InputError, match=r"f\.json:1: is one JSON document over many lines .*jq -c"):
        list(read_documents(path))


def test_missing_fields_named_explicitly(tmp_path):
    path = write(tmp_path / "f.jsonl", '{"text": "a", "labels": []}')
    with pytest.raises(InputError, match="has no field 'key'"):
        read(path, id_field="key")
    with pytest.raises(InputError, match="has no field 'group'"):
        read(path, keep_fields=["group"])
    with pytest.raises(InputError, match="has no field 'subjects'"):
        read(path, labels_field="subjects")
    nested = write(tmp_path / "g.jsonl", '{"text": "a", "labels": [], "group": [1]}')
    with pytest.raises(InputError, match="the field 'group' is a list"):
        read(nested, keep_fields=["group"])


def test_labels_in_one_string_on_request(tmp_path):
    path = write(tmp_path / "f.jsonl", '{"text": "a", "labels": " x y; z ;;"}', '{"text": "a", "labels": ["v;w"]}')
    assert [d.labels for d in read(path, label_separator=";")] == [("x y", "z"), ("v;w",)]


def test_labels_may_be_absent_only_where_none_are_required(tmp_path):
    path = write(tmp_path / "f.jsonl", '{"text": "a"}')
    assert read(path, require_labels=False)[0].labels == ()
    assert read(path, labels_field=None)[0].labels == ()
    assert len(read_corpus(path, require_labels=False)) == 1


def test_options_that_would_be_ignored_are_refused(tmp_path):
    path = write(tmp_path / "f.jsonl", '{"text": "a", "labels": []}')
    with pytest.raises(ConfigError, match="format jsonl has no use for the option delimiter"):
        read(path, delimiter=";")
    with pytest.raises(ConfigError, match="no use for the option part"):
        read(path, part="test")
    with pytest.raises(ConfigError, match="did you mean 'text_fields'"):
        read(path, text_field=["a"])
    with pytest.raises(ConfigError, match="no use for the option delimiter"):
        write_documents([Document("a")], tmp_path / "g.jsonl", delimiter=";")
    assert not (tmp_path / "g.jsonl").exists()


def test_written_form(tmp_path):
    documents = [Document("ä\n", ("x y",), "1", {"lang": "de"}), Document("b", ())]
    write_documents(documents, tmp_path / "f.jsonl")
    assert (tmp_path / "f.jsonl").read_text(encoding="utf-8") == (
        '{"id": "1", "text": "ä\\n", "labels": ["x y"], "lang": "de"}\n{"text": "b", "labels": []}\n'
    )
    write_documents(documents, tmp_path / "g.jsonl", ids=False)
    assert "id" not in json.loads((tmp_path / "g.jsonl").read_text(encoding="utf-8").splitlines()[0])
    with pytest.raises(InputError, match="document 1 has a further field called 'labels'"):
        write_documents([Document("b", (), None, {"labels": "x"})], tmp_path / "h.jsonl")
    assert not (tmp_path / "h.jsonl").exists()
