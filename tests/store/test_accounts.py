"""People are let in by their password, not too often, and for so long as they use what they were given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from pipeline.regions import Region
from pipeline.store import accounts as people
from pipeline.store.accounts import (
    FAILURES_OF_ADDRESS,
    FAILURES_OF_NAME,
    FAILURES_WITHIN,
    PASSWORD_AT_LEAST,
    PASSWORD_AT_MOST,
    SESSION,
    SLIDES_AFTER,
    AccountError,
    Role,
    Session,
    TooManyFailures,
    add_account,
    all_accounts,
    deactivate,
    generated_password,
    log_in,
    log_out,
    session_of,
    set_password,
    slide,
    slides,
)
from pipeline.store.regions import import_regions
from pipeline.store.schema import accounts, login_failures, sessions

NOW = datetime(2024, 2, 14, 13, 0, tzinfo=UTC)
PASSWORD = "tiga kata acak"
STATION = "1805082001003"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def store(store: sa.Engine) -> sa.Engine:
    """A store with one village, and budi who is its PPS."""
    table = [Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None), Region("180508", "BANJAR AGUNG", None)]
    with store.begin() as connection:
        import_regions(connection, [*table, Region("1805082001", "BANJAR AGUNG", 11)])
        add_account(connection, name="budi", role=Role.PPS, region="1805082001", password=PASSWORD)
    return store


def logged_in(store: sa.Engine, name: str = "budi", password: str = PASSWORD, *, at: datetime = NOW) -> Session:
    session = log_in(store, name, password, address="192.0.2.1", now=at)
    assert isinstance(session, Session)
    return session


def holder(store: sa.Engine, token: str, *, at: datetime) -> str | None:
    with store.connect() as connection:
        session = session_of(connection, token, now=at)
    return None if session is None else session.account.name


def test_who_knows_the_password_gets_a_session(store: sa.Engine) -> None:
    session = logged_in(store)
    assert (session.account.name, session.account.role, session.account.region) == ("budi", Role.PPS, "1805082001")
    assert session.account.covers(STATION)
    assert not session.account.covers("1805082002001")
    assert not session.account.covers(None)
    assert holder(store, session.token, at=NOW) == "budi"
    assert log_in(store, "budi", "salah", address="192.0.2.1", now=NOW) is None
    assert log_in(store, "nobody", PASSWORD, address="192.0.2.1", now=NOW) is None


def test_database_holds_neither_password_nor_token(store: sa.Engine) -> None:
    session = logged_in(store)
    with store.connect() as connection:
        kept = str([tuple(row) for table in (accounts, sessions) for row in connection.execute(sa.select(table))])
    assert PASSWORD not in kept
    assert session.token not in kept
    assert "$argon2id$" in kept


def test_session_ends_when_it_is_not_used(store: sa.Engine) -> None:
    session = logged_in(store)
    assert holder(store, session.token, at=NOW + SESSION - timedelta(seconds=1)) == "budi"
    assert holder(store, session.token, at=NOW + SESSION) is None


def test_use_moves_the_end_of_a_session_but_not_at_every_page(store: sa.Engine) -> None:
    session, later = logged_in(store), NOW + SLIDES_AFTER + timedelta(minutes=1)
    assert not slides(session, now=NOW + timedelta(minutes=1))
    assert slides(session, now=later)
    with store.begin() as connection:
        slide(connection, session, now=later)
    assert holder(store, session.token, at=NOW + SESSION + timedelta(minutes=30)) == "budi"


def test_logging_out_ends_this_session_alone(store: sa.Engine) -> None:
    first, second = logged_in(store), logged_in(store)
    with store.begin() as connection:
        log_out(connection, first)
    assert holder(store, first.token, at=NOW) is None
    assert holder(store, second.token, at=NOW) == "budi"


def test_sessions_that_have_ended_are_removed_at_the_next_login(store: sa.Engine) -> None:
    logged_in(store)
    logged_in(store, at=NOW + SESSION + timedelta(seconds=1))
    with store.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(sessions)) == 1


def test_new_password_ends_all_other_sessions(store: sa.Engine) -> None:
    kept, other = logged_in(store), logged_in(store)
    with store.begin() as connection:
        set_password(connection, "budi", "empat kata acak", keep=kept)
    assert holder(store, kept.token, at=NOW) == "budi"
    assert holder(store, other.token, at=NOW) is None
    assert log_in(store, "budi", PASSWORD, address="192.0.2.1", now=NOW) is None
    logged_in(store, password="empat kata acak")


def test_deactivated_person_is_out_and_stays_out(store: sa.Engine) -> None:
    session = logged_in(store)
    with store.begin() as connection:
        deactivate(connection, "budi")
    assert holder(store, session.token, at=NOW) is None
    assert log_in(store, "budi", PASSWORD, address="192.0.2.1", now=NOW) is None
    with store.connect() as connection:
        assert [(one.name, one.active) for one in all_accounts(connection)] == [("budi", False)]


def test_guessing_at_one_name_is_stopped_for_a_while(store: sa.Engine) -> None:
    for number in range(FAILURES_OF_NAME):
        assert log_in(store, "budi", "salah", address=f"192.0.2.{number}", now=NOW) is None
    stopped = log_in(store, "budi", PASSWORD, address="198.51.100.1", now=NOW + timedelta(minutes=5))
    assert stopped == TooManyFailures(600)
    logged_in(store, at=NOW + FAILURES_WITHIN)


def test_guessing_from_one_address_is_stopped_for_a_while(store: sa.Engine) -> None:
    for number in range(FAILURES_OF_ADDRESS):
        assert log_in(store, f"name{number}", "salah", address="192.0.2.1", now=NOW) is None
    assert isinstance(log_in(store, "budi", PASSWORD, address="192.0.2.1", now=NOW), TooManyFailures)
    assert isinstance(log_in(store, "budi", PASSWORD, address="192.0.2.2", now=NOW), Session)


def test_success_forgives_failures_from_the_same_address_only(store: sa.Engine) -> None:
    for _ in range(FAILURES_OF_NAME - 2):
        log_in(store, "budi", "salah", address="192.0.2.66", now=NOW)
    log_in(store, "budi", "salah", address="192.0.2.1", now=NOW)
    logged_in(store)
    with store.connect() as connection:
        left = list(connection.scalars(sa.select(login_failures.c.address)))
    assert left == ["192.0.2.66"] * (FAILURES_OF_NAME - 2)


def test_name_that_nobody_has_takes_a_verification_too(store: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = people._is_password
    monkeypatch.setattr(people, "_is_password", lambda kept, password: verified.append(kept) or real(kept, password))
    for name in ("budi", "nobody", "nobody\0", "x" * 5000):
        log_in(store, name, "salah", address="192.0.2.1", now=NOW)
    assert len(verified) == 4
    assert all(kept.startswith("$argon2id$") for kept in verified)


def test_old_hash_is_made_anew_at_the_next_login(store: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    logged_in(store)
    with store.connect() as connection:
        assert "m=16,t=2" in str(connection.scalar(sa.select(accounts.c.password)))
    logged_in(store)


def test_name_has_a_rule(store: sa.Engine) -> None:
    with store.begin() as connection:
        for name in ("", "x", "Budi", "budi pps", ".budi", "budi'--", "<b>budi</b>", "b" * 65, "budi\0x", "budí"):
            with pytest.raises(AccountError, match="A name has"):
                add_account(connection, name=name, role=Role.NATIONAL, region="", password=PASSWORD)


def test_name_is_taken_once(store: sa.Engine) -> None:
    with store.begin() as connection, pytest.raises(AccountError, match="is taken"):
        add_account(connection, name="budi", role=Role.NATIONAL, region="", password=PASSWORD)


def test_region_is_one_of_the_role(store: sa.Engine) -> None:
    wrong = [
        (Role.KPPS, "1805082001", "13 signs"), (Role.KPPS, "1805082001000", "no number of a polling station"), (Role.PPS, "", "10 signs"),
        (Role.PPS, "1805082099", "There is no region"), (Role.PPK, "18 508", "no code"), (Role.NATIONAL, "18", "0 signs"),
        (Role.ADMIN, "18", "0 signs"), (Role.AUDITOR, "180", "0, 2, 4, 6, 10, 13 signs"),
    ]  # fmt: skip
    with store.begin() as connection:
        for role, region, reason in wrong:
            with pytest.raises(AccountError, match=reason):
                add_account(connection, name="ani", role=role, region=region, password=PASSWORD)


def test_every_role_has_its_regions(store: sa.Engine) -> None:
    right = [
        (Role.KPPS, STATION), (Role.PPS, "1805082001"), (Role.PPK, "180508"), (Role.REGENCY, "1805"), (Role.PROVINCE, "18"),
        (Role.NATIONAL, ""), (Role.ADMIN, ""), (Role.AUDITOR, ""), (Role.AUDITOR, "1805"), (Role.AUDITOR, STATION),
    ]  # fmt: skip
    with store.begin() as connection:
        for number, (role, region) in enumerate(right):
            added = add_account(connection, name=f"ani{number}", role=role, region=region, password=PASSWORD)
            assert added in all_accounts(connection)


def test_password_has_a_rule(store: sa.Engine) -> None:
    with store.begin() as connection:
        for password in ("", "x" * (PASSWORD_AT_LEAST - 1), "x" * (PASSWORD_AT_MOST + 1), "Kabupaten-1805"):
            with pytest.raises(AccountError, match="A password has"):
                add_account(connection, name="kabupaten-1805", role=Role.NATIONAL, region="", password=password)


def test_password_longer_than_any_is_not_one_that_begins_it(store: sa.Engine) -> None:
    longest = "x" * PASSWORD_AT_MOST
    with store.begin() as connection:
        set_password(connection, "budi", longest)
    assert log_in(store, "budi", longest + "x", address="192.0.2.1", now=NOW) is None
    logged_in(store, password=longest)


def test_people_are_listed_in_pages(store: sa.Engine) -> None:
    with store.begin() as connection:
        for name in ("ani", "cici"):
            add_account(connection, name=name, role=Role.NATIONAL, region="", password=PASSWORD)
        assert [one.name for one in all_accounts(connection, limit=2)] == ["ani", "budi"]
        assert [one.name for one in all_accounts(connection, after="budi")] == ["cici"]


def test_missing_person_is_said(store: sa.Engine) -> None:
    with store.begin() as connection:
        for change in (lambda: set_password(connection, "dodi", PASSWORD), lambda: deactivate(connection, "dodi")):
            with pytest.raises(AccountError, match="There is no account dodi"):
                change()


def test_generated_passwords_differ_and_are_accepted(store: sa.Engine) -> None:
    made = {generated_password() for _ in range(50)}
    assert len(made) == 50
    with store.begin() as connection:
        set_password(connection, "budi", made.pop())
