"""The files of Sirekap Mobile: one page, its scripts, and what lets a phone keep all of it and start without a line.

What the app does is in `static/mobile/`; what it asks is answered by `phones`.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache

from starlette.responses import Response

from pipeline.web.language import FOLDER
from pipeline.web.policy import PUBLIC, Routes
from pipeline.web.security import HEADERS, STATIC
from pipeline.web.visit import CurrentVisit

STATIC_FILES = FOLDER / "static"
SCRIPTS = STATIC_FILES / "mobile"
VENDORED = ("jspdf.umd.min.js", "opencv-4.12.0-release.1.js.gz", "qrcode-generator.js")
"""Code of others that the app keeps."""

WORKER_POLICY = "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'none'"
"""OpenCV.js makes functions of texts: in a worker of its own, which has no page and reaches no server, and nowhere else."""

JAVASCRIPT = "text/javascript"

routes = Routes()


@routes.get("/m", policy=PUBLIC)
def shell(visit: CurrentVisit) -> Response:
    """The page that the app fills; the same for everybody, since a phone keeps it."""
    response = visit.page("mobile.html")
    response.headers["cache-control"] = "no-cache"
    return response


@routes.get("/m/sw.js", policy=PUBLIC)
def service_worker(visit: CurrentVisit) -> Response:
    """The service worker with the list of what the phone keeps: another list is another version."""
    kept = f"const KEPT = {json.dumps(kept_files(), indent=1)};\n"
    headers = {"cache-control": "no-cache", "service-worker-allowed": "/m"}
    return Response(kept + (SCRIPTS / "sw.js").read_text("utf-8"), media_type=JAVASCRIPT, headers=headers)


@routes.get("/m/check-worker.js", policy=PUBLIC)
def check_worker(visit: CurrentVisit) -> Response:
    """The worker that looks at photos; the only script that may make code of texts."""
    headers = {"content-security-policy": WORKER_POLICY, "cache-control": "no-cache"}
    return Response((SCRIPTS / "check-worker.js").read_bytes(), media_type=JAVASCRIPT, headers=headers)


@routes.get("/m/manifest.webmanifest", policy=PUBLIC)
def manifest(visit: CurrentVisit) -> Response:
    """What a phone needs to put the app among its others."""
    said = {
        "name": "Sirekap Mobile", "short_name": "Sirekap", "start_url": "/m", "scope": "/m", "id": "/m", "display": "standalone",
        "orientation": "portrait", "lang": visit.language.value, "background_color": "#10151c", "theme_color": "#10151c",
        "icons": [
            {"src": f"{STATIC}/mobile/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any maskable"}
            for size in (192, 512)
        ],
    }  # fmt: skip
    return Response(json.dumps(said), media_type="application/manifest+json", headers={"cache-control": "no-cache"})


@cache
def kept_files() -> dict[str, str]:
    """Every address that the app needs without a line, with the beginning of the SHA-256 of what is there."""
    there = {f"{STATIC}/mobile/{file.name}": file for file in sorted(SCRIPTS.iterdir()) if file.name not in {"sw.js", "check-worker.js"}}
    there |= {f"{STATIC}/vendor/{name.removesuffix('.gz')}": STATIC_FILES / "vendor" / name for name in VENDORED}
    there["/m/check-worker.js"] = SCRIPTS / "check-worker.js"
    kept = {address: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for address, file in there.items()}
    shell = (FOLDER / "templates" / "mobile.html").read_bytes() + HEADERS["content-security-policy"].encode()
    return {"/m": hashlib.sha256(shell).hexdigest()[:16], "/m/manifest.webmanifest": "1", **kept}
