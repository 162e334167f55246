"""``manylabel config import-libmultilabel``."""

from manylabel.runs.config import read_config

THEIRS = """\
training_file: data/train.txt
test_file: data/test.txt
model_name: KimCNN
silent: true
shuffle: false
network_config: {filter_sizes: [2, 4]}
embed_file: vectors.txt
"""


def test_yaml_goes_out_and_the_rest_to_standard_error(cli, tmp_path):
    file, ours = tmp_path / "theirs.yml", tmp_path / "ours.yaml"
    file.write_text(THEIRS)
    done = cli("config", "import-libmultilabel", file)
    assert done.code == 0
    assert done.err.splitlines() == [
        f"note: {file}:4: silent: --quiet of every command",
        f"warning: {file}:5: shuffle: has no counterpart: documents come in another order in every epoch",
    ]
    ours.write_text(done.out)
    assert cli("config", "check", ours).code == 0
    written = tmp_path / "new" / "written.yaml"
    done = cli("config", "import-libmultilabel", file, "--output", written, "--data-root", "/theirs")
    assert (done.code, done.out) == (0, "")
    assert read_config(written).data.train == "/theirs/data/train.txt"
    assert written.read_text().replace("/theirs/", "") == ours.read_text()


def test_errors_are_one_line(cli, tmp_path):
    file = tmp_path / "theirs.yml"
    file.write_text(THEIRS.replace("KimCNN", "KimCNM"))
    done = cli("config", "import-libmultilabel", file)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"error: {file}:3: model_name: unknown network 'KimCNM', did you mean 'KimCNN'? (known are ")
    assert cli("config", "import-libmultilabel", tmp_path / "none.yml").errors == [
        f"error: {tmp_path / 'none.yml'}: no such configuration file"
    ]
