"""The notebooks run from top to bottom on what is kept beside them, and what they show is what is stored in them."""

from __future__ import annotations

import ast
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def cells_of(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def run(source: str, names: dict[str, Any]) -> Any:
    """What the last expression of a cell gives."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def assert_same_picture(one: bytes, other: bytes) -> None:
    """Two JPEG files that show the same; what wrote them may have rounded otherwise."""
    pictures = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in (one, other)]
    assert pictures[0] is not None
    assert pictures[1] is not None
    assert pictures[0].shape == pictures[1].shape
    assert cv2.absdiff(pictures[0], pictures[1]).mean() < 1


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == ["01-read-a-form.ipynb", "02-accuracy.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_shows_what_it_computes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    names: dict[str, Any] = {}
    for cell in cells_of(path):
        shown = run("".join(cell["source"]), names)
        (output,) = cell["outputs"]
        stored = {kind: "".join(text) for kind, text in output["data"].items()}
        if hasattr(shown, "_repr_svg_"):
            assert stored["image/svg+xml"].strip() == shown.strip()
        elif hasattr(shown, "_repr_jpeg_"):
            assert_same_picture(b64decode(stored["image/jpeg"]), shown._repr_jpeg_())
        elif hasattr(shown, "_repr_html_"):
            assert stored["text/html"] == shown._repr_html_()
        else:
            assert stored["text/plain"] == repr(shown)
