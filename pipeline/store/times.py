"""Times as the store writes them: UTC with microseconds, so that texts are in the order of times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

WIB = timezone(timedelta(hours=7), "WIB")
"""The clock of Jakarta, which the sessions of a recapitulation follow: times are shown by it."""

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


def text_of(moment: datetime) -> str:
    """The text of a time, whose zone must be known."""
    return moment.astimezone(UTC).strftime(_FORM)


def time_of(text: str) -> datetime:
    """The time in UTC that a text of the store says."""
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
