"""Whether kernels will have to be compiled before any work can begin."""

from __future__ import annotations

import os
from pathlib import Path

import manylabel

_PACKAGE = Path(manylabel.__file__).parent


def first_use() -> bool:
    """No kernel has been compiled in this installation yet.

    The compiler keeps its results in ``__pycache__`` beside the sources. Where these may not be written, or the
    environment names another place, it keeps them elsewhere; that is not looked for, and the answer is no.
    """
    if os.environ.get("NUMBA_CACHE_DIR") or not os.access(_PACKAGE, os.W_OK):
        return False
    return next(_PACKAGE.glob("*/__pycache__/*.nbi"), None) is None
