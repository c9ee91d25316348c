"""The store seen from outside: exports of every number with its evidence, and a report of how far the work has come.

Whatever is handed out is read in one moment of the store and carries the head of the ledger at that moment, so that anyone can say later
which rows it was made of.
"""
