"""The pages, one module for each thing that people do; to add one, write a module with `routes` and name it here."""

from pipeline.web.pages import (
    accounts,
    d_hasil,
    health,
    home,
    language,
    links,
    live,
    login,
    mobile,
    phones,
    pictures,
    recap,
    receipts,
    review,
    sheets,
    uploads,
)

ALL = (
    login.routes, home.routes, uploads.routes, sheets.routes, pictures.routes, review.routes, recap.routes, d_hasil.routes, live.routes,
    accounts.routes, language.routes, health.routes, links.routes, mobile.routes, phones.routes, receipts.routes,
)  # fmt: skip
