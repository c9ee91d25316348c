"""The accounts: who is there, who comes in, who goes."""

from __future__ import annotations

from starlette.responses import Response

from pipeline.sheet import Text
from pipeline.store.accounts import AccountError, Role, add_account, all_accounts, deactivate, generated_password
from pipeline.web.policy import Policy, Routes
from pipeline.web.visit import CurrentVisit, PageError, Visit
from pipeline.web.wording import ROLES

ACCOUNTS_AT_ONCE = 100

OWN_ACCOUNT = Text(
    "Akun sendiri tidak dapat dinonaktifkan; minta pengelola lain.", "One's own account cannot be deactivated; ask another administrator."
)

ADMINS = Policy(frozenset({Role.ADMIN}))

routes = Routes()


@routes.get("/accounts", policy=ADMINS)
def accounts(visit: CurrentVisit) -> Response:
    return _page(visit, after=visit.request.query_params.get("after", ""))


@routes.post("/accounts", policy=ADMINS)
def add(visit: CurrentVisit) -> Response:
    """Add an account with a password that is shown once."""
    name, region, password = visit.field("name").strip().lower(), visit.field("region").strip(), generated_password()
    chosen = visit.field("role")
    if chosen not in set(Role):
        raise PageError(400, Text("Pilih peran dari daftar.", "Choose a role of the list."))
    try:
        with visit.writing() as connection:
            account = add_account(connection, name=name, role=Role(chosen), region=region, password=password)
    except AccountError as error:
        return _page(visit, status=400, said=error.said, name=name, role=chosen, region=region)
    return _page(visit, added=account.name, password=password)


@routes.post("/accounts/{name}/deactivate", policy=ADMINS)
def end(visit: CurrentVisit, name: str) -> Response:
    if name == visit.account.name:
        raise PageError(409, OWN_ACCOUNT)
    try:
        with visit.writing() as connection:
            deactivate(connection, name)
    except AccountError as error:
        raise PageError(404, error.said) from error
    return visit.redirect("/accounts")


def _page(
    visit: Visit,
    *,
    status: int = 200,
    after: str = "",
    said: Text | None = None,
    added: str = "",
    password: str = "",
    name: str = "",
    role: str = "",
    region: str = "",
) -> Response:
    with visit.reading() as connection:
        shown = all_accounts(connection, after=after, limit=ACCOUNTS_AT_ONCE + 1)
    more = shown[ACCOUNTS_AT_ONCE - 1].name if len(shown) > ACCOUNTS_AT_ONCE else ""
    return visit.page(
        "accounts.html", status=status, accounts=shown[:ACCOUNTS_AT_ONCE], more=more, roles=ROLES, said=said, added=added,
        password=password, name=name, role=role, region=region,
    )  # fmt: skip
