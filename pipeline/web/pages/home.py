"""The page after the login: who one is here, and what one can do."""

from __future__ import annotations

from starlette.responses import Response

from pipeline.sheet import Text
from pipeline.store.accounts import Role
from pipeline.web.policy import ANYONE, Policy, Routes
from pipeline.web.visit import CurrentVisit
from pipeline.web.wording import ROLES, named

TASKS: dict[str, Text] = {
    "/upload": Text(
        "Kirim foto halaman C.Hasil dan lihat apa yang terbaca.", "Send photos of C.Hasil pages and see what was read."
    ),
    "/review": Text(
        "Periksa lembar yang diragukan, satu per satu, di samping fotonya.", "Look at doubtful sheets, one by one, beside their photos."
    ),
    "/recap": Text(
        "Ikuti hasil dari TPS sampai nasional, dengan bukti setiap angka.", "Follow results from station to nation, each with its evidence."
    ),
    "/live": Text("Lihat apa yang datang dan dibaca saat ini juga.", "See what comes in and is read right now."),
    "/accounts": Text("Tambah dan nonaktifkan akun.", "Add and deactivate accounts."),
}
"""What one does at each place of the navigation."""

routes = Routes()


@routes.get("/", policy=Policy(ANYONE))
def home(visit: CurrentVisit) -> Response:
    with visit.reading() as connection:
        region = named(connection, visit.account.region)
    tasks = [(path, name, TASKS[path]) for path, name, _ in visit.links() if path in TASKS]
    if visit.account.role is Role.KPPS:
        station = Text("Foto TPS Anda", "Photos of your station")
        status = Text("Lihat status setiap foto yang sudah dikirim.", "See what became of every photo that was sent.")
        tasks.append((f"/stations/{visit.account.region}", station, status))
    return visit.page("home.html", role=ROLES[visit.account.role], region=region, tasks=tasks)
