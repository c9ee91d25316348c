// What goes into the copy for witnesses: every photo of the station that counts, with its reading and its receipt.

import { language, text } from "./words.js";

export async function copyOf(model) {
  const { officer, regions, elections } = model.me;
  const seen = elections.flatMap((election) => election.pages.map((one) => ({ ...one, seen: model.ofPage(one) }))).filter((one) => one.seen !== null);
  const others = model.others.filter(({ state }) => state !== "draft").map((one) => ({ title: null, page: one.here?.page ?? "", seen: one }));
  const pages = [];
  for (const one of [...seen, ...others]) {
    const blob = await photoOf(one.seen);
    if (blob !== null) pages.push(pageOf(model, one, blob));
  }
  return {
    language: language(),
    station: { tps: officer.tps, number: String(officer.number), names: regions },
    made_at: inJakarta(Date.now() - (model.me.ahead ?? 0)),
    election: elections.map((election) => election.name).join(", "),
    pages,
    notes: model.note,
  };
}

// A moment as ISO 8601 with the offset of Jakarta, by which all times of the copy are written.
function inJakarta(moment) {
  return `${new Date(moment + 7 * 3_600_000).toISOString().slice(0, 19)}+07:00`;
}

// The photo as this phone took it; one that another phone sent is asked of the server, as long as there is a line.
async function photoOf({ here, there }) {
  if (here !== null) return here.blob;
  const sheet = there.sheets[0];
  const answer = sheet ? await fetch(`/sheets/${sheet.reading}/photo.jpg`).catch(() => null) : null;
  return answer?.ok ? answer.blob() : null;
}

function pageOf(model, { title, page, seen }, blob) {
  const { here, there, state } = seen;
  const sheet = there?.sheets.find((one) => !one.superseded && one.refusal === null) ?? null;
  const said = sheet === null ? null : model.saidOf(sheet);
  const receipt = there?.receipt ?? here?.receipt ?? null;
  return {
    form_title: title === null ? "" : text(title),
    page: sheet?.page ?? page ?? "",
    photo: blob,
    taken_at: here === null ? null : new Date(here.taken_at - (model.me.ahead ?? 0)).toISOString(),
    sha256: seen.sha256,
    state: receipt === null ? "waiting" : ["agreed", "corrected"].includes(state) ? "confirmed" : state === "read" ? "read" : "received",
    receipt: receipt && { position: receipt.position, ledger_hash: receipt.hash, received_at: receipt.at, link: receipt.link },
    numbers: (sheet?.numbers ?? []).map((one) => ({
      label: text(one.label),
      read: one.value === null ? (one.state === "blank" ? "" : null) : String(one.value),
      sure: !one.doubted,
      told: said === null ? null : one.id in said.others ? String(said.others[one.id].value ?? "") : one.value === null ? "" : String(one.value),
    })),
    findings: (sheet?.findings ?? []).map((one) => text(one.message)),
  };
}
