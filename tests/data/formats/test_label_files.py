from __future__ import annotations

import json

import pytest

from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.reading import read_labels, write_labels


def put(path, content):
    path.write_text(content, encoding="utf-8")
    return path


def test_json_lines(tmp_path):
    path = put(
        tmp_path / "labels.jsonl",
        '{"label": "a", "text": "first", "alt": ["eins"], "parents": ["p", 7], "uri": "http://a"}\n\n'
        '{"label": 5, "text": null}\n',
    )
    space = read_labels(path)
    assert space.closed
    assert list(space) == ["a", "5"]
    assert list(space.texts) == ["first", None]
    assert list(space.alternatives) == [("eins",), ()]
    assert list(space.parents) == [("p", "7"), ()]


def test_names_by_line(tmp_path):
    path = put(tmp_path / "labels.txt", "b\n  a \r\n\n01\n")
    space = read_labels(path, "label_lines")
    assert (list(space), space.texts, space.closed) == (["b", "a", "01"], None, True)
    with pytest.raises(InputError, match=r"labels.txt:4: label 'b' occurs twice, first on line 1"):
        read_labels(put(path, "b\na\n\n b\n"), "label_lines")
    with pytest.raises(InputError, match="holds no labels"):
        read_labels(put(path, " \n"), "label_lines")
    with pytest.raises(InputError, match=r"not recognised .*label_lines"):
        read_labels(put(path, "a\n"))


def test_names_alone(tmp_path):
    space = read_labels(put(tmp_path / "labels.jsonl", '{"label": "null"}\n{"label": "NaN"}\n'))
    assert (list(space), space.texts, space.parents) == (["null", "NaN"], None, None)


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.jsonl.gz", "labels"])
def test_written_and_read_back(name, tmp_path):
    space = LabelSpace(["a b", "c"], ["text", None], [("x", "y"), ()], [(), ("a b", "outside")])
    write_labels(space, tmp_path / name)
    read = read_labels(tmp_path / name)
    assert list(read.records()) == list(space.records())


