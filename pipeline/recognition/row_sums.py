"""Read the small boxes beside a tally grid that hold the sum of each row.

Patches of boxes come in; for each, the probability of every digit, of a filler, and of a box that is closed or was never written
in comes out. The idea: these are not digit boxes made small. They are narrower than high, stand wall to wall, and most of them are
crossed by the one big stroke that closes the rows after the last; so they have a network of their own, which has seen that stroke.
"""

from __future__ import annotations

from pipeline.recognition.cells import CellReader

PATCH_SIZE = 32
MARGIN = 0.2
"""A patch shows a box and a fifth of its sides around it: 2.4 mm beside a box 12 mm wide, where digits lean over the line."""

FILLER = 10
CLOSED = 11
"""Places of a box with an X or a dash of its own, and of one that is empty or has part of a longer stroke in it."""

CLASSES = 12

LAYOUT = "row-sums-1"
"""Changes whenever patches, normalisation, classes or outputs do; a model of another layout is refused."""


class RowSumReader(CellReader):
    """Reads the boxes of row sums: the digits 0 to 9, `FILLER`, `CLOSED`."""

    kind = "row-sums"
    layout = LAYOUT
    classes = CLASSES
    patch_size = PATCH_SIZE
