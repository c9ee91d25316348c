"""The ledger: rows are chained, nobody changes them, and every way of tampering is found."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

from pipeline.store import Entry, Fault, Head, StoreError, append, entries, head, open_store, verify
from pipeline.store.checkpoint import head_text, new_key, read_head
from pipeline.store.ledger import START, FaultCode, Kind, canonical, chained
from pipeline.store.schema import ledger, metadata

AT = datetime(2024, 2, 14, 20, 15, 0, 123, tzinfo=UTC)


def fill(store: sa.Engine, count: int = 5, *, first: int = 0) -> list[Entry]:
    events = [(Kind.PHOTO, {"sha256": f"{n:064x}", "name": f"TPS {n} é.jpg"}) for n in range(first, first + count)]
    with store.begin() as connection:
        return append(connection, events, at=AT)


def rows_of(store: sa.Engine) -> list[Entry]:
    with store.connect() as connection:
        return list(entries(connection))


def without_triggers(store: sa.Engine, statement: str) -> None:
    """Tamper as somebody can who owns the database."""
    with store.begin() as connection:
        if store.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE ledger DISABLE TRIGGER ALL")
        else:
            connection.exec_driver_sql("DROP TRIGGER ledger_no_update")
            connection.exec_driver_sql("DROP TRIGGER ledger_no_delete")
        connection.exec_driver_sql(statement)


def made_of(bodies: list[str]) -> list[Entry]:
    made, previous = [], START
    for position, body in enumerate(bodies, start=1):
        previous = chained(previous, position, "2024-02-14T20:15:00.000123Z", "photo", body)
        made.append(Entry(position, "2024-02-14T20:15:00.000123Z", "photo", body, previous))
    return made


def test_schema_is_what_the_migrations_make(store: sa.Engine) -> None:
    with store.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_opening_again_changes_nothing(store: sa.Engine, store_url: str) -> None:
    written = fill(store)
    again = open_store(store_url)
    assert rows_of(again) == written
    again.dispose()


def test_rows_are_chained_by_the_documented_hash(store: sa.Engine) -> None:
    fill(store, 2)
    first, second = rows_of(store)
    assert (first.position, second.position) == (1, 2)
    text = canonical({"at": first.at, "body": json.loads(first.body), "kind": "photo", "position": 1})
    assert first.hash == hashlib.sha256((START + text).encode()).hexdigest()
    assert second.hash == chained(first.hash, 2, second.at, second.kind, second.body)
    assert first.at == "2024-02-14T20:15:00.000123Z"


def test_ledger_that_nobody_touched_verifies_to_its_head(store: sa.Engine) -> None:
    with store.connect() as connection:
        assert verify(entries(connection)) == head(connection) == Head(0, START)
    kept = Head(3, fill(store, 3)[-1].hash)
    fill(store, 2, first=3)
    with store.connect() as connection:
        assert verify(entries(connection), against=kept) == head(connection)


def test_sqlite_refuses_to_replace_rows(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'sirekap.db'}")
    written = fill(store)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.begin() as connection:
        connection.exec_driver_sql("REPLACE INTO ledger VALUES (2, '2024-02-14T20:15:00.000123Z', 'photo', '{}', 'ab')")
    assert rows_of(store) == written
    store.dispose()


@pytest.mark.parametrize("statement", ["UPDATE ledger SET body = '{}' WHERE position = 2", "DELETE FROM ledger WHERE position = 2"])
def test_database_refuses_to_change_rows(store: sa.Engine, statement: str) -> None:
    written = fill(store)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.begin() as connection:
        connection.exec_driver_sql(statement)
    assert rows_of(store) == written


@pytest.mark.parametrize(
    ("statement", "code", "position"),
    [
        ("UPDATE ledger SET body = '{}' WHERE position = 2", FaultCode.EDITED, 2),
        ("UPDATE ledger SET at = '2024-02-15T00:00:00.000000Z' WHERE position = 3", FaultCode.EDITED, 3),
        ("UPDATE ledger SET kind = 'entry' WHERE position = 1", FaultCode.EDITED, 1),
        ("DELETE FROM ledger WHERE position = 2", FaultCode.MISSING, 2),
        ("DELETE FROM ledger WHERE position = 1", FaultCode.MISSING, 1),
        ("UPDATE ledger SET position = 9 WHERE position = 3", FaultCode.MISSING, 3),
        ("DELETE FROM ledger WHERE position > 3", FaultCode.TRUNCATED, 4),
        ("DELETE FROM ledger", FaultCode.TRUNCATED, 1),
    ],
)
def test_tampering_is_found_and_its_place_named(store: sa.Engine, statement: str, code: FaultCode, position: int) -> None:
    kept = Head(5, fill(store)[-1].hash)
    without_triggers(store, statement)
    with store.connect() as connection:
        fault = verify(entries(connection), against=kept)
    assert isinstance(fault, Fault)
    assert (fault.code, fault.position) == (code, position)


def test_swapped_rows_are_found(store: sa.Engine) -> None:
    fill(store)
    without_triggers(store, "UPDATE ledger SET position = -1 WHERE position = 2")
    with store.begin() as connection:
        connection.execute(ledger.update().where(ledger.c.position == 3).values(position=2))
        connection.execute(ledger.update().where(ledger.c.position == -1).values(position=3))
    with store.connect() as connection:
        fault = verify(entries(connection))
    assert isinstance(fault, Fault)
    assert (fault.code, fault.position) == (FaultCode.EDITED, 2)


def test_chain_made_anew_as_a_whole_only_shows_beside_a_kept_head() -> None:
    kept = made_of(['{"a":1}', '{"a":2}', '{"a":3}'])[-1]
    forged = made_of(['{"a":1}', '{"a":9}', '{"a":3}', '{"a":4}'])
    assert verify(iter(forged)) == Head(4, forged[-1].hash)
    fault = verify(iter(forged), against=Head(3, kept.hash))
    assert isinstance(fault, Fault)
    assert (fault.code, fault.position) == (FaultCode.REWRITTEN, 3)


@given(st.lists(st.integers(), min_size=1, max_size=20), st.data())
def test_any_single_change_is_found(values: list[int], data: st.DataObject) -> None:
    rows = made_of([canonical({"value": value}) for value in values])
    place = data.draw(st.integers(0, len(rows) - 1))
    body = canonical({"value": data.draw(st.integers().filter(lambda value: value != values[place]))})
    changed = Entry(rows[place].position, rows[place].at, rows[place].kind, body, rows[place].hash)
    fault = verify(iter([*rows[:place], changed, *rows[place + 1 :]]))
    assert isinstance(fault, Fault)
    assert fault.position == place + 1


def test_transaction_that_fails_leaves_nothing(store: sa.Engine) -> None:
    def failing() -> None:
        with store.begin() as connection:
            append(connection, [(Kind.PHOTO, {"name": "lost"})])
            raise ZeroDivisionError

    written = fill(store)
    with pytest.raises(ZeroDivisionError):
        failing()
    assert rows_of(store) == written


def test_writers_at_the_same_time_wait_for_each_other(store: sa.Engine) -> None:
    def write(number: int) -> None:
        for step in range(10):
            with store.begin() as connection:
                append(connection, [(Kind.PHOTO, {"writer": number, "step": step})])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with store.connect() as connection:
        assert verify(entries(connection)) == head(connection)
        assert head(connection).position == 40


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"value": float("nan")})


@pytest.mark.parametrize("url", ["nonsense", "postgresql+psycopgg://me:secret@h/db", "postgresql+psycopg://me:secret@h:54x/db"])
def test_url_that_is_none_says_so_and_hides_the_password(url: str) -> None:
    with pytest.raises(StoreError, match="not the URL of a database") as error:
        open_store(url)
    assert "secret" not in str(error.value)


def test_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "photo.db").write_bytes(b"\xff\xd8\xff\xe0" * 4000)
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path / 'photo.db'}")
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path / 'photo.db' / 'below.db'}")


def test_database_of_a_newer_version_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sirekap.db'}"
    store = open_store(url)
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.dispose()
    with pytest.raises(StoreError, match="another version of this program"):
        open_store(url)


def test_database_that_cannot_be_reached_hides_the_password() -> None:
    with pytest.raises(StoreError, match="cannot be opened") as error:
        open_store("postgresql+psycopg://me:secret@127.0.0.1:9/none")
    assert "secret" not in str(error.value)


def test_signed_head_is_believed_by_its_own_key_alone(tmp_path: Path) -> None:
    private, public = new_key()
    kept = Head(7, "ab" * 32)
    path = tmp_path / "head.json"
    path.write_text(head_text(kept, at="2024-02-14T20:15:00Z", key=private))
    assert read_head(path) == read_head(path, key=public) == kept
    with pytest.raises(StoreError, match="not of this key"):
        read_head(path, key=new_key()[1])
    path.write_text(path.read_text().replace('"position": 7', '"position": 6'))
    with pytest.raises(StoreError, match="not of this key"):
        read_head(path, key=public)
    path.write_text(head_text(kept, at="2024-02-14T20:15:00Z"))
    with pytest.raises(StoreError, match="not signed"):
        read_head(path, key=public)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"position": "x", "hash": ""}'])
def test_file_that_is_no_head_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(text)
    with pytest.raises(StoreError, match="not a head"):
        read_head(path)
