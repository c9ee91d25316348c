"""Rules, fusion of the writings of a number, findings and the verdict. Pure mathematics: no images, no models, no files."""

from pipeline.crosscheck.assemble import CrosscheckResult, crosscheck
from pipeline.crosscheck.fusion import boxes_corrected
from pipeline.crosscheck.policy import VerdictPolicy
from pipeline.crosscheck.reading import FieldReading

__all__ = ["CrosscheckResult", "FieldReading", "VerdictPolicy", "boxes_corrected", "crosscheck"]
