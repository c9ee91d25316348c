"""Count the marks in the cells of a tally grid.

Patches of cells come in; for each, the probability of no mark to a full bundle of five comes out. The idea: a cell is read by
itself, with a little of its neighbours around it, because a stroke that runs on into the next cell closes the grid and counts nothing;
that cells are filled one after the other is left to whoever adds them up.
"""

from __future__ import annotations

from pipeline.recognition.cells import CellReader

PATCH_SIZE = 32
MARGIN = 0.2
"""A patch shows a cell and a fifth of its sides around it: of a cell of 20 x 16 mm all its marks when it is placed 3 mm wrong, and of
the next cell too little to take its marks for this one's."""

MARKS = 5
"""Marks of a full bundle: four strokes and one across."""

LAYOUT = "tally-1"
"""Changes whenever patches, normalisation or outputs do; a model of another layout is refused."""


class TallyReader(CellReader):
    """Reads cells of tally grids: the probability of 0 to 5 marks."""

    kind = "tally"
    layout = LAYOUT
    classes = MARKS + 1
    patch_size = PATCH_SIZE
