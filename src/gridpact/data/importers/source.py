"""Files as bytes: size limits, archives, encodings, and what they begin with."""

import codecs
import csv
import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gridpact.data.files import TooLongError, read_bytes
from gridpact.data.importers.findings import ReadingStoppedError, Report
from gridpact.data.importers.limits import (
    HEAD_BYTES,
    MAX_FILE_BYTES,
    MAX_UNZIPPED_BYTES,
    MAX_ZIP_MEMBERS,
    MAX_ZIP_RATIO,
    PARQUET_LIMITS,
)
from gridpact.data.parquet import check_parquet
from gridpact.errors import InputError

_ZIP_BEGINS = (b"PK\x03\x04", b"PK\x05\x06")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file, or one member of an archive."""

    name: str
    """What to call it in messages."""
    content: bytes

    @property
    def head(self) -> str:
        """The beginning as text, for telling formats apart; of a Parquet file, its columns as a CSV header."""
        if self.is_parquet:
            return _parquet_header(self.content)
        encoding = "utf-16" if self.content[:2] in _UTF16 else "utf-8"
        text = self.content[:HEAD_BYTES].decode(encoding, errors="replace")
        return text.removeprefix("\ufeff")

    @property
    def is_parquet(self) -> bool:
        """Whether it begins as Parquet files do."""
        return self.content[:4] == b"PAR1"

    def text(self, report: Report, *, encoding: str | None) -> str:
        """The content as text.

        Raises:
            ReadingStoppedError: it is empty or not in UTF-8 (or in ``encoding``).
        """
        if not self.content.strip():
            report.stop("empty_file", "the file holds nothing", file=self.name)
        if encoding is None and self.content[:2] in _UTF16:
            report.stop(
                "wrong_encoding",
                "the text is UTF-16, as spreadsheets save 'Unicode text'",
                file=self.name,
                row=1,
                action="save it as CSV UTF-8, or give --encoding utf-16",
            )
        if encoding is None and self.content.startswith(codecs.BOM_UTF8):
            report.add("byte_order_mark", "the file begins with a byte order mark", file=self.name, row=1)
        try:
            text = self.content.decode(encoding or "utf-8-sig")
        except UnicodeDecodeError as problem:
            row = self.content[: problem.start].count(b"\n") + 1
            report.stop(
                "wrong_encoding",
                f"byte {problem.start + 1} is no {encoding or 'UTF-8'} text",
                file=self.name,
                row=row,
                value=repr(self.content[problem.start : problem.start + 4]),
            )
        except UnicodeError as problem:
            report.stop("wrong_encoding", f"the text is no {encoding}: {problem}", file=self.name, row=1)
        if "\x00" in text:
            row = text[: text.index("\x00")].count("\n") + 1
            report.stop("binary_content", "there is a zero byte in the text", file=self.name, row=row)
        return text


def _parquet_header(content: bytes) -> str:
    try:
        names = check_parquet(content, where="", limits=PARQUET_LIMITS).names
    except InputError:
        return ""
    row = io.StringIO()
    csv.writer(row).writerow(names)
    return row.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file of the user's and the parts that hold data."""

    name: str
    sha256: str
    size: int
    """Bytes."""
    parts: tuple[Source, ...]
    """The file itself, or the members of the archive."""


def open_source(path: Path, report: Report) -> Opened:
    """Read ``path``; a ZIP archive is unpacked in memory, within the limits of `gridpact.data.importers.limits`.

    Raises:
        MissingDataError: there is no such file.
        ReadingStoppedError: it is empty, too large, or an archive that is damaged or unsafe.
    """
    try:
        content = read_bytes(path, most_bytes=MAX_FILE_BYTES)
    except TooLongError as problem:
        report.stop("too_large", str(problem), file=path.name)
    size = len(content)
    digest = hashlib.sha256(content).hexdigest()
    if not content:
        report.stop("empty_file", "the file holds nothing", file=path.name)
    whole = Source(name=path.name, content=content)
    _refuse_other_kinds(whole, report)
    parts = unzipped(whole, report) if content.startswith(_ZIP_BEGINS) or path.suffix.lower() == ".zip" else (whole,)
    return Opened(name=path.name, sha256=digest, size=size, parts=parts)


def _refuse_other_kinds(source: Source, report: Report) -> None:
    """Stop at spreadsheets and other compressions, which look like nothing that an importer knows."""
    sheet = source.content.startswith(b"\xd0\xcf\x11\xe0") or (
        source.content.startswith(_ZIP_BEGINS) and b"[Content_Types].xml" in source.content[:HEAD_BYTES]
    )
    if sheet:
        report.stop(
            "unknown_format",
            "this is a spreadsheet, not text",
            file=source.name,
            row=1,
            action="save the sheet as CSV UTF-8 and import that",
        )
    if source.content.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")):
        report.stop(
            "unknown_format",
            "this is compressed in another way than ZIP",
            file=source.name,
            row=1,
            action="unpack it first",
        )


def unzipped(source: Source, report: Report) -> tuple[Source, ...]:
    """The members of an archive, by name, within the limits.

    Raises:
        ReadingStoppedError: the archive is damaged, unsafe, or holds nothing.
    """
    allowed = min(MAX_UNZIPPED_BYTES, max(len(source.content), 4096) * MAX_ZIP_RATIO)
    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if len(infos) > MAX_ZIP_MEMBERS:
                report.stop("unsafe_archive", f"it has {len(infos)} members", file=source.name)
            for info in sorted(infos, key=lambda info: info.filename):
                name = f"{source.name}:{PurePosixPath(info.filename).name}"
                if info.filename.startswith("__MACOSX/") or PurePosixPath(info.filename).name.startswith("."):
                    continue
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    # Python unpacks the others without a limit.
                    report.stop("unsafe_archive", "the member is compressed in another way than Deflate", file=name)
                if info.flag_bits & 0x1:
                    report.stop("unsafe_archive", "the member is encrypted", file=name)
                with archive.open(info) as member:
                    content = member.read(allowed + 1)
                allowed -= len(content)
                if allowed < 0:
                    report.stop("unsafe_archive", "it expands beyond the limit", file=name)
                if content.startswith(_ZIP_BEGINS):
                    report.stop("unsafe_archive", "the member is an archive itself", file=name)
                found.append(Source(name=name, content=content))
    except ReadingStoppedError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as problem:
        report.stop("broken_archive", f"the archive is damaged: {problem}", file=source.name)
    except Exception as problem:
        if type(problem).__module__ not in ("_lzma", "lzma", "_bz2", "bz2", "struct", "_struct"):
            raise
        report.stop("broken_archive", f"the archive is damaged: {problem}", file=source.name)
    if not found:
        report.stop("empty_file", "the archive holds no file", file=source.name)
    return tuple(found)
