"""Files as records: specs, mappings, readers that collect every problem, writers that leave nothing half-written."""

from duecourse.kit.records.cells import Limits
from duecourse.kit.records.guess import ColumnGuess, MappingGuess, guess_mapping
from duecourse.kit.records.mapping import Mapping
from duecourse.kit.records.reading import Chunk, check_file, read
from duecourse.kit.records.refusals import (
    BinaryFile,
    EmptyFile,
    FileAbsent,
    FileRefused,
    MacroWorkbook,
    MappingExists,
    MappingInvalid,
    MissingColumns,
    PasswordProtected,
    RepeatedColumns,
    SpecInvalid,
    TooLarge,
    TotalsRowDisagrees,
    UnknownMapping,
    WriteFailed,
)
from duecourse.kit.records.safety import neutralise, restore, written_whole
from duecourse.kit.records.saved import find_mapping, save_mapping
from duecourse.kit.records.spec import Field, RecordSpec
from duecourse.kit.records.transforms import Transform
from duecourse.kit.records.writing import CurrencyNeeded, RejectsWriter, write_csv, write_parquet, write_xlsx

__all__ = [
    "BinaryFile",
    "Chunk",
    "ColumnGuess",
    "CurrencyNeeded",
    "EmptyFile",
    "Field",
    "FileAbsent",
    "FileRefused",
    "Limits",
    "MacroWorkbook",
    "Mapping",
    "MappingExists",
    "MappingGuess",
    "MappingInvalid",
    "MissingColumns",
    "PasswordProtected",
    "RecordSpec",
    "RejectsWriter",
    "RepeatedColumns",
    "SpecInvalid",
    "TooLarge",
    "TotalsRowDisagrees",
    "Transform",
    "UnknownMapping",
    "WriteFailed",
    "check_file",
    "find_mapping",
    "guess_mapping",
    "neutralise",
    "read",
    "restore",
    "save_mapping",
    "write_csv",
    "write_parquet",
    "write_xlsx",
    "written_whole",
]
