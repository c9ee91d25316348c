"""A link lets the officers of one station in, until it ends or is revoked; nobody can make one up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from pipeline.regions import Region, TpsCode
from pipeline.store import accounts as people
from pipeline.store.accounts import AccountError, Role, deactivate, session_of, slides
from pipeline.store.elections import Election, add_election
from pipeline.store.links import enter, links_of, make_link, revoke, token_of
from pipeline.store.regions import import_regions
from pipeline.store.schema import links, sessions
from pipeline.store.signing import Signer
from pipeline.store.times import time_of

NOW = datetime(2024, 2, 14, 13, 0, tzinfo=UTC)
STATION = TpsCode.parse("1805082001003")
NEIGHBOUR = TpsCode.parse("1805082001004")


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "signing.pem")


@pytest.fixture
def store(store: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    monkeypatch.setattr(people, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with store.begin() as connection:
        names = ("18", "1805", "180508", "1805082001")
        import_regions(connection, [Region(code, f"Wilayah {code}", 11 if len(code) == 10 else None) for code in names])
    return store


def test_link_lets_in_until_it_ends(store: sa.Engine, signer: Signer) -> None:
    with store.begin() as connection:
        link = make_link(connection, STATION, made_by="budi", now=NOW, until=NOW + timedelta(days=2))
        session = enter(connection, token_of(link, signer), signer, now=NOW + timedelta(days=1))
        assert session is not None
        assert (session.account.role, session.account.region) == (Role.KPPS, str(STATION))
        assert session.expires == NOW + timedelta(days=2)
        assert session_of(connection, session.token, now=NOW + timedelta(days=1, hours=20)) == session
        assert session_of(connection, session.token, now=NOW + timedelta(days=3)) is None
        assert enter(connection, token_of(link, signer), signer, now=NOW + timedelta(days=2)) is None


def test_link_lives_until_the_recapitulation_of_the_last_election_ends(store: sa.Engine) -> None:
    with store.begin() as connection:
        assert time_of(make_link(connection, STATION, made_by="budi", now=NOW).expires) == NOW + timedelta(days=35)
        add_election(connection, Election("pilkada", "Pilkada", "2024-11-27", (("c", "1"),)))
        expires = time_of(make_link(connection, STATION, made_by="budi", now=NOW).expires)
    assert expires.date() == datetime(2025, 1, 1, tzinfo=UTC).date()


def test_revoked_link_lets_nobody_in_and_ends_its_sessions_alone(store: sa.Engine, signer: Signer) -> None:
    with store.begin() as connection:
        first, second = (make_link(connection, STATION, made_by="budi", now=NOW) for _ in range(2))
        one, other = (enter(connection, token_of(link, signer), signer, now=NOW) for link in (first, second))
        assert one is not None
        assert other is not None
        revoke(connection, first.id, now=NOW)
        assert session_of(connection, one.token, now=NOW) is None
        assert session_of(connection, other.token, now=NOW) == other
        assert enter(connection, token_of(first, signer), signer, now=NOW) is None
        revoke(connection, first.id, now=NOW + timedelta(days=1))
        assert [link.revoked and time_of(link.revoked) for link in links_of(connection, str(STATION))] == [None, NOW]


def test_use_does_not_keep_a_session_beyond_its_link(store: sa.Engine, signer: Signer) -> None:
    with store.begin() as connection:
        link = make_link(connection, STATION, made_by="budi", now=NOW, until=NOW + timedelta(hours=20))
        entered = enter(connection, token_of(link, signer), signer, now=NOW)
        assert entered is not None
        for hours in (1, 10, 19):
            session = session_of(connection, entered.token, now=NOW + timedelta(hours=hours))
            assert session is not None
            assert not slides(session, now=NOW + timedelta(hours=hours))
        assert session_of(connection, entered.token, now=NOW + timedelta(hours=20)) is None


@pytest.mark.parametrize("change", ["another number", "another key", "no signature", "not a number", "another station", "longer"])
def test_link_cannot_be_made_up(store: sa.Engine, signer: Signer, tmp_path: Path, change: str) -> None:
    with store.begin() as connection:
        link = make_link(connection, STATION, made_by="budi", now=NOW, until=NOW + timedelta(days=2))
        other = make_link(connection, NEIGHBOUR, made_by="budi", now=NOW)
        token = token_of(link, signer)
        made_up = {
            "another number": f"{other.id}.{token.partition('.')[2]}",
            "another key": token_of(link, Signer(tmp_path / "other.pem")),
            "no signature": f"{link.id}.",
            "not a number": f"x{token}",
            "another station": token,
            "longer": token,
        }[change]
        if change == "another station":
            connection.execute(links.update().where(links.c.id == link.id).values(account=links.c.account + 1))
        if change == "longer":
            connection.execute(links.update().where(links.c.id == link.id).values(expires="2099-01-01T00:00:00.000000Z"))
        assert enter(connection, made_up, signer, now=NOW) is None
        assert connection.scalar(sa.select(sa.func.count()).select_from(sessions)) == 0


def test_account_that_was_deactivated_gets_no_link_and_is_let_in_by_none(store: sa.Engine, signer: Signer) -> None:
    with store.begin() as connection:
        link = make_link(connection, STATION, made_by="budi", now=NOW)
        deactivate(connection, f"kpps-{STATION}")
        assert enter(connection, token_of(link, signer), signer, now=NOW) is None
        with pytest.raises(AccountError, match="deactivated"):
            make_link(connection, STATION, made_by="budi", now=NOW)


def test_station_of_no_known_village_gets_none(store: sa.Engine) -> None:
    with store.begin() as connection, pytest.raises(AccountError, match="no region 1101012001"):
        make_link(connection, TpsCode.parse("1101012001001"), made_by="budi", now=NOW)
