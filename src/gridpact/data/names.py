"""Names of profiles and tariffs: a name may end in ``@`` and the time zone whose clock it follows."""


def split_zone(name: str) -> tuple[str, str | None]:
    """``name`` without its clock, and the clock's IANA zone if it carries one.

    >>> split_zone("time_of_use@America/Denver")
    ('time_of_use', 'America/Denver')
    """
    bare, _, clock = name.partition("@")
    return bare, clock or None
