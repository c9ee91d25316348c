"""People and what they answer for: accounts, who is logged in, and how often a login may fail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is, as in the real system; `AUDITOR` reads everything and decides nothing, `ADMIN` keeps the accounts."""

    KPPS = "kpps"
    PPS = "pps"
    PPK = "ppk"
    REGENCY = "regency"
    PROVINCE = "province"
    NATIONAL = "national"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """A person: `region` is the code of the region or polling station the person answers for, empty for the whole country."""

    id: int
    name: str
    role: Role
    region: str

    def covers(self, code: str | None) -> bool:
        """Whether a region or polling station lies in this person's; one that is not known (None) lies in the whole country only."""
        return (code or "").startswith(self.region)
