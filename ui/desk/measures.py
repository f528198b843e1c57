"""Spans of time, bytes, electricity and shares as people read them."""

from __future__ import annotations

from math import isfinite


def say_span(seconds: float | None) -> str:
    """A span of time, about: "40 seconds", "12 minutes", "3 hours 20 minutes"; "not known" for None."""
    if seconds is None or not isfinite(seconds):
        return "not known"
    if seconds < 1:
        return "less than a second"
    whole, minutes, hours = (round(seconds / size) for size in (1, 60, 3_600))
    if whole < 60:
        return _count(whole, "second")
    if minutes < 60:
        return _count(minutes, "minute")
    if minutes < 600:
        return _count_two(*divmod(minutes, 60), "hour", "minute")
    if hours < 24:
        return _count(hours, "hour")
    return _count_two(*divmod(hours, 24), "day", "hour")


def say_bytes(number: float) -> str:
    """A size in decimal units, as disks are sold by: "1.4 GB"."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{number / 1e3:.0f} kB"


def say_energy(kwh: float) -> str:
    """Electricity: small amounts in watt-hours."""
    if kwh < 0.1:
        watt_hours = kwh * 1000
        return f"{watt_hours:.1f} Wh" if watt_hours < 10 else f"{watt_hours:.0f} Wh"
    return f"{kwh:.2f} kWh"


def say_share(share: float | None) -> str:
    """A share in whole per cent, "?" where it is not known."""
    return "?" if share is None else f"{share * 100:.0f} %"


def say_points(share: float | None) -> str:
    """A difference of shares in points, with its sign."""
    if share is None:
        return "?"
    points = round(share * 100, 1)
    return "0" if points == 0 else f"{'+' if points > 0 else '−'}{abs(points):g}"


def _count_two(number: int, rest: int, unit: str, smaller: str) -> str:
    return f"{_count(number, unit)} {_count(rest, smaller)}" if rest else _count(number, unit)


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
