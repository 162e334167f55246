"""Linear models beside their peers, on the same matrices, in turn.

    python benchmarks/linear.py --data-root DIR --data wordnet3 eurlex57k --arms manylabel-tree pecos omikuji

Runs A B C A B C ..., each in a process of its own, and writes ``benchmarks/results/linear_NAME.{md,json}``.
"""

from __future__ import annotations

import argparse
import sys

from arms import ARMS
from features import make_features, read_facts
from tables import markdown, write_results
from turns import add_options, parsed, run_in_turn, session_facts


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, ["manylabel-tree", "pecos"])
    arguments = parsed(parser)
    for data in arguments.data:
        features = make_features(arguments.data_root, data)
        runs, failed = run_in_turn([ARMS[name] for name in arguments.arms], features, arguments)
        if not runs:
            sys.exit(f"{data}: no arm ran: {failed}")
        facts = {**session_facts(), "features": read_facts(features)}
        path = write_results(arguments.results, f"linear_{data}", runs, failed, facts)
        print(markdown(runs, failed, facts))
        print(f"written: {path} and .json\n")


if __name__ == "__main__":
    main()
