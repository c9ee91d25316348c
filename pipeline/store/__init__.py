"""What was received, read, typed and decided, so that nothing is lost, counted twice or changed unseen.

Every event is one appended row of the ledger, chained by hashes. SQLite in one file by default, PostgreSQL by URL.
"""

from pipeline.store.database import StoreError, open_store
from pipeline.store.ledger import Entry, Fault, Head, append, entries, head, verify

__all__ = ["Entry", "Fault", "Head", "StoreError", "append", "entries", "head", "open_store", "verify"]
