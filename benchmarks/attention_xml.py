"""AttentionXML beside LibMultiLabel's, beside the flat network, a linear tree and the fused model, in turn.

    python benchmarks/attention_xml.py --data-root DIR --data wordnet3 --vectors FILE
    python benchmarks/attention_xml.py --data-root DIR --documents 8000 --arms manylabel-attention-xml manylabel-bilstm

Writes ``benchmarks/results/attention_xml_NAME.{md,json}``. What both libraries are told:
``peers/attention_xml_settings.py``. An arm that has run with the same settings is not run again.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from arms import HERE, Arm
from attention_xml_data import Wanted, make_data
from attention_xml_page import page
from features import add_data_root, read_facts
from measure import Run
from peers.attention_xml_variants import FLAT, FUSED, FUSED_TREE, LINEAR, TREE
from quality import judge_arms
from turns import run_in_turn, session_facts

NEURAL = tuple(f"src/manylabel/{room}" for room in ("models/attention_xml", "models/network", "nn", "train", "trees"))
EVERYTHING = ("src/manylabel",)


def _theirs(variant: str) -> Arm:
    return Arm(f"libmultilabel-{variant}", "run_libmultilabel_attention_xml.py", variant, "libmultilabel-nn")


def _ours(variant: str, *sources: str) -> Arm:
    more = {"sources": sources} if sources else {}
    return Arm(f"manylabel-{variant}", "run_manylabel_attention_xml.py", variant, None, **more)


ARMS = {
    arm.name: arm
    for arm in (
        _ours(TREE, *NEURAL),
        _theirs(TREE),
        _ours(FLAT, *NEURAL),
        _theirs(FLAT),
        _ours(LINEAR),
        _ours(FUSED, *EVERYTHING),
        _ours(FUSED_TREE, *EVERYTHING),
    )
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", default="wordnet3", metavar="NAME", help="folder in the data root")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS), metavar="ARM", help=", ".join(ARMS))
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--documents", type=int, default=0, help="training documents; 0 for all")
    parser.add_argument("--validation", type=int, default=1000, help="of these, held out to choose the best epoch")
    parser.add_argument("--test-documents", type=int, default=0, help="0 for all")
    parser.add_argument("--epochs", type=int, default=5, help="of each level")
    parser.add_argument("--width", type=int, default=256, help="of a state, both directions, and of the hidden layer")
    parser.add_argument("--length", type=int, default=40, help="tokens of a document that are read")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--cluster-size", type=int, default=8)
    parser.add_argument("--beam-width", type=int, default=64)
    parser.add_argument("--vectors", type=Path, metavar="FILE", help="word vectors as text; random ones by default")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--anew", nargs="+", choices=ARMS, default=[], metavar="ARM", help="do not take earlier runs")
    parser.add_argument(
        "--changed", nargs="+", choices=ARMS, default=[], metavar="ARM",
        help="take earlier runs of these arms though sources of theirs have changed since",
    )  # fmt: skip
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    arguments.reuse, arguments.repeats_of = [name for name in arguments.arms if name not in arguments.anew], {}
    wanted = Wanted(
        arguments.documents, arguments.validation, arguments.test_documents, arguments.epochs, arguments.width,
        arguments.length, arguments.batch, arguments.cluster_size, arguments.beam_width,
    )  # fmt: skip
    folder = make_data(arguments.data_root, arguments.data, wanted, arguments.vectors)
    runs, failed = run_in_turn([ARMS[name] for name in arguments.arms], folder, arguments)
    if not runs:
        sys.exit(f"no arm ran: {failed}")
    _report(arguments, folder, runs, failed)


def _report(arguments: argparse.Namespace, folder: Path, runs: list[Run], failed: dict[str, str]) -> None:
    judged = judge_arms(runs, folder)
    facts = {
        **session_facts(),
        "data": read_facts(folder),
        "threads": arguments.threads,
        "quality": {arm: judgement.to_dict() for arm, judgement in judged.items()},
        "not_run": failed,
        "runs": [{"arm": run.arm.name, "repeat": run.repeat, "reused": run.reused, **run.result} for run in runs],
    }
    arguments.results.mkdir(parents=True, exist_ok=True)
    name, text = f"attention_xml_{arguments.data}", page(runs, judged, facts)
    (arguments.results / f"{name}.md").write_text(text, encoding="utf-8")
    (arguments.results / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
