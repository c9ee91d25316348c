"""Opening files safely: paths in, upright photos out, and how good they are as pictures."""

from pipeline.imaging.files import Discovery, Item, discover
from pipeline.imaging.opening import decode, open_images
from pipeline.imaging.photo import Limits, Photo, Unopened
from pipeline.imaging.quality import PhotoQuality, QualityPolicy, explain, measure_quality

__all__ = [
    "Discovery",
    "Item",
    "Limits",
    "Photo",
    "PhotoQuality",
    "QualityPolicy",
    "Unopened",
    "decode",
    "discover",
    "explain",
    "measure_quality",
    "open_images",
]
