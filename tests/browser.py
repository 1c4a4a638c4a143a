"""The browser of the journeys: the system's Chromium, else Playwright's own, else a loud skip.

With REQUIRE_BROWSER=1, as `.ci/run` sets it, the lack of a browser is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless Chromium; skip the test, or fail it where browsers are required, when the machine has none."""
    api = pytest.importorskip("playwright.sync_api") if not REQUIRED else __import__("playwright.sync_api", fromlist=["sync_api"])
    with api.sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("chromium-browser") or playwright.chromium.executable_path
        if not Path(found).exists():
            sentence = "NO BROWSER: this journey was not made. Install chromium (on Debian: apt-get install chromium)."
            (pytest.fail if REQUIRED else pytest.skip)(sentence)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
