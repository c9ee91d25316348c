"""The marks of a C.Hasil that are not digits: tally bundles, the stroke that closes unused cells, filled bubbles, scribbles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.forms import Circle, Rect, TallyGrid
from pipeline.simulate.hands import Closing, Hand, write_cross
from pipeline.simulate.pen import Paper, Pen, Points, draw_blob, draw_strokes

MARKS_A_BUNDLE = 5


def write_tally(paper: Paper, grid: TallyGrid, count: int, hand: Hand, rng: np.random.Generator) -> None:
    """Write `count` tally marks from the top left and close the cells that stay empty.

    Raises
    ------
    ValueError
        When the grid holds fewer marks.
    """
    if count > grid.capacity:
        raise ValueError(f"{count} marks do not fit into a tally grid for {grid.capacity}")
    cells = [cell for row in grid.cells() for cell in row]
    used = -(-count // grid.marks)
    for index, cell in enumerate(cells[:used]):
        _write_bundle(paper, cell, min(grid.marks, count - index * grid.marks), hand, rng)
    close_cells(paper, [list(row) for row in grid.cells()], used, hand, rng)


def close_cells(paper: Paper, rows: Sequence[Sequence[Rect]], used: int, hand: Hand, rng: np.random.Generator) -> None:
    """Close all cells of a grid after the first `used`, in this hand's manner."""
    columns = len(rows[0])
    free = [cell for row in rows for cell in row][used:]
    if not free or hand.closing is Closing.NONE:
        return
    if hand.closing is Closing.CELLS:
        for cell in free:
            write_cross(paper, cell, replace(hand, cross_reach=min(hand.cross_reach, 0.6)), rng)
        return
    last, right = rows[-1], rows[0][-1].x1 - 1.0
    start = free[0] if len(free) > 1 else last[-1]
    top = start.y + start.height * rng.uniform(0.3, 0.6)
    bottom = last[0].y1 - last[0].height * rng.uniform(0.1, 0.4)
    left = last[0].x + rng.uniform(0.5, 4)
    begin = start.x + min(3.0, start.width / 4)
    if bottom - top < start.height * 0.5 or columns * start.width < 1:
        strokes = [np.array([(begin, top), (right, top + rng.normal(0, 0.8))])]
    elif hand.closing is Closing.ZED:
        strokes = [np.array([(begin, top), (right, top + rng.normal(0, 1)), (left, bottom), (right, bottom + rng.normal(0, 1))])]
    else:
        low = rows[-1][0].y1 - 2
        above = free[0].y1 if begin > left + start.width else free[0].y + 2
        strokes = [np.array([(left, above), (right, low)]), np.array([(right, above), (left, low)])]
    draw_strokes(paper, strokes, hand.pen, rng, tremble_mm=0.5)


def fill_bubble(paper: Paper, circle: Circle, hand: Hand, rng: np.random.Generator) -> None:
    """Black out one printed circle: a blob with an uneven edge, never quite centred."""
    radius = circle.diameter / 2 * hand.bubble_fill
    centre = np.array([circle.x, circle.y]) + rng.normal(0, 0.06 * circle.diameter, 2)
    darker = (int(hand.pen.colour[0] * 0.6), int(hand.pen.colour[1] * 0.6), int(hand.pen.colour[2] * 0.6))
    draw_blob(paper, blob(centre, radius, roughness=0.05, rng=rng), Pen(colour=darker, width_mm=hand.pen.width_mm, strength=0.97), rng)
    if rng.random() < 0.4:
        scribble = centre + rng.normal(0, radius * 0.45, (9, 2))
        draw_strokes(paper, [scribble], hand.pen, rng)


def scribble_over(paper: Paper, rect: Rect, hand: Hand, rng: np.random.Generator) -> None:
    """A scrawl that nobody can read, inside a rectangle."""
    centre, size = np.array(rect.centre), np.array([rect.width, rect.height])
    turns = int(rng.integers(9, 14))
    points = centre + rng.uniform(-0.36, 0.36, (turns, 2)) * size
    draw_strokes(paper, [smooth_curve(points)], hand.pen, rng)


def sign_name(paper: Paper, rect: Rect, pen: Pen, rng: np.random.Generator) -> None:
    """A signature of nobody: loops that run from left to right."""
    turn = np.linspace(0, rng.uniform(3, 7) * 2 * np.pi, 140)
    along = np.linspace(0.1, 0.9, len(turn)) - rng.uniform(0.02, 0.12) * np.sin(turn)
    envelope = np.interp(turn, np.linspace(0, turn[-1], 5), rng.uniform(0.06, 0.46, 5))
    up = 0.55 - envelope * np.cos(turn + rng.uniform(0, 2 * np.pi))
    loops = np.stack([rect.x + along * rect.width, rect.y + up * rect.height], axis=1)
    strokes = [loops]
    if rng.random() < 0.6:
        under = rect.y + rect.height * rng.uniform(0.6, 0.95)
        strokes.append(np.array([(rect.x + rect.width * 0.15, under), (rect.x + rect.width * 0.9, under - rng.uniform(0, 4))]))
    draw_strokes(paper, strokes, pen, rng)


def blob(centre: Points, radius: float, *, roughness: float, rng: np.random.Generator) -> Points:
    """(48, 2) outline of a round spot whose radius varies smoothly by `roughness`."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    varied = np.ones_like(angle)
    for harmonic in range(2, 7):
        varied += roughness * rng.normal() / np.sqrt(harmonic) * np.cos(harmonic * angle + rng.uniform(0, 2 * np.pi))
    return np.asarray(centre + radius * varied[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))


def smooth_curve(points: Points) -> Points:
    """A Catmull-Rom curve through (N, 2) points, sixteen pieces between two of them."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, 16, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], strict=True)
    ]
    return np.concatenate([*pieces, points[-1:]])


def _write_bundle(paper: Paper, cell: Rect, marks: int, hand: Hand, rng: np.random.Generator) -> None:
    """Up to four upright strokes and the fifth across them."""
    reach = cell.width * rng.uniform(0.5, 0.66)
    left, top = cell.x + (cell.width - reach) / 2 + rng.normal(0, 0.5), cell.y + cell.height * rng.uniform(0.16, 0.26)
    tall = cell.height * rng.uniform(0.52, 0.66)
    step = reach / (MARKS_A_BUNDLE - 2)
    strokes = []
    for index in range(min(marks, MARKS_A_BUNDLE - 1)):
        x = left + index * step + rng.normal(0, 0.06 * step)
        head = (x + hand.slant * tall + rng.normal(0, 0.2), top + rng.normal(0, 0.5))
        strokes.append(np.array([head, (x, top + tall + rng.normal(0, 0.5))]))
    if marks == MARKS_A_BUNDLE:
        rise = rng.choice([-1, 1], p=[0.3, 0.7]) * tall * rng.uniform(0.25, 0.5)
        middle = top + tall / 2
        strokes.append(np.array([(left - 0.25 * step, middle - rise), (left + reach + 0.25 * step, middle + rise)]))
    draw_strokes(paper, strokes, hand.pen, rng, tremble_mm=0.12)
