"""Labelled pictures of digit boxes from every source, in one layout.

Sheets and crop folders come in; `BoxCrops` come out: square pictures that show a box with a wide rim, so that an augmentation can move and
turn the box without inventing paper. The idea: one layout (box centred, `RIM` of its side around it) whatever the source, so that every
later step sees one kind of data.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from pipeline.forms import Catalogue
from pipeline.recognition.digits import MARGIN, PATCH_SIZE
from pipeline.recognition.patches import cut_patches
from pipeline.registration import RegistrationPolicy, register
from pipeline.sheet import BOX_CLASSES, Refusal
from pipeline.training.placing import CropSource
from pipeline.training.sheets import LabelledSheet

RIM = 0.42
"""Share of the box side kept around a box in training crops; the reader itself sees `MARGIN`."""

CROP_SIZE = round(PATCH_SIZE * (1 + 2 * RIM) / (1 + 2 * MARGIN))
"""Side of a training crop, pixels: the same pixels a millimetre as the reader's patches."""

UNKNOWN = -1

BLANKS = "blank-forms"
"""Name of the set of boxes of blank forms."""

BLANK_PIXELS = 2400
"""Longer side of a page of a blank PDF."""

FEBRIYAN = Path("boxes", "febriyan_boxes")
"""Folder of the boxes of 2024 cut by others, below that of the data."""

CHECKED = Path(__file__).with_name("febriyan_truth.csv")

FRAME_SHARE = (RIM / (1 + 2 * RIM), (1 + RIM) / (1 + 2 * RIM))
"""Where the left and right (top and bottom) frame lines lie in a training crop, as shares of its side."""


@dataclass(frozen=True, slots=True)
class BoxCrops:
    """Pictures of boxes with what is known of them.

    Attributes
    ----------
    images
        (N, CROP_SIZE, CROP_SIZE, 3) uint8, BGR.
    labels
        (N,) int64 index in `BOX_CLASSES`, or UNKNOWN.
    illegible, corrected
        (N,) int64, 0 or 1, or UNKNOWN.
    groups, sets, names
        (N,) str: the paper a crop is from (folds), its data set, and its name in messages.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    illegible: NDArray[np.int64]
    corrected: NDArray[np.int64]
    groups: NDArray[np.str_]
    sets: NDArray[np.str_]
    names: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> BoxCrops:
        """The crops at `index` (positions or a mask)."""
        return BoxCrops(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @staticmethod
    def join(parts: Sequence[BoxCrops]) -> BoxCrops:
        return BoxCrops(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(BoxCrops)})


def from_sheets(sheets: Sequence[LabelledSheet], catalogue: Catalogue, source: CropSource) -> BoxCrops:
    """The digit boxes of every sheet that `source` can place."""
    images, rows = [], []
    for sheet in sheets:
        photo = sheet.photo()
        to_photo = source(sheet, photo)
        if to_photo is None:
            continue
        layout = sheet.fields(catalogue)
        for field, signs in sheet.signs.items():
            images.append(cut_patches(photo, to_photo, layout[field].boxes, size=CROP_SIZE, margin=RIM))
            for box, sign in enumerate(signs):
                # Of one stroke over several boxes, what each of them shows is a matter of where it happens to run.
                label = UNKNOWN if field in sheet.struck else BOX_CLASSES.find(sign)
                illegible = UNKNOWN if field in sheet.struck else int(label < 0)
                known = (field, box) in sheet.corrected or not sheet.corrected_elsewhere
                corrected = int((field, box) in sheet.corrected) if known else UNKNOWN
                rows.append((label, illegible, corrected, sheet.group, sheet.set, f"{sheet.name}:{field}:{box + 1}"))
    return _crops(np.concatenate(images), rows)


def from_blanks(data: Path, catalogue: Catalogue, policy: RegistrationPolicy) -> BoxCrops:
    """The boxes of the blank forms, all of them empty, of the pages that are in the catalogue."""
    images, rows = [], []
    for name, page in _blank_pages(data / "blanks"):
        found = register(page, catalogue, policy=policy)
        if isinstance(found, Refusal):
            continue
        for field, layout in catalogue[found.form].pages[found.page].fields.items():
            images.append(cut_patches(page, found.to_photo, layout.boxes, size=CROP_SIZE, margin=RIM))
            rows += [(BOX_CLASSES.index("_"), 0, 0, name, BLANKS, f"{name}:{field}:{box + 1}") for box in range(len(layout.boxes))]
    return _crops(np.concatenate(images), rows)


def _blank_pages(folder: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for path in sorted(folder.glob("*/*")):
        if path.suffix != ".pdf":
            yield path.name, read_picture(path)
            continue
        with pypdfium2.PdfDocument(path) as document:
            for number, page in enumerate(document, start=1):
                picture = page.render(scale=BLANK_PIXELS / max(page.get_size())).to_numpy()
                yield f"{path.name}:{number}", np.ascontiguousarray(picture[:, :, :3])


def from_febriyan(data: Path) -> BoxCrops:
    """The boxes of 2024 cut by others, tight around the frame; the frame is found again and brought to its place.

    `febriyan_truth.csv` corrects the labels that were looked at and found wrong; a box with no label there is left out.
    """
    folder = data / FEBRIYAN
    checked = {entry["file"]: entry for entry in read_table(CHECKED)}
    images, rows = [], []
    for entry in read_table(folder / "labels.csv"):
        sign, corrected = entry["label"], 0
        if entry["file"] in checked:
            sign = checked[entry["file"]]["label"]
            corrected = int(checked[entry["file"]]["corrected"] or UNKNOWN)
        elif sign == "?":
            continue
        if not sign:
            continue
        label = BOX_CLASSES.find(sign)
        images.append(framed(read_picture(folder / entry["file"])))
        rows.append((label, UNKNOWN if label < 0 else 0, corrected, f"febriyan:{entry['file']}", "febriyan", entry["file"]))
    return _crops(np.stack(images), rows)


def from_cut(data: Path, *, without: Collection[str]) -> BoxCrops:
    """The boxes of the other forms, cut with a narrow rim by others; sheets named in `without` are left out."""
    images, rows = [], []
    for entry in read_table(data / "boxes" / "cut.csv"):
        if entry["sheet"].removesuffix(".jpg") in without:
            continue
        sign = "_" if entry["label"] == "blank" else entry["label"]
        label = BOX_CLASSES.find(sign) if len(sign) == 1 else UNKNOWN
        scratched = int(entry["label"] == "scratch")
        images.append(placed(read_picture(data / "boxes" / "cut" / entry["file"]), inset=(0.06, 0.94, 0.06, 0.94)))
        rows.append((label, int(label < 0), scratched, entry["group"], entry["set"], entry["file"]))
    return _crops(np.stack(images), rows)


def framed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring a tight crop into the training layout by its frame: the darkest line near each side."""
    dark = 255.0 - cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), max(picture.shape[:2]) / 60).astype(np.float32)
    across = dark[round(dark.shape[0] * 0.2) : round(dark.shape[0] * 0.8)].mean(axis=0)
    down = dark[:, round(dark.shape[1] * 0.2) : round(dark.shape[1] * 0.8)].mean(axis=1)
    left, right = _frame_lines(across)
    top, bottom = _frame_lines(down)
    return placed(picture, inset=(left, right, top, bottom))


