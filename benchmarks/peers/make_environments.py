"""Make one virtual environment for each peer in ``benchmarks/.environments/NAME`` from ``peers/NAME.txt``.

    python benchmarks/peers/make_environments.py [NAME ...]

The first line of a file is installed first: PECOS and LibMultiLabel ask for torch without a version, and a pinned one
that is there already keeps them from fetching the newest with all of its GPU libraries.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import venv
from pathlib import Path

PINS = Path(__file__).resolve().parent
ENVIRONMENTS = PINS.parent / ".environments"


def make(name: str) -> None:
    """Make the environment of one peer, unless it is there with the same pins."""
    pins = PINS / f"{name}.txt"
    folder = ENVIRONMENTS / name
    made_from = folder / "made_from.txt"
    if made_from.exists() and made_from.read_bytes() == pins.read_bytes():
        sys.stdout.write(f"{name}: there already\n")
        return
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, pins.read_text(encoding="utf-8").splitlines()[0]], check=True)
    subprocess.run([*install, "-r", str(pins)], check=True)
    shutil.copyfile(pins, made_from)
    sys.stdout.write(f"{name}: made\n")


def main() -> None:
    """Command line: make all environments, or those that are named."""
    known = sorted(path.stem for path in PINS.glob("*.txt"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; all by default")
    names = parser.parse_args().names or known
    for name in names:
        if name not in known:
            parser.error(f"no pins for {name}: known are {', '.join(known)}")
        make(name)


if __name__ == "__main__":
    main()
