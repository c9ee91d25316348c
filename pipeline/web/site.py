"""What all visits of a server share: settings, store, forms, pictures, and where one can go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from pipeline.forms import Catalogue
from pipeline.settings import Settings
from pipeline.sheet import Text
from pipeline.store.accounts import Session
from pipeline.store.photos import PhotoStore
from pipeline.store.signing import Signer
from pipeline.store.uploads import Uploads
from pipeline.web.pictures import Pictures
from pipeline.web.policy import Policy

NAVIGATION: tuple[tuple[str, Text], ...] = (
    ("/", Text("Beranda", "Home")),
    ("/upload", Text("Unggah", "Upload")),
    ("/review", Text("Antrean", "Queue")),
    ("/recap", Text("Rekapitulasi", "Recap")),
    ("/live", Text("Langsung", "Live")),
    ("/accounts", Text("Akun", "Accounts")),
)
"""The places of the navigation, in its order; who sees which follows from the policies of their pages."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is opened when the server starts and closed when it ends.

    Attributes
    ----------
    policies
        Of each page, by method and path.
    photos_came
        To be called when photos were taken in, so that they are read at once.
    """

    settings: Settings
    store: Engine
    photos: PhotoStore
    uploads: Uploads
    signer: Signer
    pictures: Pictures
    catalogue: Catalogue
    policies: Mapping[tuple[str, str], Policy]
    photos_came: Callable[[], None]

    def links(self, session: Session | None, path: str) -> list[tuple[str, Text, bool]]:
        """Path and name of each place a visitor may go to, and whether the path of the visit is in it."""
        return [
            (place, name, path == place or (place != "/" and path.startswith(f"{place}/")))
            for place, name in NAVIGATION
            if ("GET", place) in self.policies and self.policies["GET", place].admits(session)
        ]
