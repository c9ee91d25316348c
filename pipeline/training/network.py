"""The networks: one for a digit box, one for a bubble, and one, with its own number of classes each, for tally cells and row-sum boxes.

All are small plain convolutional nets that end in 1 x 1 convolutions instead of matrix products, because a convolution is
computed picture by picture: the result for one box is then the same bits whatever else is in its batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

BOX_OUTPUTS = 15
"""13 classes, illegible, corrected."""

BOX_MEMBERS = 2
"""More would take a page over the 40 ms that its networks may take together."""

BUBBLE_OUTPUTS = 3
"""Empty, filled, erased."""

CORRECTION_OUTPUTS = 1
"""Corrected."""


def _block(inputs: int, outputs: int, *, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


class BoxNetwork(nn.Module):
    """(N, 3, 48, 48) normalised patch to (N, 15) logits."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_block(3, 24, stride=2),
            *_block(24, 32),
            *_block(32, 48, stride=2),
            *_block(48, 64),
            *_block(64, 96, stride=2),
            *_block(96, 96),
        )
        self.gather = nn.Sequential(
            nn.Conv2d(96, 128, 6, bias=False, groups=4), nn.BatchNorm2d(128), nn.ReLU(inplace=True), nn.Dropout(0.2)
        )
        self.heads = nn.Conv2d(128, BOX_OUTPUTS, 1)

    def forward(self, patches: Tensor) -> Tensor:
        return torch.flatten(self.heads(self.gather(self.features(patches))), 1)


class BoxEnsemble(nn.Module):
    """Two `BoxNetwork` that began apart and see the same batches (Lakshminarayanan et al. 2017, "deep ensembles").

    While training, (N, 3, 48, 48) to (2, N, 15) logits, each member's own; after that their mean, (N, 15). Where a hand is new to both,
    they err differently.
    """

    def __init__(self) -> None:
        super().__init__()
        self.members = nn.ModuleList(BoxNetwork() for _ in range(BOX_MEMBERS))

    def forward(self, patches: Tensor) -> Tensor:
        logits = torch.stack([member(patches) for member in self.members])
        return logits if self.training else logits.mean(0)


class BubbleNetwork(nn.Module):
    """(N, 9, 20, 20) bubble beside the typical and the darkest bubble of its field, to (N, 3) logits."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*_block(9, 16), *_block(16, 24, stride=2), *_block(24, 32), *_block(32, 32, stride=2))
        self.gather = nn.Sequential(nn.Conv2d(32, 48, 5, bias=False), nn.BatchNorm2d(48), nn.ReLU(inplace=True), nn.Dropout(0.1))
        self.heads = nn.Conv2d(48, BUBBLE_OUTPUTS, 1)

    def forward(self, patches: Tensor) -> Tensor:
        return torch.flatten(self.heads(self.gather(self.features(patches))), 1)


class CorrectionNetwork(nn.Module):
    """(N, 10, 56, 56) box beside the other boxes of its page, to (N, 1) logits.

    Its layers are those of `BoxNetwork`, from which it begins, with a wider rim around a box of the same size: strokes are strokes.
    """

    def __init__(self, beginning: BoxNetwork | None = None) -> None:
        super().__init__()
        whole = BoxNetwork()
        if beginning is not None:
            whole.load_state_dict(beginning.state_dict())
        first = nn.Conv2d(10, 24, 3, 2, 1, bias=False)
        with torch.no_grad():
            first.weight.zero_()
            first.weight[:, :3] = whole.features[0].weight
        self.features = nn.Sequential(first, *whole.features[1:])
        gather = nn.Conv2d(96, 128, 7, bias=False, groups=4)
        with torch.no_grad():
            gather.weight[:] = functional.pad(whole.gather[0].weight, (1, 0, 1, 0))
        self.gather = nn.Sequential(gather, *whole.gather[1:])
        self.heads = nn.Conv2d(128, CORRECTION_OUTPUTS, 1)
        with torch.no_grad():
            self.heads.weight[:] = whole.heads.weight[-1:]
            self.heads.bias[:] = whole.heads.bias[-1:]

    def forward(self, patches: Tensor) -> Tensor:
        return torch.flatten(self.heads(self.gather(self.features(patches))), 1)


class CellNetwork(nn.Module):
    """(N, 3, 32, 32) normalised patch to (N, `outputs`) logits; strides come early, because a page has 180 cells."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 5, 2, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
            *_block(16, 32, stride=2),
            *_block(32, 32),
            *_block(32, 48, stride=2),
        )
        self.gather = nn.Sequential(
            nn.Conv2d(48, 48, 4, bias=False, groups=4), nn.BatchNorm2d(48), nn.ReLU(inplace=True), nn.Dropout(0.1)
        )
        self.heads = nn.Conv2d(48, outputs, 1)

    def forward(self, patches: Tensor) -> Tensor:
        return torch.flatten(self.heads(self.gather(self.features(patches))), 1)


def parameter_count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())