def placed(picture: NDArray[np.uint8], *, inset: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """Warp a picture so that its frame (left, right, top, bottom as shares of the picture) lies as in a training crop.

    What the picture does not show is filled with the colour of its paper.
    """
    height, width = picture.shape[:2]
    left, right, top, bottom = inset
    near, far = (share * CROP_SIZE for share in FRAME_SHARE)
    scale_x, scale_y = (far - near) / ((right - left) * width), (far - near) / ((bottom - top) * height)
    paper = np.percentile(picture.reshape(-1, 3), 75, axis=0)
    shrink = min(scale_x, scale_y)
    if shrink < 1:
        smaller = (max(1, round(width * scale_x)), max(1, round(height * scale_y)))
        picture = np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.uint8)
        scale_x, scale_y, width, height = scale_x * width / smaller[0], scale_y * height / smaller[1], *smaller
    matrix = np.array([[scale_x, 0, near - left * width * scale_x], [0, scale_y, near - top * height * scale_y]])
    fill = [float(channel) for channel in paper]
    size = (CROP_SIZE, CROP_SIZE)
    warped = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill)
    return np.asarray(warped, np.uint8)


def _frame_lines(profile: NDArray[np.float32]) -> tuple[float, float]:
    """The two frame lines in a profile of darkness, as shares of its length."""
    count = len(profile)
    reach = max(2, round(count * 0.24))
    first = int(np.argmax(profile[:reach]))
    last = count - 1 - int(np.argmax(profile[::-1][:reach]))
    return (first + 0.5) / count, (last + 0.5) / count


def _crops(images: NDArray[np.uint8], rows: Sequence[tuple[int, int, int, str, str, str]]) -> BoxCrops:
    labels, illegible, corrected, groups, sets, names = zip(*rows, strict=True)
    return BoxCrops(
        images=images,
        labels=np.array(labels, np.int64),
        illegible=np.array(illegible, np.int64),
        corrected=np.array(corrected, np.int64),
        groups=np.array(groups),
        sets=np.array(sets),
        names=np.array(names),
    )


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) BGR; FileNotFoundError when there is no picture."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(f"{path}: not a readable picture")
    return np.asarray(picture, np.uint8)
