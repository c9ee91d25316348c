// The server, as the app knows it. Every answer is either what was asked, or an `Unanswered` (no line) or a `Refused` (with a sentence).

import { facts } from "./keep.js";

const PATIENCE = 60_000;

export class Unanswered extends Error {}

export class Refused extends Error {
  constructor(status, said) {
    super(said?.en ?? `status ${status}`);
    this.status = status;
    this.said = said;
  }
}

let csrf = "";

async function ask(method, path, { json, bytes, headers = {} } = {}) {
  const sent = { method, headers: { Accept: "application/json", "X-CSRF-Token": csrf, ...headers }, credentials: "same-origin" };
  if (json !== undefined) sent.body = JSON.stringify(json);
  if (bytes !== undefined) sent.body = bytes;
  let answer;
  try {
    answer = await fetch(path, { ...sent, signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
  } catch (error) {
    throw new Unanswered(String(error));
  }
  const said = await answer.json().catch(() => null);
  if (answer.ok && said !== null) return said;
  // A proxy that has no server behind it answers in its own words; that is as good as no answer.
  if (said === null || answer.status >= 500) throw new Unanswered(`status ${answer.status}`);
  throw new Refused(answer.status, said.error?.advice);
}

// Who is logged in and what is to be done; logs in again by the link when the browser has lost the session.
export async function me() {
  let said = await asked();
  const token = await facts.get("link");
  if (said.officer === null && token) {
    await ask("POST", "/m/api/login", { json: { token } });
    said = await asked();
  }
  return said;
}

async function asked() {
  const said = await ask("GET", "/m/api/me");
  csrf = said.csrf;
  // The clock of a phone may be hours off; what counts is the server's.
  said.ahead = Date.now() - Date.parse(said.now);
  return said;
}

export async function logIn(token) {
  await asked();
  await ask("POST", "/m/api/login", { json: { token } });
  await facts.put("link", token);
  return asked();
}

export const logOut = () => ask("POST", "/m/api/logout", { json: {} });

const upload = ({ sha256, size }) => `/m/api/uploads/${sha256}/${size}`;
export const begin = (photo) => ask("POST", upload(photo), { json: {} });
export const putPiece = (photo, number, bytes, sha256) =>
  ask("PUT", `${upload(photo)}/${number}`, { bytes, headers: { "X-Chunk-SHA256": sha256, "Content-Type": "application/octet-stream" } });
export const finish = (photo) => ask("POST", `${upload(photo)}/finish`, { json: { name: photo.name, page: photo.page } });
export const photoState = (position) => ask("GET", `/m/api/photos/${position}`);
export const confirm = (reading, others) => ask("POST", `/m/api/sheets/${reading}/confirm`, { json: { others } });
export const writeNote = (text) => ask("POST", "/m/api/notes", { json: { text } });
