"""Write a trained network as one ONNX file that says what it is.

A network, its calibration and its account of itself come in; an ONNX file that gives probabilities comes out. The idea: temperature,
shift and floor are part of the file, so no reader can use the weights without their calibration.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

OPSET = 17


@dataclass(frozen=True, slots=True)
class Calibration:
    """How logits become probabilities.

    Attributes
    ----------
    temperature
        Divides the class logits.
    floor
        Share of the uniform distribution mixed in, so that nothing is ever certain.
    flag_temperature
        Divides the logits of the yes/no outputs after the classes.
    flag_shift
        Added to those logits after that: what is more frequent in training than on sheets must not be stated as frequent as there.
    """

    temperature: float = 1.0
    floor: float = 1e-4
    flag_temperature: float = 1.0
    flag_shift: float = 0.0


class Calibrated(nn.Module):
    """A network that gives probabilities: `classes` that sum to 1, if any, then one for each flag."""

    def __init__(self, network: nn.Module, classes: int, calibration: Calibration) -> None:
        super().__init__()
        self.network, self.classes, self.calibration = network, classes, calibration

    def forward(self, patches: Tensor) -> Tensor:
        return probabilities(self.network(patches), self.classes, self.calibration)


def probabilities(logits: Tensor, classes: int, calibration: Calibration) -> Tensor:
    """(N, K) logits to (N, K) probabilities; the first `classes` columns are one distribution."""
    floor = calibration.floor
    flags = torch.sigmoid(logits[:, classes:] / calibration.flag_temperature + calibration.flag_shift) * (1 - floor) + floor / 2
    if classes == 0:
        return flags
    signs = torch.softmax(logits[:, :classes] / calibration.temperature, dim=1) * (1 - floor) + floor / classes
    return torch.cat([signs, flags], dim=1)


def export(
    network: nn.Module,
    path: Path,
    *,
    classes: int,
    input_shape: tuple[int, int, int],
    calibration: Calibration,
    account: Mapping[str, str],
) -> None:
    """Write `network` with its calibration to `path`; the file appears whole or not at all."""
    whole = Calibrated(network.eval().to(memory_format=torch.contiguous_format), classes, calibration).eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The tracing exporter is called old, but writes plain convolutions; the new one warns of its own internals.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            whole,
            (torch.zeros(1, *input_shape),),
            buffer,
            input_names=["patches"],
            output_names=["probabilities"],
            dynamic_axes={"patches": {0: "count"}, "probabilities": {0: "count"}},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    for key, value in sorted(account.items()):
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(model.SerializeToString(deterministic=True))
    part.replace(path)
