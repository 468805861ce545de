"""How much of each kind of file is read. Beyond these a file is refused with a message that names the limit.

They leave room for a million homes, and for a year of five-minute prices of hundreds of nodes. docs/inputs.md
lists them. The limits of imports are in `gridpact.data.importers.limits`.
"""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

MOST_DOCUMENT_BYTES = MIB
"""Opportunities, terms and market rules: files that people write as YAML or JSON."""
MOST_DOCUMENT_DEPTH = 32
"""Mappings and lists inside one another."""
MOST_DOCUMENT_VALUES = 200_000
"""Values of a YAML file, each alias counted with all that it stands for."""
MOST_DOCUMENT_LETTERS = 4 * MIB
"""Letters of a YAML file's values, each alias counted likewise."""
MOST_NUMBER_LETTERS = 1000
"""Letters of one number; no quantity needs more, and sums with longer ones take long."""

MOST_FLEET_BYTES = GIB
MOST_HOMES = 2_000_000
MOST_FLEET_COLUMNS = 256
"""Cells of a header; a fleet has fewer than 50 columns, and empty ones may stand beside them."""

MOST_PRICE_BYTES = GIB
MOST_PRICE_ROWS = 3_000_000
MOST_PRICE_COLUMNS = 4096
MOST_PRICE_CELLS = 200_000_000

MOST_SERIES_BYTES = 4 * GIB
"""Profiles and tariffs."""
MOST_SERIES_ROWS = 400_000_000
MOST_SERIES_COLUMNS = 64

MOST_RESULT_BYTES = 512 * MIB
MOST_LEDGER_BYTES = 4 * GIB
MOST_EVENTS_BYTES = 2 * GIB
MOST_PERFORMANCE_BYTES = 4 * MIB
MOST_REPORT_BYTES = GIB
MOST_RUN_TABLE_BYTES = 16 * GIB
MOST_RUN_TABLE_ROWS = 2_000_000_000
MOST_RUN_TABLE_COLUMNS = 256

MOST_JSON_DEPTH = 64
MOST_JSON_GROUPS = 8_000_000
"""Objects and lists of one JSON text."""
MOST_JSON_VALUES = 40_000_000

MOST_FOOTER_BYTES = 4 * MIB
"""The part of a Parquet file that describes the rest."""
MOST_ROW_GROUPS = 100_000
MOST_SCHEMA_DEPTH = 8
LEAST_UNPACKED_BYTES = 64 * MIB
"""What any Parquet file may unpack to, however small it is."""
MOST_UNPACKED_RATIO = 1000
"""Bytes that a larger Parquet file may unpack to, for each byte of it."""

MOST_ENV_BYTES = 64 * KIB
