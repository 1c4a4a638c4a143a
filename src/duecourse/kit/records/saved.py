"""Mappings in folders: those that are shipped, and those that operators saved, one file for each dated version."""

from __future__ import annotations

import re
from pathlib import Path

from duecourse.kit.records.mapping import Mapping
from duecourse.kit.records.refusals import MappingExists, MappingInvalid, UnknownMapping
from duecourse.kit.records.safety import written_whole
from duecourse.kit.records.spec import RecordSpec

NAME = re.compile(r"[a-z0-9_-]{1,64}")
_SAVED = re.compile(r"(?P<name>[a-z0-9_-]{1,64})\.(?P<version>[0-9]{1,12})")


def find_mapping(name: str, *, folder: Path, spec: RecordSpec, saved: Path | None = None) -> Mapping:
    """Return a mapping by its name, or by the path of a file that ends in .yaml.

    Args:
        name: of a file of `folder` without `.yaml`; else of a saved mapping, whose latest version is meant, or `name.version` of one.
        folder: the shipped ones.
        spec: what it must fit.
        saved: the folder of saved ones; only names of small letters, digits, `_` and `-` are looked for in it.

    Raises:
        UnknownMapping: there is none; those that exist are listed.
        MappingInvalid: it does not fit.
    """
    path: Path | None
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
    else:
        path = folder / f"{name}.yaml" if Path(name).name == name else None
        if path is None or not _is_file(path):
            path = _saved_path(name, saved) if saved else None
    if path is None or not _is_file(path):
        raise UnknownMapping(mapping=name[:64], known=", ".join([*shipped_names(folder), *saved_names(saved)]) or "none")
    return Mapping.from_yaml(path, spec=spec)


def save_mapping(mapping: Mapping, *, folder: Path, shipped: Path, spec: RecordSpec) -> Path:
    """Write a mapping as `<name>.<version>.yaml` and return the path.

    Raises:
        MappingInvalid: it does not fit, or has a name or version that `find_mapping` would not find.
        MappingExists: a shipped mapping has the name, or the version is there with other content.
        WriteFailed: the folder cannot be written.

    Guarantees: idempotent; a saved version never changes.
    """
    mapping.check(spec)
    if not _SAVED.fullmatch(f"{mapping.name}.{mapping.version}"):
        raise MappingInvalid(mapping=mapping.name[:64], reasons="a name has small letters, digits, _ and - only, a version digits only")
    path = folder / f"{mapping.name}.{mapping.version}.yaml"
    content = mapping.to_yaml()
    if mapping.name in shipped_names(shipped) or (_is_file(path) and path.read_text(encoding="utf-8") != content):
        raise MappingExists(mapping=mapping.name, version=mapping.version)
    if not _is_file(path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with written_whole(path) as sink:
            sink.write(content.encode())
    return path


def next_version(name: str, *, folder: Path, day: str) -> int:
    """Return the version a mapping saved on a day (YYYYMMDD) gets: the day and a running number of two digits."""
    first = int(day) * 100 + 1
    return max([first, *(version + 1 for version in _versions(name, folder) if version >= first)])


def shipped_names(folder: Path) -> list[str]:
    """Return the names of the mappings of a folder."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def saved_names(folder: Path | None) -> list[str]:
    """Return the names of saved mappings, each once."""
    found = (_SAVED.fullmatch(path.stem) for path in folder.glob("*.yaml")) if folder else ()
    return sorted({match["name"] for match in found if match})


def saved_versions(folder: Path) -> dict[str, list[int]]:
    """Return the names of saved mappings with their versions, the latest first."""
    return {name: sorted(_versions(name, folder), reverse=True) for name in saved_names(folder)}


def _saved_path(name: str, folder: Path) -> Path | None:
    if NAME.fullmatch(name):
        versions = _versions(name, folder)
        return folder / f"{name}.{max(versions)}.yaml" if versions else None
    return folder / f"{name}.yaml" if _SAVED.fullmatch(name) else None


def _versions(name: str, folder: Path) -> list[int]:
    found = (_SAVED.fullmatch(path.stem) for path in folder.glob("*.yaml"))
    return [int(match["version"]) for match in found if match and match["name"] == name]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
