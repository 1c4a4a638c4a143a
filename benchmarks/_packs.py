"""Packs of a few rules, so that both sides of a comparison do the same work."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from duecourse.rules.form import Pack
from duecourse.rules.load import SHIPPED, load_pack


def chinese_rules(*names: str) -> Pack:
    """Return the Chinese pack with these rules alone."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pack.yaml", "facts.yaml"):
            shutil.copy(SHIPPED / "cn" / name, folder)
        for name in names:
            shutil.copytree(SHIPPED / "cn" / name, Path(folder) / name)
        return load_pack(Path(folder))
