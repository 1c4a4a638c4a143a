"""Copies what the pages need from `assets/node_modules` to the folder from which Django serves it.

Run by `make install` after `npm ci`. Pointers to source maps are cut and the icon font keeps its woff2 form only, so that every
address inside the copied files leads to a file that is there too. NOTICE.txt carries the licences.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

ASSETS = Path(__file__).resolve().parent
MODULES = ASSETS / "node_modules"
VENDOR = ASSETS.parent / "src/duecourse/doors/static/vendor"
COPIED = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "@tabler/icons-webfont/dist/tabler-icons.min.css": "tabler-icons.min.css",
    "@tabler/icons-webfont/dist/fonts/tabler-icons.woff2": "fonts/tabler-icons.woff2",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
}
SOURCE_MAP = re.compile(r"\n?(?://|/\*)[#@] ?sourceMappingURL=\S+(?: ?\*/)?\s*$")
OTHER_FONTS = re.compile(r'(src:url\("\./fonts/tabler-icons\.woff2)[^"]*("\) format\("woff2"\))(?:,url\([^)]*\) format\("[a-z]+"\))*')


def main() -> None:
    """Fill the vendor folder anew; NOTICE.txt is written last, so its presence means that the folder is whole."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in COPIED.items():
        destination = VENDOR / target
        destination.parent.mkdir(parents=True, exist_ok=True)
        if source.endswith((".css", ".js")):
            text = SOURCE_MAP.sub("\n", (MODULES / source).read_text(encoding="utf-8"))
            destination.write_text(OTHER_FONTS.sub(r"\1\2", text), encoding="utf-8")
        else:
            shutil.copyfile(MODULES / source, destination)
    (VENDOR / "NOTICE.txt").write_text("\n".join(notices()), encoding="utf-8")
    sys.stdout.write(f"{len(COPIED)} browser files in {VENDOR.relative_to(ASSETS.parent)}\n")


def notices() -> list[str]:
    """Return, for each package, its name, version, licence and the text of the licence where the package brings one."""
    lines = []
    locked = json.loads((ASSETS / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for package in locked[""]["dependencies"]:
        described = locked[f"node_modules/{package}"]
        lines.append(f"{package} {described['version']}, {described.get('license', 'licence below')}\n")
        lines += [text.read_text(encoding="utf-8") for text in sorted((MODULES / package).glob("LICENSE*"))]
    return lines


def strip_lock() -> None:
    """Take the addresses of funding pages out of package-lock.json, so that the lock names no address at all."""
    path = ASSETS / "package-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package.pop("funding", None)
    path.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    strip_lock() if "--strip-lock" in sys.argv else main()
