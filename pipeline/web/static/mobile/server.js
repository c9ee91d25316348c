// The server, as the app knows it. Every answer is either what was asked, or an `Unanswered` or a `Refused` (with a sentence).

import { facts } from "./keep.js";

const PATIENCE = 60_000;
const PIECE_PATIENCE = 600_000; // 256 KB at 4 kbit/s: a line that slow still carries a photo in the end

// No answer, or one that says that the server is in trouble: `status` is null when there was none at all.
export class Unanswered extends Error {
  constructor(message, status = null) {
    super(message);
    this.status = status;
  }
}

export class Refused extends Error {
  constructor(status, said) {
    super(said?.en ?? `status ${status}`);
    this.status = status;
    this.said = said;
  }
}

let csrf = "";

async function ask(method, path, { json, bytes, headers = {}, patience = PATIENCE } = {}) {
  const sent = { method, headers: { Accept: "application/json", "X-CSRF-Token": csrf, ...headers }, credentials: "same-origin" };
  if (json !== undefined) sent.body = JSON.stringify(json);
  if (bytes !== undefined) sent.body = bytes;
  let answer;
  try {
    answer = await fetch(path, { ...sent, signal: AbortSignal.timeout(patience), cache: "no-store" });
  } catch (error) {
    throw new Unanswered(String(error));
  }
  const said = await answer.json().catch(() => null);
  if (answer.ok && said !== null) return said;
  // A proxy that has no server behind it answers in its own words; that is as good as no answer.
  if (said === null || answer.status >= 500) throw new Unanswered(`status ${answer.status}`, answer.status);
  throw new Refused(answer.status, said.error?.advice);
}

// Whether it was asked who is logged in, and nothing was refused since.
export const isKnown = () => csrf !== "";
export const forget = () => { csrf = ""; };

// Who is logged in and what is to be done; logs in again by the link when the browser has lost the session.
export async function me() {
  const said = await settled();
  const token = await facts.get("link");
  if (said.officer !== null || !token) return said;
  await ask("POST", "/m/api/login", { json: { token } });
  return asked();
}

// Whoever logged out without a line is logged out before anything else is asked.
async function settled() {
  const said = await asked();
  if (!(await facts.get("leaving"))) return said;
  if (said.officer !== null) await ask("POST", "/m/api/logout", { json: {} });
  await facts.remove("leaving");
  return asked();
}

async function asked() {
  const said = await ask("GET", "/m/api/me");
  csrf = said.csrf;
  // The clock of a phone may be hours off; what counts is the server's.
  said.ahead = Date.now() - Date.parse(said.now);
  return said;
}

export async function logIn(token) {
  await settled();
  await ask("POST", "/m/api/login", { json: { token } });
  await facts.put("link", token);
  return asked();
}

// Everything that is sent says of which station it is: the link of another one may have been opened since, in another window.
const of = ({ tps }) => ({ "X-TPS": tps });
const upload = ({ sha256, size }) => `/m/api/uploads/${sha256}/${size}`;
export const begin = (photo) => ask("POST", upload(photo), { json: {}, headers: of(photo) });
export const putPiece = (photo, number, bytes, sha256) => {
  const headers = { ...of(photo), "X-Chunk-SHA256": sha256, "Content-Type": "application/octet-stream" };
  return ask("PUT", `${upload(photo)}/${number}`, { bytes, headers, patience: PIECE_PATIENCE });
};
export const finish = (photo) => ask("POST", `${upload(photo)}/finish`, { json: { name: photo.name, page: photo.page }, headers: of(photo) });
export const photoState = (position) => ask("GET", `/m/api/photos/${position}`);
export const confirm = ({ reading, others, after, key }) => ask("POST", `/m/api/sheets/${reading}/confirm`, { json: { others, after, key } });
export const writeNote = (note) => ask("POST", "/m/api/notes", { json: { text: note.text, key: note.key }, headers: of(note) });
