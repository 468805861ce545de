"""Clock times and windows as owners say them, in the fleet's own writing."""

from gridpact.language.reading.quantities import Item

_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EVERY_DAY = frozenset(range(7))


def clock_text(minutes: int) -> str:
    """``HH:MM`` of minutes since midnight."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def clocks_of(item: Item, *, ready: bool) -> list[int] | None:
    """Minutes since midnight that a time may mean, the earliest first; None where it is no time of day.

    Args:
        item: a clock.
        ready: it is when a car leaves: an hour without am or pm is one of the morning.
    """
    hour, minute = item.value
    if hour > 24 or minute > 59 or hour == 24 and minute:
        return None
    half = item.unit
    if half == "am":
        return [hour % 12 * 60 + minute] if hour <= 12 else [hour * 60 + minute]
    if half == "pm":
        return [(hour % 12 + 12) * 60 + minute] if hour <= 12 else [hour * 60 + minute]
    if half == "night":
        return [(hour % 12 + (12 if 6 <= hour < 12 else 0)) * 60 + minute] if hour <= 12 else [hour * 60 + minute]
    return [hour * 60 + minute] if ready or half in ("24", "clock") or hour > 12 else [hour * 60 + minute]


def windows_of(first: Item, last: Item, *, hint: str, language: str) -> list[tuple[int, int]]:
    """Windows in minutes since midnight that two times may mean; more than one where that is open, and all hold."""
    ends = [_time(each) for each in (first, last)]
    if ends[0] is None or ends[1] is None:
        return []
    (start, start_half), (end, end_half) = ends[0], ends[1]
    if not end_half and not start_half and hint in ("am", "pm", "night"):
        return [_hinted(start, end, hint)]
    if end_half in ("am", "pm", "night") and not start_half:
        finish = _resolved(end, end_half)
        if start > 720:
            return [(start, finish)]
        if end_half == "pm":
            afternoon = start % 720 + 720
            begin = afternoon if afternoon < finish and (start % 720) < (finish - 720) % 720 or start == 720 else start
            if begin != afternoon and start >= 720:
                begin = start
            return [(begin, finish)]
        begin = start if start % 720 < finish else start % 720 + 720
        return [(begin, finish)]
    if start_half in ("am", "pm", "night") and not end_half:
        begin = _resolved(start, start_half)
        if end > 720:
            return [(begin, end)]
        later = [each for each in (end % 720, end % 720 + 720) if each > begin]
        return [(begin, later[0] if later else end % 720)]
    if (
        first.tag == last.tag == "clock"
        or start_half
        or end_half
        or start > 720
        or end > 720
        or start == 0
        or language != "en"
    ):
        return [(_resolved(start, start_half), _resolved(end, end_half) or 1440)]
    if start < end:
        return [(start, end), (start % 720 + 720, end % 720 + 720)]
    return [(start, end + 720)] if start >= 360 and end <= 420 and start < 600 else [(start % 720 + 720, end)]


def _hinted(start: int, end: int, hint: str) -> tuple[int, int]:
    if start > 720 or end > 720:
        return start, end
    match hint:
        case "pm":
            return start % 720 + 720, end % 720 + 720
        case "night":
            begin = start % 720 + 720 if start >= 300 else start
            return begin, end
        case _:
            return start, end


def _resolved(minutes: int, half: str) -> int:
    if half == "am":
        return minutes % 720 if minutes < 780 else minutes
    if half == "pm":
        return minutes % 720 + 720 if minutes < 780 else minutes
    if half == "night":
        return (
            minutes % 720 + (720 if minutes % 720 >= 300 or minutes % 720 == 0 and minutes < 0 else 0)
            if minutes < 780
            else minutes
        )
    return minutes


def _time(item: Item) -> tuple[int, str] | None:
    if item.tag == "number":
        value = float(item.value)
        if value >= 100 and value.is_integer() and value % 100 < 60 and value <= 2400 and len(item.text) >= 3:
            return int(value // 100) * 60 + int(value % 100), "24" if len(item.text) == 4 else ""
        text = item.text
        if "." in text and len(text.partition(".")[2]) == 2 and value < 24.6:
            minute = int(text.partition(".")[2])
            return (int(value) * 60 + minute, "24" if int(value) > 12 else "") if minute < 60 else None
        if value > 24 or not value.is_integer():
            return None
        return int(value) * 60, "24" if item.text.startswith("0") and len(item.text) == 2 else ""
    if item.tag == "hclock":
        return (int(item.value) * 60, item.unit or "24") if item.value <= 24 else None
    if item.tag == "duration" and item.unit == "HOUR" and item.value <= 24:
        return int(item.value * 60), "24"
    if item.tag != "clock":
        return None
    hour, minute = item.value
    if hour > 24 or minute > 59:
        return None
    half = {"clock": ""}.get(item.unit, item.unit)
    return hour * 60 + minute, half


def window_text(start: int, end: int, days: frozenset[int] | None) -> str:
    """A window in the fleet's writing, such as ``Mon-Fri 08:00-10:00``."""
    span = f"{clock_text(start % 1440)}-{clock_text(end if end else 1440)}"
    names = days_text(days)
    return f"{names} {span}" if names else span


def all_day(days: frozenset[int]) -> tuple[str, ...]:
    """The window that is the whole of some days."""
    return (window_text(0, 1440, days),)


def days_text(days: frozenset[int] | None) -> str:
    """Days as ``Mon-Fri`` or ``Mon,Wed``; empty for every day."""
    if days is None or days == _EVERY_DAY or not days:
        return ""
    ordered = sorted(days)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{_NAMES[ordered[0]]}-{_NAMES[ordered[-1]]}"
    return ",".join(_NAMES[day] for day in ordered)
