// Sends what the phone keeps, piece by piece, as often as it takes. Whatever breaks off goes on where it was: the server is asked what it has.

import { outbox, photos } from "./keep.js";
import * as server from "./server.js";

const SHORTEST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
const NEVER = [413, 422]; // too large, no photo, or one of another station: sending it again changes nothing

export async function sha256(bytes) {
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Sends one photo; gives its receipt. `came` is called with the share that has come.
export async function sendPhoto(photo, blob, came = () => {}) {
  const begun = await server.begin(photo);
  if (begun.receipt) return begun.receipt;
  const pieces = Math.ceil(photo.size / begun.chunk);
  const there = new Set(begun.received);
  for (let number = 0; number < pieces; number += 1) {
    if (!there.has(number)) {
      const bytes = await blob.slice(number * begun.chunk, (number + 1) * begun.chunk).arrayBuffer();
      await server.putPiece(photo, number, bytes, await sha256(bytes));
    }
    came((number + 1) / pieces);
  }
  return (await server.finish(photo)).receipt;
}

// The loop that sends. `ready` is called before sending and gives the station of whoever is logged in, `came` with a photo and the share that
// has come, `sent` with a receipt, `told` with what was said and the answer, `changed` when something that is kept has changed, and `failed` with
// the error that ended a run.
export class Sender {
  constructor({ ready, came, sent, told, changed, failed }) {
    Object.assign(this, { ready, came, sent, told, changed, failed });
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
      this.failed(error);
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

  // Whoever is logged in now may be of another station than whoever took a photo: it goes in under its own, or waits. What cannot be sent
  // now is tried again later and holds up nothing else, as long as there is a line.
  async sendAll() {
    const waits = async (tps) => [
      (await photos.all()).filter((photo) => photo.state === "queued" && (tps === null || photo.tps === tps)),
      (await outbox.all()).filter((one) => !one.refusal && (tps === null || one.tps === tps)),
    ];
    if ((await waits(null)).flat().length === 0) return;
    const [waiting, said] = await waits(await this.ready());
    let later = null;
    for (const work of [...waiting.map((photo) => () => this.sendOne(photo)), ...said.map((one) => () => this.tell(one))]) {
      try {
        await work();
      } catch (error) {
        if (error instanceof server.Unanswered && error.status === null) throw error;
        // Perhaps somebody else is logged in by now, or nobody: that is asked before anything else is sent.
        if (error instanceof server.Refused) server.forget();
        later = error instanceof server.Refused ? new server.Unanswered(error.message, error.status) : error;
        if ([401, 403].includes(error.status)) break;
      }
    }
    if (later !== null) throw later;
  }

  async sendOne(photo) {
    try {
      const receipt = await sendPhoto(photo, await photos.blob(photo.id), (share) => this.came(photo, share));
      await photos.change(photo.id, { state: "sent", receipt, refusal: null });
      await this.sent(receipt);
    } catch (error) {
      if (!(error instanceof server.Refused) || !NEVER.includes(error.status)) throw error;
      await photos.change(photo.id, { state: "refused", refusal: error.said });
      await this.changed();
    }
  }

  // What the server does not take of what was said is held: whoever said it looks at it again, and it is not lost.
  async tell(one) {
    try {
      const answer = one.kind === "note" ? await server.writeNote(one) : await server.confirm(one);
      // What the server has now is known before it leaves the outbox: at no moment is it in neither.
      this.told(one, answer);
      if (one.kind === "confirm") await this.goOn(one, answer.position);
      await outbox.remove(one.id);
    } catch (error) {
      if (!(error instanceof server.Refused) || [401, 403, 429].includes(error.status)) throw error;
      await outbox.change(one.id, { refusal: error.said });
      server.forget();
    }
    await this.changed();
  }

  // What was said here of the same reading after it was said knowing of it.
  async goOn(one, position) {
    const later = (await outbox.all()).filter((other) => other.kind === "confirm" && other.reading === one.reading && other.id > one.id);
    for (const other of later) {
      if (other.after === one.after) await outbox.change(other.id, { after: position });
    }
  }
}
