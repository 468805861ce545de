"""Every kind of finding: how severe it is, what it means and what to do. docs/data.md prints the same table."""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """Whether a finding stops an import."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Meaning(NamedTuple):
    """What a code stands for."""

    severity: Severity
    meaning: str
    action: str


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

CODES: dict[str, Meaning] = {
    # The file as a whole
    "empty_file": Meaning(_E, "the file holds nothing", "download or export it again"),
    "too_large": Meaning(_E, "a size limit is exceeded", "split the file, or unpack the archive and import its parts"),
    "broken_archive": Meaning(_E, "the ZIP archive cannot be unpacked", "download it again"),
    "unsafe_archive": Meaning(
        _E, "the ZIP archive is encrypted, nested, or expands too far", "unpack it yourself and import the CSV files"
    ),
    "operator_error": Meaning(
        _E,
        "the market operator answered with an error message instead of data",
        "change the request and download again",
    ),
    "wrong_encoding": Meaning(
        _E, "the text is not UTF-8", "save it as CSV UTF-8, or name the encoding with --encoding"
    ),
    "byte_order_mark": Meaning(_I, "the file begins with a UTF-8 byte order mark", "nothing to do"),
    "binary_content": Meaning(
        _E, "there are zero bytes in the text", "the file is damaged; download or export it again"
    ),
    "broken_xml": Meaning(_E, "the XML is not well-formed or is cut off", "download it again"),
    "unsafe_xml": Meaning(
        _E, "the XML declares entities or a document type, or nests too deep", "remove the declaration; data need none"
    ),
    "broken_json": Meaning(_E, "the JSON is not well-formed or is cut off", "download it again"),
    "broken_parquet": Meaning(_E, "the file is not a whole Parquet file", "write or download it again"),
    "unknown_format": Meaning(
        _E, "no importer knows this format", "name one with --kind; gridpact data formats lists them"
    ),
    "part_ignored": Meaning(
        _W, "a member of the archive is not in the format of the others and was left out", "look whether it is damaged"
    ),
    # The table
    "no_header": Meaning(_E, "the header row that the format has is not there", "restore the header row"),
    "missing_column": Meaning(_E, "a column that the format has is not there", "restore the column"),
    "duplicate_column": Meaning(_E, "a column is there twice", "keep one"),
    "no_rows": Meaning(_E, "there is a header, but no row of data", "download or export it again"),
    "wrong_cell_count": Meaning(_E, "a row has more or fewer cells than the header", "correct the row"),
    "truncated_file": Meaning(_E, "the file ends in the middle of a row", "download or export it again"),
    "no_final_newline": Meaning(
        _W, "the last row does not end in a line break, so its last value may be cut off", "compare it with the source"
    ),
    "broken_quoting": Meaning(_E, "a quotation mark does not close where it should", "correct the row"),
    "columns_ignored": Meaning(_I, "columns that are neither times nor values were left out", "nothing to do"),
    # Cells
    "empty_cell": Meaning(_E, "a value is empty", "fill it in, or count it as a gap with --bad-cells gap"),
    "missing_value": Meaning(
        _E, "a value is written as missing (NaN, null, n/e, -)", "fill it in, or count it as a gap with --bad-cells gap"
    ),
    "not_a_number": Meaning(_E, "a value is not a number", "correct it, or count it as a gap with --bad-cells gap"),
    "not_finite": Meaning(_E, "a value is infinite", "correct it, or count it as a gap with --bad-cells gap"),
    "spreadsheet_error": Meaning(
        _E, "a spreadsheet's error stands in place of a value", "repair the formula, or use --bad-cells gap"
    ),
    "thousands_separator": Meaning(
        _E, "a number is written with a separator of thousands", "format the column as a plain number and export again"
    ),
    "decimal_comma": Meaning(
        _E, "a number is written with a decimal comma", "say so with --decimal comma, or export with a decimal point"
    ),
    "bad_flag": Meaning(_E, "a flag is neither Y nor N", "correct it"),
    "wrong_quantity": Meaning(_E, "a row holds another quantity or unit than the import needs", "leave such rows out"),
    # Times
    "bad_time": Meaning(_E, "a time cannot be read", "write it as 2022-07-13T19:00-05:00"),
    "spreadsheet_date": Meaning(
        _E, "a time is a spreadsheet's day number", "format the column as a date and time and export again"
    ),
    "ambiguous_date": Meaning(
        _E, "it is not clear which number is the day and which the month", "say which with --date-order dmy or mdy"
    ),
    "naive_time": Meaning(
        _E,
        "times have no UTC offset and no zone was declared",
        "declare the zone with --timezone, e.g. America/Chicago",
    ),
    "nonexistent_time": Meaning(
        _E,
        "a local time was skipped when clocks went forward",
        "check --timezone; leave such rows out with --nonexistent drop",
    ),
    "skipped_hour_placeholder": Meaning(
        _I, "a row without a value stands for the hour that clocks skipped", "nothing to do"
    ),
    "ambiguous_time": Meaning(
        _E,
        "a local time occurs once in the file but twice on that day, as clocks went back",
        "say what it stands for with --ambiguous earlier, later or split",
    ),
    "repeated_hour_by_order": Meaning(
        _I, "the two passes of the repeated hour were told apart by their order in the file", "nothing to do"
    ),
    "end_before_start": Meaning(_E, "an interval ends at or before its start", "correct the row"),
    "duration_mismatch": Meaning(
        _E, "an interval is not as long as the distance to the others", "correct the row, or import the parts apart"
    ),
    "date_mismatch": Meaning(_E, "the local date or hour of a row contradicts its UTC time", "download the file again"),
    "off_grid": Meaning(_E, "a time is not on the grid of the others", "correct it, or import the parts apart"),
    "unusable_step": Meaning(
        _E, "the distance between times does not divide an hour, or is under 5 minutes", "use --resample MINUTES"
    ),
    "span_too_long": Meaning(_E, "the first and last time are too far apart", "look for a wrong year"),
    "unsorted_rows": Meaning(_W, "rows are not in the order of time; the output is", "nothing to do, or sort the file"),
    "duplicate_identical": Meaning(
        _E, "a time is there more than once with the same value", "keep one with --duplicates identical"
    ),
    "duplicate_conflict": Meaning(
        _E, "a time is there more than once with different values", "choose with --duplicates first, last or mean"
    ),
    "gap": Meaning(
        _E,
        "intervals are missing",
        "fill them with --fill-gaps linear, previous or same-hour-last-week, or leave them out with --fill-gaps leave",
    ),
    "gap_too_long": Meaning(_E, "a gap is longer than --max-gap allows", "raise --max-gap, or get the data"),
    "gap_unfillable": Meaning(_E, "a gap has no neighbour or week before to fill it from", "use another --fill-gaps"),
    "repeated_hour_missing": Meaning(
        _E, "the hour that clocks repeated is there once", "get the data, or fill it with --fill-gaps"
    ),
    "incomplete_day": Meaning(
        _W, "the first or last local day is not whole; the file may be cut off", "compare with what you asked for"
    ),
    "uneven_coverage": Meaning(
        _E, "one series begins later or ends earlier than another", "import them apart, or use --fill-gaps leave"
    ),
    "label_assumed": Meaning(
        _W, "the file does not say whether a time is an interval's start or end; the start was assumed", "set --label"
    ),
    # Units and values
    "unit_missing": Meaning(_E, "no unit is given for a column", "name it in the header, or declare it with --unit"),
    "unit_unknown": Meaning(
        _E, "a unit is not known", "use kW, W, kWh, Wh or MWh; for prices USD/MWh, USD/kWh, EUR/MWh"
    ),
    "currency_not_usd": Meaning(
        _W, "prices are not in USD; gridpact negotiate reads USD", "convert with --fx RATE [USD per unit]"
    ),
    "currency_mixed": Meaning(_E, "prices are in several currencies", "import them apart"),
    "price_unit_suspect": Meaning(
        _W, "prices look as if they were per kWh or in cents", "check the unit against the source"
    ),
    "power_unit_suspect": Meaning(
        _W, "values look as if they were in another unit", "check the unit; declare it with --unit"
    ),
    "out_of_range": Meaning(_E, "a value is beyond what its unit can be in reality", "check the unit and the source"),
    "outlier": Meaning(_W, "a value is far outside the others", "compare it with the source"),
    "constant_series": Meaning(_W, "all values are the same", "check that the right column was exported"),
    "negative_load": Meaning(
        _E, "load or generation is negative", "check the sign; set such values to zero with --negative zero"
    ),
    "register_readings": Meaning(
        _E, "values never fall: they look like a meter's register, not energy per interval", "export interval data"
    ),
    "solar_at_night": Meaning(_W, "solar output at night", "check --timezone, --label and the column"),
    "solar_noon_shifted": Meaning(_W, "solar output is not centred on midday", "check --timezone and --label"),
    "solar_size_unknown": Meaning(
        _W, "the installed power is not known, so the profile is of the whole roof", "give --solar-kw, or solar_kw = 1"
    ),
    "exports_present": Meaning(
        _E, "the meter fed in, so what it bought is not the household's load", "accept that with --exports ignore"
    ),
    "forecast_is_perfect": Meaning(
        _I, "planning will see exactly what came", "use --forecast day-before or week-before for an honest test"
    ),
    # Choice of series
    "several_series": Meaning(_E, "rows of several kinds would be one series", "choose one with --only COLUMN=VALUE"),
    "nothing_selected": Meaning(_E, "no row is left after --location and --only", "check the names"),
    # Charging sessions
    "unusable_name": Meaning(
        _E,
        "a car is called what a spreadsheet runs as a formula, or what cannot be seen",
        "rename it at the source, or leave it out with --only",
    ),
    "session_reversed": Meaning(
        _E, "a car departs at or before it arrives", "correct the row, or use --bad-sessions drop"
    ),
    "session_overlap": Meaning(
        _E, "a car is at the plug twice at once", "tell cars apart with --by, or use --bad-sessions drop"
    ),
    "session_too_long": Meaning(_W, "a car is at the plug for more than 14 days", "compare it with the source"),
    "session_energy": Meaning(
        _E, "energy is negative or more than the time at the plug allows", "check the unit, or use --bad-sessions drop"
    ),
    "session_open": Meaning(_E, "a session has no departure", "wait for its end, or use --bad-sessions drop"),
    "session_second_pass": Meaning(
        _I, "a time in the second pass of a repeated hour has no local name of its own", "nothing to do"
    ),
}
