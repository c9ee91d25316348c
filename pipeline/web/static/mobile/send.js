// Sends what the phone keeps, piece by piece, as often as it takes. Whatever breaks off goes on where it was: the server is asked what it has.

import { outbox, photos } from "./keep.js";
import * as server from "./server.js";

const SHORTEST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;

export async function sha256(bytes) {
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Sends one photo; gives its receipt. `came` is called with the share that has come.
export async function sendPhoto(photo, came = () => {}) {
  const begun = await server.begin(photo);
  if (begun.receipt) return begun.receipt;
  const pieces = Math.ceil(photo.size / begun.chunk);
  const there = new Set(begun.received);
  for (let number = 0; number < pieces; number += 1) {
    if (!there.has(number)) {
      const bytes = await photo.blob.slice(number * begun.chunk, (number + 1) * begun.chunk).arrayBuffer();
      await server.putPiece(photo, number, bytes, await sha256(bytes));
    }
    came((number + 1) / pieces);
  }
  return (await server.finish(photo)).receipt;
}

// The loop that sends. `changed` is called when something of a photo has changed, `told` with what was said and the answer, `refused` with an
// error that concerns the whole phone, and `ready` before sending: it gives the station of whoever is logged in.
export class Sender {
  constructor({ changed, told, refused, ready }) {
    this.changed = changed;
    this.told = told;
    this.refused = refused;
    this.ready = ready;
    this.pause = SHORTEST_PAUSE;
    this.timer = null;
    this.wanted = false;
    this.running = false;
  }

  // Look now: something is to be sent, or there is a line again.
  wake() {
    this.pause = SHORTEST_PAUSE;
    this.wanted = true;
    if (!this.running) this.run();
  }

  async run() {
    clearTimeout(this.timer);
    this.running = true;
    try {
      while (this.wanted) {
        this.wanted = false;
        // Two tabs of one phone must not send the same pieces against each other.
        await navigator.locks.request("sirekap-send", () => this.sendAll());
      }
      this.pause = SHORTEST_PAUSE;
    } catch (error) {
      if (!(error instanceof server.Unanswered)) this.refused(error);
      this.timer = setTimeout(() => this.again(), this.pause);
      this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
    } finally {
      this.running = false;
    }
  }

  again() {
    this.wanted = true;
    this.run();
  }

  async sendAll() {
    if (!(await photos.all()).some((photo) => photo.state === "queued") && !(await outbox.all()).length) return;
    // Whoever is logged in now may be of another station than whoever took a photo: it goes in under its own, or waits.
    const tps = await this.ready();
    const waiting = (await photos.all()).filter((photo) => photo.state === "queued" && photo.tps === tps);
    const said = (await outbox.all()).filter((one) => one.tps === tps);
    let later = null;
    for (const photo of waiting.sort((one, other) => one.taken_at - other.taken_at)) {
      try {
        await this.sendOne(photo);
      } catch (error) {
        if (!(error instanceof server.Refused) || [401, 403].includes(error.status)) throw error;
        later = error; // this one is tried again; the others go on
      }
    }
    for (const one of said) await this.tell(one);
    if (later !== null) throw new server.Unanswered(later.message);
  }

  async sendOne(photo) {
    try {
      const receipt = await sendPhoto(photo, (share) => this.changed({ ...photo, share }));
      await this.put({ ...photo, state: "sent", receipt, refusal: null });
    } catch (error) {
      // What the server will never take is not tried for ever; what was altered on its way, or came at a bad moment, is.
      const forGood = error instanceof server.Refused && [404, 409, 413, 422].includes(error.status);
      const attempts = (photo.attempts ?? 0) + (forGood ? 1 : 0);
      if (forGood && attempts >= 3) {
        await this.put({ ...photo, state: "refused", refusal: error.said, attempts });
        return;
      }
      if (forGood) await this.put({ ...photo, attempts });
      throw error;
    }
  }

  async tell(one) {
    try {
      // What the server has now is known before it leaves the outbox: at no moment is it in neither.
      this.told(one, one.kind === "note" ? await server.writeNote(one.text) : await server.confirm(one.reading, one.others));
    } catch (error) {
      if (!(error instanceof server.Refused) || [401, 403, 429].includes(error.status)) throw error;
      this.refused(error); // replaced by a newer photo, or no number: whoever said it is told
    }
    await outbox.remove(one.id);
    this.changed(null);
  }

  async put(photo) {
    await photos.put(photo);
    this.changed(photo);
  }
}
