import numpy as np
import pytest

from pipeline.simulate.hands import glyph_of
from pipeline.simulate.pack import PACK_DIRECTORY, load_pack

LARGEST_PACK_BYTES = 3_000_000


def test_pack_is_small_and_every_part_has_its_licence():
    files = sorted(PACK_DIRECTORY.iterdir())
    assert sum(file.stat().st_size for file in files) < LARGEST_PACK_BYTES
    for file in files:
        if not file.name.endswith(".LICENSE.txt"):
            licence = (PACK_DIRECTORY / f"{file.stem}.LICENSE.txt").read_text(encoding="utf-8")
            assert any(name in licence for name in ("SIL Open Font License", "Apache License", "Creative Commons")), file.name


def test_pack_has_a_hundred_of_every_digit():
    pack = load_pack()
    assert pack.digits.shape == (1000, 28, 28)
    assert np.bincount(pack.labels).tolist() == [100] * 10


@pytest.mark.parametrize("font", sorted(load_pack().fonts))
def test_every_font_has_all_capitals_and_digits(font):
    pack = load_pack()
    for letter in "ABCDEFGHIJKLMNOPRSTUWXYZ0123456789":
        glyph = glyph_of(pack, font, letter)
        assert glyph is not None, letter
        assert glyph.max() > 200


def test_a_space_has_no_ink():
    pack = load_pack()
    assert glyph_of(pack, sorted(pack.fonts)[0], " ") is None
