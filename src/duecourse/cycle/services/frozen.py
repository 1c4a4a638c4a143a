"""A step's inputs, frozen: typed frames and parameters in one file, from which a closed month can be computed again.

The frames hold internal ids, amounts and dates, nothing personal. The file is a zip of Parquet files and one JSON text.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duecourse.engine.frames import digest
from duecourse.kit.ids import content_hash

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Frames:
    """Named frames with the columns that identify a row in each, and plain parameters.

    Attributes:
        frames: name → frame.
        keys: name → the columns whose values make a row unique.
        parameters: JSON-able values without floats.
    """

    frames: dict[str, pa.Table] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    def hash(self) -> str:
        """Return the SHA-256 over all frames and parameters; row order does not matter."""
        digests = {name: digest(frame, keys=self.keys[name]) for name, frame in self.frames.items()}
        return content_hash({"frames": digests, "parameters": self.parameters})


def freeze(inputs: Frames) -> bytes:
    """Return the inputs as one file; the same inputs give the same bytes, in whatever order a query returned their rows."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as package:
        head = {"keys": inputs.keys, "parameters": inputs.parameters}
        _add(package, "inputs.json", json.dumps(head, sort_keys=True, ensure_ascii=False).encode())
        for name in sorted(inputs.frames):
            sink = io.BytesIO()
            ordered = inputs.frames[name].sort_by([(key, "ascending") for key in inputs.keys[name]])
            pq.write_table(ordered, sink, compression="zstd")
            _add(package, f"{name}.parquet", sink.getvalue())
    return buffer.getvalue()


def thaw(content: bytes) -> Frames:
    """Return the inputs that `freeze` wrote."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        head = json.loads(package.read("inputs.json"))
        frames = {
            entry.removesuffix(".parquet"): pq.read_table(io.BytesIO(package.read(entry)))
            for entry in package.namelist()
            if entry.endswith(".parquet")
        }
    return Frames(frames=frames, keys=head["keys"], parameters=head["parameters"])


def _add(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    package.writestr(zipfile.ZipInfo(name, date_time=_EPOCH), content)
