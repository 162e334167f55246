"""The table of what can be compared: a name, the runner, its variant, the environment it runs in."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = HERE / ".environments"
_LINEAR = (
    "src/manylabel/linear", "src/manylabel/trees", "src/manylabel/models/linear_ovr.py",
    "src/manylabel/models/linear_tree.py",
)  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """One model of one library.

    Attributes:
        name: as given on the command line and printed in tables.
        runner: file in ``peers/``.
        variant: the runner's ``--variant``.
        environment: name of its environment and of its pins in ``peers/NAME.txt``; None for this Python.
        repeats: how often at most: slow arms are not repeated.
        texts: it starts from texts and the label file, not from the matrices.
        sources: what of our own code an arm of ours is made of, beside its runner; by default that of linear models.
    """

    name: str
    runner: str
    variant: str
    environment: str | None
    repeats: int = 99
    texts: bool = False
    sources: tuple[str, ...] = _LINEAR

    @property
    def ours(self) -> bool:
        """The arm is manylabel, not a peer."""
        return self.environment is None

    @property
    def made_of(self) -> tuple[str, ...]:
        """What of our own code an arm is made of."""
        return (*self.sources, f"benchmarks/peers/{self.runner}")

    @property
    def python(self) -> Path:
        """The interpreter that runs it."""
        if self.environment is None:
            return Path(sys.executable)
        return ENVIRONMENTS / self.environment / "bin" / "python"

    @property
    def script(self) -> Path:
        """The runner's path."""
        return HERE / "peers" / self.runner

    @property
    def pins(self) -> str:
        """The pinned requirements of its environment, empty for our own."""
        if self.environment is None:
            return ""
        return (HERE / "peers" / f"{self.environment}.txt").read_text(encoding="utf-8")


ARMS = {
    arm.name: arm
    for arm in (
        Arm("manylabel-tree", "run_manylabel.py", "tree", None),
        Arm("manylabel-tree-kmeans", "run_manylabel.py", "tree-kmeans", None),
        Arm("manylabel-trees3", "run_manylabel.py", "trees3", None),
        Arm("manylabel-trees3-kmeans", "run_manylabel.py", "trees3-kmeans", None),
        Arm("manylabel-ovr", "run_manylabel.py", "ovr", None),
        Arm("manylabel-fused", "run_manylabel_texts.py", "fused", None, texts=True),
        Arm("manylabel-fused-ovr", "run_manylabel_texts.py", "fused-ovr", None, texts=True),
        Arm("manylabel-auto", "run_manylabel_texts.py", "auto", None, texts=True),
        Arm("pecos", "run_pecos.py", "default", "pecos"),
        Arm("pecos-beam10", "run_pecos.py", "beam10", "pecos"),
        Arm("omikuji", "run_omikuji.py", "parabel_default", "omikuji"),
        Arm("omikuji-bonsai", "run_omikuji.py", "bonsai", "omikuji"),
        Arm("napkinxc", "run_napkinxc.py", "plt_default", "napkinxc", repeats=1),
        Arm("libmultilabel-tree", "run_libmultilabel.py", "tree", "libmultilabel", repeats=1),
        Arm("libmultilabel-1vsrest", "run_libmultilabel.py", "1vsrest", "libmultilabel", repeats=1),
        Arm("scikit-learn-ovr", "run_sklearn.py", "ovr_linearsvc", "scikit-learn", repeats=1),
    )
}
