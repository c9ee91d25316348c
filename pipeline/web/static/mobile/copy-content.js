// What goes into the copy for witnesses: every photo of the station that counts, with its reading and its receipt.

import { photos } from "./keep.js";
import { language, say, text, when } from "./words.js";

export async function copyOf(model) {
  const { officer, regions, elections } = model.me;
  const expected = elections.flatMap((election) => election.pages.map((one) => ({ ...one, seen: model.ofPage(one) })));
  const seen = expected.filter((one) => one.seen !== null);
  const others = model.others.filter(({ state }) => state !== "draft").map((one) => ({ title: null, page: one.here?.page ?? "", seen: one }));
  const pages = [];
  const missing = expected.filter((one) => one.seen === null).map((one) => ({ ...named(one), taken: false }));
  for (const one of [...seen, ...others]) {
    const blob = await photoOf(one.seen);
    if (blob === null) missing.push({ ...named(one), taken: true });
    else pages.push(pageOf(model, one, blob));
  }
  return {
    language: language(),
    station: { tps: officer.tps, number: String(officer.number), names: regions },
    made_at: inJakarta(Date.now() - (model.me.ahead ?? 0)),
    election: elections.map((election) => election.name).join(", "),
    origin: location.origin,
    pages,
    missing,
    notes: model.notes.map((one) => (one.at === null ? `${one.text} (${say("said_waits")})` : `${when(one.at)}: ${one.text}`)).join("\n"),
  };
}

const named = ({ title, page }) => ({ form_title: title === null ? "" : text(title), page });

// A moment as ISO 8601 with the offset of Jakarta, by which all times of the copy are written.
function inJakarta(moment) {
  return `${new Date(moment + 7 * 3_600_000).toISOString().slice(0, 19)}+07:00`;
}

// The photo as this phone took it; one that another phone sent is asked of the server, as long as there is a line.
async function photoOf({ here, there }) {
  if (here !== null) return (await photos.blob(here.id).catch(() => null)) ?? null;
  const sheet = there.sheets[0];
  const answer = sheet ? await fetch(`/sheets/${sheet.reading}/photo.jpg`).catch(() => null) : null;
  return answer?.ok ? answer.blob() : null;
}

// What a person said of a number: null where nobody said anything, and where nothing was read for anybody to agree with.
function toldOf(one, said) {
  if (said === null) return null;
  const { value, state } = said.others[one.id] ?? one;
  if (value !== null) return String(value);
  return state === "blank" ? "" : one.id in said.others ? say(state) : null;
}

function pageOf(model, { title, page, seen }, blob) {
  const { here, there, state } = seen;
  const sheet = there?.sheets.find((one) => !one.superseded && one.refusal === null) ?? null;
  const said = sheet === null ? null : model.saidOf(sheet);
  const receipt = there?.receipt ?? here?.receipt ?? null;
  return {
    ...named({ title, page: sheet?.page ?? page ?? "" }),
    photo: blob,
    taken_at: here === null ? null : new Date(here.taken_at - (model.me.ahead ?? 0)).toISOString(),
    sha256: seen.sha256,
    state: receipt === null ? "waiting" : ["agreed", "corrected"].includes(state) ? "confirmed" : state === "read" ? "read" : "received",
    receipt: receipt && { position: receipt.position, ledger_hash: receipt.hash, received_at: receipt.at, link: receipt.link },
    numbers: (sheet?.numbers ?? []).map((one) => ({
      label: text(one.label),
      read: one.value !== null ? String(one.value) : one.state === "blank" ? "" : text(one.state_text),
      sure: !one.doubted,
      told: toldOf(one, said),
    })),
    findings: (sheet?.findings ?? []).map((one) => text(one.message)),
  };
}
