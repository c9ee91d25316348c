"""An ONNX file with what the reader must know of it, or a clear error.

A path comes in, a ready session and the file's own account of itself come out. The idea: a model says what it is (kind, layout
version, patch size, calibration) in its metadata, and a file that is missing, damaged or meant for another version of the
reader never gives a number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

REMEDY = "restore the file from the repository, or make it again with `sirekap train {kind}`"

MODEL_NAMES = ("digits", "corrections", "bubbles", "tally", "row_sums")
"""The models a reader needs: each is a file of that name in the folder of the models."""


class ModelError(Exception):
    """A model file cannot be used; the message names the file and what to do."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A loaded model.

    Attributes
    ----------
    version
        First 12 hex digits of the SHA-256 of the file: what a reading records of the model that made it.
    metadata
        The account that the training wrote into the file.
    """

    path: Path
    version: str
    metadata: Mapping[str, str]
    _session: Any

    def run(self, patches: NDArray[np.float32]) -> NDArray[np.float64]:
        """(N, K) float64 outputs for (N, C, S, S) float32 inputs, computed picture by picture on one thread."""
        (outputs,) = self._session.run(None, {"patches": patches})
        return np.asarray(outputs, np.float64)


def load_model(path: Path, *, kind: str, layout: str) -> ModelFile:
    """Load a model and check that it is of this kind and made for this reader.

    Raises
    ------
    ModelError
        When the file is missing, not an ONNX model, of another kind, or of another layout version.
    """
    remedy = REMEDY.format(kind=kind)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: the {kind} model cannot be read ({error.strerror}); {remedy}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"{path}: not a readable ONNX model ({type(error).__name__}); {remedy}") from error
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    if metadata.get("kind") != kind:
        raise ModelError(f"{path}: a model of kind {metadata.get('kind', 'unknown')!r}, wanted {kind!r}; {remedy}")
    if metadata.get("layout") != layout:
        raise ModelError(f"{path}: made for layout {metadata.get('layout', 'unknown')!r}, this reader needs {layout!r}; {remedy}")
    return ModelFile(path, hashlib.sha256(content).hexdigest()[:12], metadata, session)
