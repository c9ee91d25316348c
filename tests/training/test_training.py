"""Training: folds that stay put, batches that are a function of their number, runs that go on where they stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from pipeline.forms import load_catalogue  # noqa: E402
from pipeline.recognition.bubbles import NONE, BubbleReader  # noqa: E402
from pipeline.recognition.corrections import CorrectionReader  # noqa: E402
from pipeline.recognition.digits import DigitReader  # noqa: E402
from pipeline.recognition.row_sums import CLOSED, FILLER, RowSumReader  # noqa: E402
from pipeline.recognition.tally import TallyReader  # noqa: E402
from pipeline.registration import RegistrationPolicy  # noqa: E402
from pipeline.sheet import BOX_CLASSES  # noqa: E402
from pipeline.training.augment import Damage, damaged  # noqa: E402
from pipeline.training.box_batches import BoxBatches, Pool, box_loss, ensemble_loss, written_on  # noqa: E402
from pipeline.training.boxes import BLANKS, CROP_SIZE, FRAME_SHARE, BoxCrops, framed, from_blanks, from_cut  # noqa: E402
from pipeline.training.bubble_batches import BubbleBatches  # noqa: E402
from pipeline.training.bubbles import EMPTY, EXCEPTIONS, FILLED, read_exceptions  # noqa: E402
from pipeline.training.bubbles_card import bubbles_card  # noqa: E402
from pipeline.training.cell_batches import CellBatches, balanced, cell_loss  # noqa: E402
from pipeline.training.cell_truth import (  # noqa: E402
    ROW_SUM_EXCEPTIONS,
    TALLY_EXCEPTIONS,
    read_written,
    row_sums_allowed,
    tally_allowed,
    totals,
)
from pipeline.training.cells import CROP_SIZE as CELL_CROP_SIZE  # noqa: E402
from pipeline.training.cells import ROW_SUMS, TALLY, UNKNOWN, CellCrops, from_digit_boxes, number_of  # noqa: E402
from pipeline.training.cells_card import cells_card  # noqa: E402
from pipeline.training.correction_batches import BOXES_OF_A_PAGE, CorrectionBatches, Pages, correction_loss  # noqa: E402
from pipeline.training.corrections import Correction, initialled, make, small, squat  # noqa: E402
from pipeline.training.corrections_card import corrections_card  # noqa: E402
from pipeline.training.digits_card import digits_card  # noqa: E402
from pipeline.training.drawn_bubbles import drawn_bubbles  # noqa: E402
from pipeline.training.export import Calibration, probabilities  # noqa: E402
from pipeline.training.fit import Batch, Schedule, fit  # noqa: E402
from pipeline.training.folds import FOLDS, fold_of, folds_of  # noqa: E402
from pipeline.training.measures import Rate, best_flag_scale, best_temperature, tail  # noqa: E402
from pipeline.training.network import BoxEnsemble, BoxNetwork, BubbleNetwork, CellNetwork, CorrectionNetwork, parameter_count  # noqa: E402
from pipeline.training.run import FINAL  # noqa: E402
from pipeline.training.sheets import load_sheets  # noqa: E402
from pipeline.training.simulated import simulated  # noqa: E402
from pipeline.training.train_bubbles import BubblesOutOfFold, export_bubbles  # noqa: E402
from pipeline.training.train_cells import ROW_SUMS_MODEL, TALLY_MODEL, CellModel, export_cells, pools_of  # noqa: E402
from pipeline.training.train_cells import out_of_fold as cells_out_of_fold  # noqa: E402
from pipeline.training.train_corrections import export_corrections  # noqa: E402
from pipeline.training.train_corrections import out_of_fold as corrections_out_of_fold  # noqa: E402
from pipeline.training.train_digits import export_digits, out_of_fold  # noqa: E402

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
DIGITS = [(np.full((3, 12, 8), 200, np.uint8), np.array([1, 4, 7], np.int64))]


def boxes(count: int = 24, seed: int = 0) -> BoxCrops:
    return simulated(count, DIGITS, random=np.random.default_rng(seed))


def test_a_paper_keeps_its_fold() -> None:
    assert [fold_of(group) for group in ("TPS_002.jpg", "TPS_003.jpg", "c14_1773007")] == [0, 0, 3]


def test_folds_are_about_equal() -> None:
    counts = np.bincount(folds_of(f"paper {n}" for n in range(1000)), minlength=FOLDS)
    assert counts.min() > 150


def test_a_batch_is_a_function_of_its_number() -> None:
    batches = BoxBatches([Pool.of(boxes(), 1.0)], 16, seed=3)
    first, again, other = batches(5), batches(5), batches(6)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_a_batch_has_the_readers_patches_and_known_targets() -> None:
    patches, labels, illegible, corrected = BoxBatches([Pool.of(boxes(), 1.0)], 64, seed=3)(0)
    assert patches.shape == (64, 3, 48, 48)
    assert torch.isfinite(patches).all()
    assert set(labels.tolist()) <= set(range(-1, len(BOX_CLASSES)))
    assert set(illegible.tolist()) | set(corrected.tolist()) <= {-1, 0, 1}


def test_in_a_balanced_pool_a_rare_set_is_not_drowned() -> None:
    many, few = boxes(400, seed=1), boxes(4, seed=2)
    few = replace(few, sets=np.full(4, "few"), labels=np.full(4, 3))
    many = replace(many, labels=np.full(400, BOX_CLASSES.index("x")))
    pool = Pool.of(BoxCrops.join([many, few]), 1.0, balanced=True)
    random = np.random.default_rng(0)
    drawn = sum(pool.draw(random) >= 400 for _ in range(4000)) / 4000
    assert drawn == pytest.approx(2 / 22, abs=0.02)


def test_signs_laid_on_blank_boxes_are_seen_and_some_stay_blank() -> None:
    blank = np.full((6, CROP_SIZE, CROP_SIZE, 3), 230, np.uint8)
    names = np.array([f"form {n % 2}" for n in range(6)])
    nothing = np.zeros(6, np.int64)
    forms = BoxCrops(blank, np.full(6, BOX_CLASSES.index("_")), nothing, nothing, names, np.full(6, BLANKS), names)
    signs = boxes(60)
    signs = signs.take((signs.labels >= 0) & (signs.labels < 10))
    written = written_on(forms, signs, 80, random=np.random.default_rng(0))
    empty = written.labels == BOX_CLASSES.index("_")
    assert 5 < empty.sum() < 40
    assert (written.images[empty] == 230).all()
    assert all((image != 230).any() for image in written.images[~empty])
    assert (blank == 230).all()


def test_a_sign_pressed_flat_stays_in_its_box() -> None:
    (image,) = boxes(1).images
    pressed = squat(image, np.random.default_rng(0))
    near, far = (round(share * CROP_SIZE) for share in FRAME_SHARE)
    outside = np.ones((CROP_SIZE, CROP_SIZE), np.bool_)
    outside[near:far, near:far] = False
    assert (pressed[outside] == image[outside]).all()
    assert (pressed != image).any()


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not there")
def test_the_boxes_of_blank_forms_are_of_many_forms_and_empty() -> None:
    blanks = from_blanks(DATA, load_catalogue(), RegistrationPolicy())
    assert len(set(blanks.groups)) >= 12
    assert set(blanks.labels) == {BOX_CLASSES.index("_")}


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not there")
def test_what_a_placed_sheet_shows_is_not_taken_from_the_crops_of_others() -> None:
    everything, rest = from_cut(DATA, without=()), from_cut(DATA, without={"c14_1773007"})
    assert len(everything) - len(rest) == 12
    assert "c14_1773007" not in rest.groups


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not there")
def test_struck_out_boxes_and_strokes_over_several_are_known_as_such() -> None:
    sheets = {Path(sheet.name).stem: sheet for sheet in load_sheets(DATA, sets=("scan-2014", "c1-2019-page1"))}
    struck_out = sheets["c14_1623438"]
    assert all(struck_out.signs[field][box] == "s" for field, box in struck_out.corrected)
    assert struck_out.corrected
    assert any(len(sheet.struck) >= 6 for sheet in sheets.values())


@pytest.mark.parametrize("kind", list(Correction))
def test_a_correction_changes_the_inside_of_a_box(kind: Correction) -> None:
    crops = boxes(40).take(np.nonzero(boxes(40).labels >= 0)[0])
    random = np.random.default_rng(1)
    made = make(kind, crops.images[0], crops.images[1], label_below=int(crops.labels[0]), label_above=int(crops.labels[1]), random=random)
    assert made.image.shape == crops.images[0].shape
    assert (made.image != crops.images[0]).any()
    assert 1 in (made.corrected, made.illegible)


def test_damage_gives_a_patch_of_the_asked_size() -> None:
    random = np.random.default_rng(2)
    for image in boxes(30).images:
        patch = damaged(image, size=48, inner=0.7, damage=Damage(), random=random)
        assert patch.shape == (48, 48, 3)
        assert patch.dtype == np.uint8


def test_a_tight_crop_is_brought_to_its_frame() -> None:
    picture = np.full((50, 44, 3), 220, np.uint8)
    picture[4:46, 3] = picture[4:46, 40] = 30
    picture[4, 3:41] = picture[45, 3:41] = 30
    dark = 255 - framed(picture).mean(axis=2)
    near, far = (round(share * CROP_SIZE) for share in FRAME_SHARE)
    middle = slice(near + 5, far - 5)
    assert abs(int(dark[middle].mean(axis=0)[: CROP_SIZE // 2].argmax()) - near) <= 1
    assert abs(int(dark[:, middle].mean(axis=1)[CROP_SIZE // 2 :].argmax()) + CROP_SIZE // 2 - far) <= 1


def test_bubble_batches_show_bubbles_beside_the_typical_and_the_darkest_one() -> None:
    drawn = drawn_bubbles(4, random=np.random.default_rng(0))
    inputs, states = BubbleBatches(drawn, drawn, 2, seed=1)(0)
    assert inputs.shape == (60, 9, 20, 20)
    assert torch.equal(inputs[0, 3:], inputs[29, 3:])
    assert {EMPTY, FILLED} <= set(states.tolist())


def test_columns_that_do_not_repeat_their_box_are_listed_once_and_well() -> None:
    exceptions = read_exceptions(EXCEPTIONS)
    assert len(exceptions) == len(EXCEPTIONS.read_text(encoding="utf-8").splitlines()) - 1
    assert all(truth is None or not set(truth.filled) & set(truth.erased) for truth in exceptions.values())


@dataclass(frozen=True)
class Interrupted:
    """Batches that stop with an error at one step."""

    batches: BoxBatches
    at: int

    def __call__(self, step: int) -> Batch:
        if step == self.at:
            raise RuntimeError("stopped")
        return self.batches(step)


def test_training_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    batches = BoxBatches([Pool.of(boxes(), 1.0)], 8, seed=1)
    schedule = Schedule(steps=4, rate=1e-3, checkpoint_every=2)

    def run(batch: Callable[[int], Batch], checkpoint: Path) -> torch.nn.Module:
        torch.manual_seed(1)
        return fit(BoxNetwork(), batch, box_loss, schedule=schedule, name="test", checkpoint=checkpoint)

    whole = run(batches, tmp_path / "whole.checkpoint")
    with pytest.raises(RuntimeError, match="stopped"):
        run(Interrupted(batches, at=3), tmp_path / "stopped.checkpoint")
    resumed = run(batches, tmp_path / "stopped.checkpoint")
    for mine, theirs in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_members_learn_as_if_each_were_alone_and_answer_together() -> None:
    torch.manual_seed(1)
    ensemble = BoxEnsemble()
    batch = BoxBatches([Pool.of(boxes(), 1.0)], 8, seed=1)(0)
    ensemble_loss(ensemble(batch[0]), batch).backward()
    together = [parameter.grad.clone() for parameter in ensemble.members[1].heads.parameters() if parameter.grad is not None]
    ensemble.zero_grad()
    torch.manual_seed(1)
    ensemble = BoxEnsemble()
    ensemble.members[0](batch[0])  # its dropout comes first
    box_loss(ensemble.members[1](batch[0]), batch).backward()
    alone = [parameter.grad for parameter in ensemble.members[1].heads.parameters() if parameter.grad is not None]
    assert len(together) == len(alone) == 2
    assert all(torch.allclose(mine, theirs, atol=1e-6) for mine, theirs in zip(together, alone, strict=True))

    ensemble.eval()
    both = torch.stack([member(batch[0]) for member in ensemble.members])
    assert not torch.allclose(both[0], both[1])
    assert torch.allclose(ensemble(batch[0]), both.mean(0))


def test_probabilities_are_never_certain() -> None:
    stated = probabilities(torch.tensor([[90.0, -90.0, 0.0, 50.0]]), 3, Calibration(floor=1e-3))
    assert stated[0, :3].sum() == pytest.approx(1)
    assert ((stated > 0) & (stated < 1)).all()


def test_an_overconfident_net_gets_a_temperature_above_one() -> None:
    random = np.random.default_rng(0)
    truth = torch.from_numpy(random.integers(0, 3, 3000))
    logits = torch.nn.functional.one_hot(truth, 3) + torch.from_numpy(random.normal(0, 0.7, (3000, 3)))
    assert best_temperature(logits * 8, truth) > 2


@pytest.mark.parametrize("kind", [Correction.FLUID, Correction.ERASED, Correction.OVERWRITTEN])
def test_made_corrections_change_the_box_and_overwriting_keeps_within_its_frame(kind: Correction) -> None:
    crops = boxes(4)
    made = make(kind, crops.images[0], crops.images[1], label_below=1, label_above=2, random=np.random.default_rng(1)).image
    changed = np.abs(made.astype(int) - crops.images[0]).max(axis=2) > 12
    assert changed.any()
    if kind is Correction.OVERWRITTEN:  # the others may run over the frame
        near, far = (round(share * CROP_SIZE) for share in FRAME_SHARE)
        assert not changed[: near - 1].any()
        assert not changed[far + 1 :].any()


def test_small_writing_keeps_the_frame_and_shrinks_the_ink() -> None:
    image = np.full((CROP_SIZE, CROP_SIZE, 3), 220, np.uint8)
    middle = CROP_SIZE // 2
    image[middle - 12 : middle + 12, middle - 2 : middle + 2] = 30
    shrunk = small(image, np.random.default_rng(2))
    heights = [int((picture.min(axis=2) < 150).any(axis=1).sum()) for picture in (image, shrunk)]
    assert heights[1] < 0.9 * heights[0]
    assert heights[1] > 0.3 * heights[0]


def test_the_interval_of_a_rate_holds_the_rate() -> None:
    low, high = Rate(993, 1000).interval()
    assert low < 0.993 < high
    assert (low, high) == pytest.approx((0.98563, 0.99661), abs=1e-4)
    assert Rate(0, 0).interval() == (0.0, 1.0)


def test_the_tail_counts_wrong_among_the_sure() -> None:
    stated = np.array([[0.9995, 0.0005], [0.9995, 0.0005], [0.6, 0.4]])
    found = tail(stated, np.array([0, 1, 1]))
    assert [str(found[f"≥ {level}"]).split(" ")[0] for level in (0.9, 0.99, 0.999)] == ["1/2", "1/2", "1/2"]
    assert str(found["the surest 95%"]).split(" ")[0] == "1/2"
    assert float(str(found["log loss"])) == pytest.approx(-(np.log(0.9995) + np.log(0.0005) + np.log(0.4)) / 3, abs=1e-4)


def test_a_flag_is_stated_as_often_as_it_is_so() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(-2, 2, 20_000)
    answers = random.random(len(logits)) < 1 / (1 + np.exp(-(logits / 1.6 - 1.2)))
    temperature, shift = best_flag_scale(torch.from_numpy(logits), torch.from_numpy(answers.astype(np.int64)))
    assert (temperature, shift) == pytest.approx((1.6, -1.2), abs=0.1)


def test_exported_models_read_and_their_cards_say_how_well(tmp_path: Path) -> None:
    crops = boxes(30)
    networks = {fold: BoxEnsemble().eval() for fold in [*range(FOLDS), FINAL]}
    export_digits(networks[FINAL], tmp_path / "digits.onnx", Calibration(floor=1e-4))
    assert DigitReader(tmp_path / "digits.onnx").read(np.zeros((2, 48, 48, 3), np.uint8)).probabilities.shape == (2, 13)
    card = digits_card(out_of_fold(crops, networks), (tmp_path / "digits.onnx").read_bytes())
    assert "| simulated | 30 |" in card

    pages = replace(crops, names=np.array([f"{n // 6}.jpg:a:{n % 6}" for n in range(30)]), sets=np.full(30, "screen-2024"))
    judges = {fold: CorrectionNetwork().eval() for fold in [*range(FOLDS), FINAL]}
    export_corrections(judges[FINAL], tmp_path / "corrections.onnx", Calibration(floor=1e-3, flag_shift=-3))
    assert CorrectionReader(tmp_path / "corrections.onnx").read(np.zeros((4, 56, 56, 3), np.uint8)).shape == (4,)
    pages = replace(pages, corrected=(np.arange(30) % 4 == 0).astype(np.int64), groups=np.array([f"{n // 6}" for n in range(30)]))
    card = corrections_card(corrections_out_of_fold(pages, judges), (tmp_path / "corrections.onnx").read_bytes())
    assert "| 2.0% | " in card

    fields = drawn_bubbles(6, random=np.random.default_rng(0))
    export_bubbles(BubbleNetwork().eval(), tmp_path / "bubbles.onnx", Calibration(floor=1e-5))
    assert BubbleReader(tmp_path / "bubbles.onnx").read(np.zeros((3, 10, 20, 20, 3), np.uint8)).probabilities.shape == (3, NONE + 2)
    found = BubblesOutOfFold(fields, np.random.default_rng(0).normal(size=(6, 3, 10, 3)).astype(np.float32))
    assert "columns right" in bubbles_card(found, b"model")


def grid(kind: str, number: int, *, rows: int = 2, field: str = "p.jpg:paslon_1", group: str = "p") -> CellCrops:
    """The crops of a field with two rows of three cells of five marks, or with their sums, all of them grey."""
    places = np.arange(rows * (3 if kind == TALLY else 2))
    count = len(places)
    return CellCrops(
        images=np.full((count, CELL_CROP_SIZE, CELL_CROP_SIZE, 3), 200, np.uint8), kinds=np.full(count, kind),
        fields=np.full(count, field), places=places, capacities=np.full(count, 5 if kind == TALLY else 15),
        numbers=np.full(count, number), groups=np.full(count, group), sets=np.full(count, "gammafest-2024"), heights=np.full(count, 800),
    )


@pytest.mark.parametrize(("signs", "number"), [("x23", 23), ("---", 0), ("xx_", 0), ("8__", 8), ("1?3", UNKNOWN), ("8_3", UNKNOWN)])
def test_a_tally_repeats_what_its_boxes_count(signs: str, number: int) -> None:
    assert number_of(signs) == number


def test_cells_are_full_from_the_left_until_the_number_is_used_up() -> None:
    crops = grid(TALLY, 17)
    assert tally_allowed(crops, {}).argmax(axis=1).tolist() == [5, 5, 5, 2, 0, 0]
    assert tally_allowed(crops, {crops.fields[0]: 6}).argmax(axis=1).tolist() == [5, 1, 0, 0, 0, 0]
    assert totals(crops, {crops.fields[0]: (5, 4)}) == {crops.fields[0]: 9}
    listed = tally_allowed(crops, {crops.fields[0]: (5, 4, UNKNOWN, 1)})
    assert [np.flatnonzero(row).tolist() for row in listed] == [[5], [4], [], [1], [0], [0]]
    assert not tally_allowed(crops, {crops.fields[0]: None}).any()


def test_boxes_of_row_sums_may_be_what_counts_the_same() -> None:
    nothing, leading = [FILLER, CLOSED], [0, FILLER, CLOSED]
    written = {0: [leading, leading, nothing, nothing], 7: [leading, [7], nothing, nothing], 22: [[1], [5], leading, [7]]}
    for number, expected in written.items():
        assert [np.flatnonzero(row).tolist() for row in row_sums_allowed(grid(ROW_SUMS, number), {})] == expected


@pytest.mark.parametrize("path", [TALLY_EXCEPTIONS, ROW_SUM_EXCEPTIONS])
def test_fields_that_do_not_repeat_their_number_are_listed_once(path: Path) -> None:
    assert len(read_written(path)) == len(path.read_text(encoding="utf-8").splitlines()) - 1


def test_rare_counts_are_drawn_more_often_than_they_occur() -> None:
    allowed = np.zeros((1009, 6), np.bool_)
    allowed[:1000, 0] = allowed[1000:1008, 3] = True
    chances = balanced(np.full(1009, "a"), allowed)
    assert chances[:1000].sum() == pytest.approx(10 / 12)
    assert chances[-1] == 0


@pytest.mark.parametrize("model", [TALLY_MODEL, ROW_SUMS_MODEL])
def test_cell_models_learn_read_and_say_how_well(model: CellModel, tmp_path: Path) -> None:
    parts = [grid(model.kind, number, field=f"p{number}.jpg:paslon_1", group=f"p{number}") for number in range(28)]
    crops = CellCrops.join(parts if model.kind == TALLY else [*parts, from_digit_boxes(boxes())])
    patches, allowed = batch = CellBatches(pools_of(model, crops), 16, seed=1, tally=True)(3)
    assert patches.shape == (16, 3, 32, 32)
    assert allowed.any(dim=1).all()
    assert torch.isfinite(cell_loss(CellNetwork(model.classes).eval()(patches), batch))

    networks = {fold: CellNetwork(model.classes).eval() for fold in [*range(FOLDS), FINAL]}
    path = tmp_path / f"{model.file}.onnx"
    export_cells(model, networks[FINAL], path, Calibration(floor=1e-4))
    reader = TallyReader(path) if model.kind == TALLY else RowSumReader(path)
    assert reader.read(np.zeros((2, 32, 32, 3), np.uint8)).probabilities.shape == (2, model.classes)
    assert "| all |" in cells_card(cells_out_of_fold(model, CellCrops.join(parts), networks), path.read_bytes())


def pages_of_boxes(count: int = 30) -> BoxCrops:
    """Boxes of two photos of the poster."""
    crops = boxes(count)
    names = np.array([f"{n % 2}.jpg:paslon_1:{n}" for n in range(count)])
    return replace(crops, names=names, sets=np.full(count, "gammafest-2024"), corrected=np.zeros(count, np.int64))


def test_pages_with_corrections_come_whole_and_corrections_are_made_on_them() -> None:
    batches = CorrectionBatches(Pages.of(pages_of_boxes()), 4, seed=7)
    first, again, other = batches(2), batches(2), batches(3)
    assert first[0].shape == (4 * BOXES_OF_A_PAGE, 10, 56, 56)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    assert torch.isfinite(first[0]).all()
    made = torch.cat([batches(step)[1] for step in range(6)]).float().mean()
    assert 0.03 < made < 0.3
    assert torch.isfinite(correction_loss(CorrectionNetwork().eval()(first[0]), first))


def test_initials_stand_beside_the_box() -> None:
    image = boxes(1).images[0]
    near, far = (round(share * CROP_SIZE) for share in FRAME_SHARE)
    changed = np.mean([(initialled(image, np.random.default_rng(seed)) != image).any(axis=2) for seed in range(40)], axis=0)
    inside = changed[near + 5 : far - 5, near + 5 : far - 5]
    assert changed.sum() - inside.sum() > 2 * inside.sum()


def test_networks_are_small() -> None:
    assert parameter_count(CorrectionNetwork()) < 400_000
    assert parameter_count(CellNetwork(12)) < 40_000
    assert parameter_count(BoxNetwork()) < 400_000
    assert parameter_count(BubbleNetwork()) < 100_000