def test_labels_of_a_run(tmp_path):
    space = LabelSpace(["a", "b"], closed=False)
    assert list(read_labels(put(tmp_path / "labels.jsonl", space.to_jsonl()))) == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "b"}', "the field 'label' is missing"),
        ('{"label": ""}', "the field 'label' is empty"),
        ('{"label": null}', "the field 'label' is null, not a string"),
        ('{"label": ["b"]}', "the field 'label' is a list, not a string"),
        ('{"label": "b", "text": 3}', "'text' is a number, not a string"),
        ('{"label": "b", "parents": "a"}', "'parents' is not a list of strings"),
        ('{"label": "b", "alt": [null]}', "'alt' is not a list of strings"),
        ('{"label": "a"}', "label 'a' occurs twice, first on line 1"),
        ('{"label"', "is not valid JSON"),
        ('["b"]', "is a list, not an object"),
    ],
)
def test_bad_lines_are_named(line, message, tmp_path):
    path = put(tmp_path / "labels.jsonl", f'{{"label": "a"}}\n{line}\n')
    with pytest.raises(InputError, match=message) as caught:
        read_labels(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert caught.value.remedy


def test_missing_empty_directory_unknown(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_labels(tmp_path / "nowhere.jsonl")
    with pytest.raises(InputError, match="is empty"):
        read_labels(put(tmp_path / "empty.jsonl", ""))
    with pytest.raises(InputError, match="holds no labels"):
        read_labels(put(tmp_path / "blank.jsonl", " \n \n"))
    with pytest.raises(InputError, match="is a directory, expected a label file"):
        read_labels(tmp_path)
    with pytest.raises(InputError, match=r"not recognised .*label_jsonl, skos, numbered_labels"):
        read_labels(put(tmp_path / "words.txt", "a\nb\n"))
    with pytest.raises(ConfigError, match="unknown key"):
        read_labels(put(tmp_path / "l.jsonl", '{"label": "a"}\n'), language="en")


@pytest.mark.parametrize("name", ["Y.txt", "Yf.txt", "output-items.txt"])
def test_lines_by_number(name, tmp_path):
    space = read_labels(put(tmp_path / name, "one\ntwo words\r\n"))
    assert (list(space), list(space.texts), space.closed) == (["one", "two words"], ["one", "two words"], True)
    assert list(read_labels(put(tmp_path / name, "same\nsame\n\n"))) == ["0", "1", "2"]


def test_numbered_json(tmp_path):
    path = tmp_path / "lbl.json"
    space = read_labels(put(path, '{"uid": "B1", "title": "t"}\n{"uid": 7, "title": ""}\n'))
    assert (list(space), list(space.texts)) == (["B1", "7"], ["t", None])
    assert list(read_labels(put(path, '{"uid": "x", "title": "t"}\n{"uid": "x", "title": "u"}\n'))) == ["0", "1"]
    with pytest.raises(InputError, match=r"lbl\.json:1: uid and title must be strings"):
        read_labels(put(path, json.dumps({"uid": [], "title": "t"}) + "\n"))


TURTLE = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix ex: <http://ex.org/voc/> .
ex:v a skos:ConceptScheme .
ex:c10 a skos:Concept ; skos:prefLabel "animal"@en, "Tier"@de ; skos:altLabel "beast"@en ; skos:notation "10" ;
  skos:narrower ex:c12 .
ex:c11 a skos:Concept ; skos:prefLabel "dog"@en, "Hund"@de ; skos:broader ex:c10, ex:outside ; skos:notation "11" ;
  skos:altLabel "hound"@en, "doggy"@en, "Köter"@de .
ex:c12 a skos:Concept ; skos:prefLabel "Katze"@de, "chat"@fr ; skos:notation "12" .
"""
XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:skos="http://www.w3.org/2004/02/skos/core#">
<skos:Concept rdf:about="http://ex.org/voc#c1"><skos:prefLabel>plain</skos:prefLabel>
<skos:prefLabel xml:lang="en">English</skos:prefLabel></skos:Concept>
</rdf:RDF>
"""


def test_skos_turtle(tmp_path):
    pytest.importorskip("rdflib")
    space = read_labels(put(tmp_path / "v.ttl", TURTLE))
    assert space.closed
    assert list(space) == ["c10", "c11", "c12"]
    assert list(space.texts) == ["animal", "dog", "Katze"]
    assert list(space.alternatives) == [("beast",), ("doggy", "hound"), ()]
    assert list(space.parents) == [(), ("c10",), ("c10",)]


def test_skos_names_and_languages(tmp_path):
    pytest.importorskip("rdflib")
    path = put(tmp_path / "v.ttl", TURTLE)
    assert list(read_labels(path, names="notation")) == ["10", "11", "12"]
    assert next(iter(read_labels(path, names="uri"))) == "http://ex.org/voc/c10"
    assert read_labels(path, names="uri").parents[1] == ("http://ex.org/voc/c10",)
    german = read_labels(path, language="de")
    assert (list(german.texts), german.alternatives[1]) == (["Tier", "Hund", "Katze"], ("Köter",))
    assert list(read_labels(path, language="fr").texts) == [None, None, "chat"]
    with pytest.raises(ConfigError, match="names"):
        read_labels(path, names="number")


@pytest.mark.parametrize("name", ["v.rdf", "v.xml", "v", "v.rdf.gz"])
def test_skos_rdf_xml(name, tmp_path):
    pytest.importorskip("rdflib")
    import gzip

    data = XML.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    space = read_labels(tmp_path / name)
    assert (list(space), list(space.texts)) == (["c1"], ["plain"])


def test_skos_trouble(tmp_path):
    pytest.importorskip("rdflib")
    with pytest.raises(InputError, match=r"a\.ttl:4: is not valid Turtle: expected '\.'"):
        read_labels(put(tmp_path / "a.ttl", TURTLE.replace("ex:c10 a skos:Concept ;", "ex:c10 a skos:Concept")))
    with pytest.raises(InputError, match=r"b\.rdf:5: is not valid RDF/XML: mismatched tag"):
        read_labels(put(tmp_path / "b.rdf", XML.replace("</skos:Concept>", "")))
    with pytest.raises(InputError, match="is not valid N-Triples"):
        read_labels(put(tmp_path / "c.nt", "words\n"))
    with pytest.raises(InputError, match=r"holds no skos:Concept"):
        read_labels(put(tmp_path / "d.ttl", "@prefix ex: <http://ex.org/> .\nex:a ex:b ex:c .\n"))
    both = "<http://ex.org/{}/x> a <http://www.w3.org/2004/02/skos/core#Concept> .\n"
    with pytest.raises(InputError, match=r"http://ex\.org/a/x and http://ex\.org/b/x would both be called 'x'"):
        read_labels(put(tmp_path / "e.ttl", both.format("a") + both.format("b")))
    with pytest.raises(InputError, match=r"http://ex.org/voc/c12 has no skos:notation"):
        read_labels(put(tmp_path / "f.ttl", TURTLE.replace('skos:notation "12"', "skos:note 1")), names="notation")
    (tmp_path / "g.ttl.gz").write_bytes(__import__("gzip").compress(TURTLE.encode() * 50)[:-30])
    with pytest.raises(InputError, match=r"g\.ttl\.gz: the compressed data is damaged"):
        read_labels(tmp_path / "g.ttl.gz")


def test_without_rdflib(tmp_path, monkeypatch):
    import sys

    from manylabel.core.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "rdflib", None)
    with pytest.raises(MissingExtraError, match=r"manylabel\[skos\]"):
        read_labels(put(tmp_path / "v.ttl", TURTLE))
