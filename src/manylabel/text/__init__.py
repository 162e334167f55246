"""Turns strings into features: TF-IDF over words and characters (subword tokenising and its cache come later).

The names below are imported when first used, so that reading a configuration needs neither numba nor scipy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from manylabel.text.tfidf import Tfidf
    from manylabel.text.tfidf_config import TfidfConfig

__all__ = ["Tfidf", "TfidfConfig"]


def __getattr__(name: str) -> Any:
    if name == "Tfidf":
        from manylabel.text.tfidf import Tfidf

        return Tfidf
    if name == "TfidfConfig":
        from manylabel.text.tfidf_config import TfidfConfig

        return TfidfConfig
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
