"""Servers of a test's own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from duecourse.config.postgres import Cluster


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may pass through, as /home or /srv are; pytest's own temporary folders are closed."""
    folder = Path(tempfile.mkdtemp(prefix="duecourse-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def own_server(open_folder) -> Iterator[Cluster]:
    """A server without any of our roles."""
    cluster = Cluster(open_folder / "own", is_durable=False, shared_buffers_mb=64)
    cluster.ensure()
    yield cluster
    cluster.remove()
