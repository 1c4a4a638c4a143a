"""Files and documents made to hang, swell or mislead: each is refused at once and by name.

1. What is no ordinary file, or larger than the limit, is refused before a byte is read.
2. A document cannot be larger in memory than on the disk, nor nested without end.
3. A mapping with keys of another form is refused with the key's name, never a crash.
4. A first line that looks like a row of values is not repeated in a message.
"""

from __future__ import annotations

import os
import zipfile
from itertools import pairwise
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from duecourse.kit.documents import NoDocument, document_text, json_document, yaml_document
from duecourse.kit.records import (
    Field,
    FileAbsent,
    Mapping,
    MappingInvalid,
    MissingColumns,
    RecordSpec,
    TooLarge,
    UnknownMapping,
    check_file,
    find_mapping,
    read,
)

SPEC = RecordSpec("people", (Field(name="number", required=True), Field(name="person_name", privacy="personal")))
NATIVE = Mapping.native(SPEC)
WHOLE = {"record": "people", "columns": {"number": "number", "person_name": "person_name"}}


@pytest.fixture
def pipe(tmp_path) -> Path:
    """A pipe that nobody writes to."""
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    "path", [Path("/dev/zero"), Path("/"), Path("no\0name"), Path("x" * 5000)], ids=["device", "folder", "nul", "long"]
)
def test_no_ordinary_file_is_refused(path):
    """Devices, folders and impossible names are refused by kind, not read (1)."""
    with pytest.raises(FileAbsent):
        check_file(path)
    with pytest.raises(FileAbsent):
        read(path, spec=SPEC, mapping=NATIVE)


def test_pipe_is_refused(pipe):
    """A pipe does not hang the reading, whether a table, a mapping or a document is expected (1)."""
    with pytest.raises(FileAbsent, match="no ordinary file"):
        read(pipe, spec=SPEC, mapping=NATIVE)
    with pytest.raises(NoDocument):
        document_text(pipe)


def test_large_file_is_refused_by_its_size(tmp_path):
    """Ten empty gigabytes are refused without reading them (1)."""
    path = tmp_path / "large.csv"
    path.touch()
    os.truncate(path, 10 << 30)
    with pytest.raises(TooLarge, match="its size in bytes is 10,737,418,240"):
        check_file(path)
    with pytest.raises(NoDocument):
        document_text(path)


def test_yaml_stands_for_no_more_than_it_says(tmp_path):
    """A document that multiplies itself by aliases, holds itself, is nested without end, or names Python objects is refused (2)."""
    path = tmp_path / "bomb.yaml"
    path.write_text("usual: &usual {rate: 1}\nfees: [*usual, *usual]\n")
    assert yaml_document(path)["fees"] == [{"rate": 1}, {"rate": 1}]
    laughs = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 8)}]\n" for a, b in pairwise("abcdefgh"))
    for text in (laughs, "a: &a [*a]\n", "a: &a {b: [*a]}\n", "[" * 20_000, "a: !!python/object/apply:os.getcwd []", "a: 2026-02-31"):
        path.write_text(text)
        with pytest.raises(yaml.YAMLError):
            yaml_document(path)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"rows": ' + "9" * 5000 + "}", "{", "\ufffe"])
def test_json_is_bounded(tmp_path, text):
    """Nesting and numbers without bounds are refused as no JSON (2)."""
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ValueError):
        json_document(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("delimiter", 5),
        ("header_rows", "x"),
        ("year_pivot", "x"),
        ("version", {"a": [1]}),
        ("encodings", ["rot13"]),
        ("encodings", ["idna"]),
        ("encodings", ["undefined"]),
        ("decimal", "9"),
        ("thousands", "-"),
        ("zone", "../../etc/passwd"),
        ("zone", ["UTC"]),
        ("nulls", 5),
    ],
)
def test_mapping_of_another_form_is_refused(tmp_path, key, value):
    """A key of another type or meaning makes the mapping invalid (3)."""
    path = tmp_path / "m.yaml"
    path.write_text(yaml.safe_dump(WHOLE))
    assert find_mapping(str(path), folder=tmp_path, spec=SPEC).name == "m"
    path.write_text(yaml.safe_dump(WHOLE | {key: value}))
    with pytest.raises(MappingInvalid):
        find_mapping(str(path), folder=tmp_path, spec=SPEC)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "x" * 3000, "a\0b", "native\n", "../m"])
def test_mapping_name_leads_nowhere_else(tmp_path, name):
    """A name is looked for in the mappings' own folder only, and an impossible one is simply unknown (3)."""
    with pytest.raises(UnknownMapping):
        find_mapping(name, folder=tmp_path, spec=SPEC)


def test_file_without_header_is_not_repeated(tmp_path):
    """When the first line is a row of values, the message names what is missing and shows none of them (4)."""
    path = tmp_path / "bare.csv"
    path.write_text("陈一,330781199003070017,13800000001\n", encoding="utf-8")
    with pytest.raises(MissingColumns) as refused:
        read(path, spec=SPEC, mapping=NATIVE)
    assert "陈一" not in str(refused.value)
    assert "33078" not in str(refused.value)
    path.write_text("name,telephone\n陈一,13800000001\n", encoding="utf-8")
    with pytest.raises(MissingColumns, match="name, telephone"):
        read(path, spec=SPEC, mapping=NATIVE)


def test_workbook_with_an_endless_name_is_refused(tmp_path):
    """A column name of megabytes, as a packed bomb holds it, is refused by its length (1)."""
    book = openpyxl.Workbook()
    book.active.append(["number"])
    plain, large = tmp_path / "plain.xlsx", tmp_path / "large.xlsx"
    book.save(plain)
    sheet = "xl/worksheets/sheet1.xml"
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cell = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{"A" * (4 << 20)}</t></is></c></row>'
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(
                name, f'<worksheet xmlns="{space}"><sheetData>{cell}</sheetData></worksheet>' if name == sheet else source.read(name)
            )
    with pytest.raises(TooLarge, match="length of a column's name"):
        read(large, spec=SPEC, mapping=NATIVE)


def test_a_long_text_repeated_by_a_dictionary_is_refused_unmade(tmp_path: Path) -> None:
    """A Parquet file of a few thousand bytes whose one batch of texts would take a gigabyte is refused before they are made."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array(["9" * 60_000]))
    path = tmp_path / "swollen.parquet"
    pq.write_table(pa.table({"number": texts, "person_name": texts}), path)
    assert path.stat().st_size < 100_000
    before = pa.total_allocated_bytes()
    with pytest.raises(TooLarge, match="unpacks to in bytes is 2,400,000,000"):
        list(read(path, spec=SPEC, mapping=NATIVE))
    assert pa.total_allocated_bytes() - before < 10_000_000
