// A claim is kept while the person works on the sheet, and no longer: whoever goes away gives it to others. Before anything is sent it is
// asked whether the claim still stands, so that what was typed stays on the page when it does not.

const EVERY_MS = 60_000;

const form = document.querySelector("form[data-renew]");
const notices = { stale: document.querySelector("[data-stale]"), offline: document.querySelector("[data-offline]") };
let worked = true;
let sending = false;

async function stands() {
  const answer = await fetch(form.dataset.renew, {
    method: "POST",
    headers: { "X-CSRF-Token": form.elements.csrf.value },
    body: new URLSearchParams({ version: form.elements.version.value }),
  }).catch(() => null);
  notices.offline.hidden = answer !== null;
  notices.stale.hidden = answer === null || answer.ok;
  return answer?.ok ?? false;
}

for (const what of ["input", "focusin"]) form.addEventListener(what, () => { worked = true; });
setInterval(() => {
  if (worked) stands();
  worked = false;
}, EVERY_MS);

form.addEventListener("submit", async (event) => {
  if (sending || event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  if (await stands()) {
    sending = true;
    form.requestSubmit(event.submitter);
  } else {
    Object.values(notices).find((notice) => !notice.hidden).scrollIntoView({ block: "center" });
  }
});
