"""Files as records: specs, mappings, readers that collect every problem, writers that leave nothing half-written."""

from duecourse.kit.records.cells import Limits
from duecourse.kit.records.mapping import Mapping, find_mapping
from duecourse.kit.records.reading import Chunk, check_file, read
from duecourse.kit.records.refusals import (
    BinaryFile,
    EmptyFile,
    FileAbsent,
    FileRefused,
    MacroWorkbook,
    MappingInvalid,
    MissingColumns,
    PasswordProtected,
    RepeatedColumns,
    SpecInvalid,
    TooLarge,
    UnknownMapping,
    WriteFailed,
)
from duecourse.kit.records.safety import neutralise, restore, written_whole
from duecourse.kit.records.spec import Field, RecordSpec
from duecourse.kit.records.transforms import Transform
from duecourse.kit.records.writing import CurrencyNeeded, RejectsWriter, write_csv, write_parquet, write_xlsx

__all__ = [
    "BinaryFile",
    "Chunk",
    "CurrencyNeeded",
    "EmptyFile",
    "Field",
    "FileAbsent",
    "FileRefused",
    "Limits",
    "MacroWorkbook",
    "Mapping",
    "MappingInvalid",
    "MissingColumns",
    "PasswordProtected",
    "RecordSpec",
    "RejectsWriter",
    "RepeatedColumns",
    "SpecInvalid",
    "TooLarge",
    "Transform",
    "UnknownMapping",
    "WriteFailed",
    "check_file",
    "find_mapping",
    "neutralise",
    "read",
    "restore",
    "write_csv",
    "write_parquet",
    "write_xlsx",
    "written_whole",
]
