"""How large a file may be, and how much may come out of an archive. Beyond these an import stops with a message."""

from gridpact.data.parquet import ParquetLimits

MAX_FILE_BYTES = 256 * 1024**2
"""Largest source file [bytes]."""
MAX_UNZIPPED_BYTES = 512 * 1024**2
"""Most bytes that the members of one archive may hold together."""
MAX_ZIP_RATIO = 200
"""Most bytes that come out of an archive for each byte of it; the reports of real markets shrink about twentyfold."""
MAX_ZIP_MEMBERS = 1000
"""Most members of an archive."""
MAX_XML_DEPTH = 64
"""Deepest nesting of elements."""
MAX_ROWS = 3_000_000
"""Most rows of a table."""
MAX_READINGS = 4_000_000
"""Most readings of one import, over all series; a year of half-hours of 200 homes is 3.5 million."""
MAX_COLUMNS = 4096
"""Most columns of a table."""
PARQUET_LIMITS = ParquetLimits(rows=MAX_ROWS, columns=MAX_COLUMNS, cells=100_000_000)
"""Likewise of a Parquet file."""
MAX_FINDINGS_SHOWN = 20
"""Findings of one kind that are kept in full; the rest are counted."""
MAX_GRID_INTERVALS = 20_000_000
"""Most intervals from the first reading to the last, so that a wrong year does not make an endless grid."""
HEAD_BYTES = 64 * 1024
"""How much of a file is looked at to tell its format."""
