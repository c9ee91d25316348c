// What the app knows: what the server said last, what the phone keeps, and what follows from both for every page of the station.

import * as check from "./check.js";
import { facts, isFull, outbox, photos } from "./keep.js";
import { Sender, sendPhoto, sha256 } from "./send.js";
import * as server from "./server.js";

const ASKS_EVERY = 2_500;
const CLOCK_MATTERS = 5 * 60_000;

export class Model extends EventTarget {
  constructor() {
    super();
    this.me = null; // what /m/api/me said last, also from an earlier day
    this.kept = []; // the photos on this phone, of all stations
    this.said = []; // what waits in the outbox
    this.shares = new Map(); // how much of a photo has been sent
    this.online = false;
    this.ended = false; // the link lets nobody in any more
    this.notice = null;
    this.started = false;
    this.sender = new Sender({
      changed: (photo) => this.photoChanged(photo),
      told: (one, answer) => this.told(one, answer),
      refused: (error) => this.refused(error),
      ready: async () => {
        await this.ask();
        return this.tps;
      },
    });
  }

  async start() {
    this.started = true;
    this.me ??= (await facts.get("me")) ?? null;
    await this.look();
    await this.refresh();
    globalThis.addEventListener("online", () => this.refresh());
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    setInterval(() => this.poll(), ASKS_EVERY);
  }

  get tps() {
    return this.me?.officer?.tps ?? null;
  }

  get tags() {
    return this.me?.tags ?? [];
  }

  // How far the clock of this phone is off, in ms, where that matters.
  get clockOff() {
    const ahead = this.me?.ahead ?? 0;
    return Math.abs(ahead) > CLOCK_MATTERS ? ahead : 0;
  }

  get unsent() {
    return this.kept.filter((photo) => photo.state === "queued" && photo.tps === this.tps);
  }

  get elsewhere() {
    const unsent = this.kept.filter((photo) => photo.tps !== this.tps && ["queued", "draft"].includes(photo.state));
    return [...new Set(unsent.map((photo) => photo.tps))];
  }

  changed() {
    this.dispatchEvent(new Event("changed"));
  }

  async look() {
    this.kept = await photos.all();
    this.said = await outbox.all();
  }

  async logIn(token) {
    this.ended = false;
    this.notice = null;
    await this.heard(await server.logIn(token));
    this.sender.wake();
  }

  // Leaves nothing of the station on the phone but what is not sent yet.
  async logOut() {
    await server.logOut().catch(() => {});
    for (const photo of this.kept.filter((one) => one.tps === this.tps && one.state === "sent")) await photos.remove(photo.id);
    await facts.remove("link");
    await facts.remove("me");
    this.me = null;
    this.changed();
  }

  async ask() {
    const said = await server.me();
    await this.heard(said);
    if (said.officer === null) throw new server.Refused(401, null);
    await this.look();
  }

  async heard(said) {
    this.online = true;
    if (said.officer !== null) {
      this.ended = false;
      this.me = said;
      await facts.put("me", said).catch(() => {});
    }
    this.changed();
  }

  async refresh() {
    try {
      await this.ask();
    } catch (error) {
      this.online = !(error instanceof server.Unanswered);
      if (error instanceof server.Refused) this.refused(error);
    }
    this.changed();
    this.sender.wake();
  }

  async poll() {
    const waits = this.me?.photos.some((photo) => photo.waits);
    if (document.hidden || !(waits || (!this.online && navigator.onLine))) return;
    await this.refresh();
  }

  told(one, answer) {
    if (one.kind === "note") this.me.note = answer.text;
    else this.me.photos = this.me.photos.map((photo) => (photo.position === answer.position ? answer : photo));
  }

  refused(error) {
    if ([401, 403].includes(error.status)) this.ended = true;
    else if (error.said) this.notice = error.said;
    this.changed();
  }

  photoChanged(photo) {
    if (photo?.share !== undefined) this.shares.set(photo.id, photo.share);
    this.look().then(async () => {
      this.changed();
      if (photo === null || photo.state === "sent") await this.refresh();
    });
  }

  // Keeps a photo as it was taken, before anything else; gives its record, whose `unkept` says that the phone had no room for it.
  async keep(blob, { form, page, name }) {
    const photo = {
      id: crypto.randomUUID(), tps: this.tps, blob, name: name ?? `foto.${blob.type === "image/png" ? "png" : "jpg"}`, size: blob.size, form, page, asked: page, taken_at: Date.now(),
      state: "draft", checks: null, sha256: null, receipt: null, refusal: null,
    };
    try {
      await photos.put(photo);
    } catch (error) {
      if (!isFull(error)) throw error;
      photo.unkept = true;
    }
    photo.sha256 = await sha256(await blob.arrayBuffer());
    const same = this.kept.find((one) => one.sha256 === photo.sha256 && one.tps === photo.tps);
    if (same !== undefined) {
      if (!photo.unkept) await photos.remove(photo.id);
      return { ...same, again: true };
    }
    await this.update(photo);
    return photo;
  }

  // Looks at a photo that is kept. The tag that is printed on a page names it better than whoever opened the camera.
  async examine(photo) {
    const seen = await check.look(photo.blob, "photo", this.tags);
    const expected = this.me?.elections.flatMap((election) => election.pages) ?? [];
    const codes = seen.codes ?? [];
    const named = seen.page && expected.some((one) => one.form === seen.page.form && one.page === seen.page.page) ? seen.page : null;
    if (seen.page && named === null && expected.length) codes.push("unknown_page");
    const found = { ...photo, checks: { codes, looked: !seen.error }, form: named?.form ?? photo.form, page: named?.page ?? photo.page };
    await this.update(found);
    return found;
  }

  async update(photo) {
    if (!photo.unkept) await photos.put(photo);
    await this.look();
    this.changed();
  }

  async send(photo) {
    await this.update({ ...photo, state: "queued", attempts: 0, refusal: null });
    this.sender.wake();
  }

  // Sends a photo that the phone has no room for.
  async sendUnkept(photo) {
    await this.ask();
    const receipt = await sendPhoto(photo);
    await this.refresh();
    return receipt;
  }

  async discard(photo) {
    await photos.remove(photo.id);
    await this.look();
    this.changed();
  }

  async confirm(reading, others) {
    await outbox.add({ kind: "confirm", tps: this.tps, reading, others });
    await this.look();
    this.changed();
    this.sender.wake();
  }

  async writeNote(text) {
    await outbox.add({ kind: "note", tps: this.tps, text });
    await this.look();
    this.changed();
    this.sender.wake();
  }

  get note() {
    return this.said.filter((one) => one.kind === "note" && one.tps === this.tps).at(-1)?.text ?? this.me?.note ?? "";
  }

  // What was said of a reading: what waits here goes before what the server has.
  saidOf(sheet) {
    const waiting = this.said.filter((one) => one.kind === "confirm" && one.reading === sheet.reading).at(-1);
    if (waiting !== undefined) {
      const typed = Object.entries(waiting.others).map(([name, value]) => [name, { state: value === null ? "blank" : "number", value }]);
      return { others: Object.fromEntries(typed), waits: true };
    }
    return sheet.said === null ? null : { others: sheet.said.others, waits: false };
  }

  // The photo of a page that counts: the newest that is kept here, or the one the server has a reading of that stands.
  ofPage({ form, page }) {
    const here = this.kept.filter((photo) => photo.tps === this.tps && photo.form === form && photo.page === page);
    const there = (this.me?.photos ?? []).filter((photo) => photo.sheets.some((sheet) => sheet.form === form && sheet.page === page && !sheet.superseded));
    const newest = here.sort((one, other) => other.taken_at - one.taken_at)[0] ?? null;
    if (newest !== null && newest.state !== "sent") return this.seen(newest);
    if (there.length) return this.seen(null, there.at(-1));
    return newest === null ? null : this.seen(newest);
  }

  // Photos of no expected page: unreadable ones, and sheets of other forms.
  get others() {
    const expected = new Set((this.me?.elections ?? []).flatMap((one) => one.pages).map(({ form, page }) => `${form} ${page}`));
    const isExpected = ({ form, page }) => expected.has(`${form} ${page}`);
    const here = this.kept.filter((photo) => photo.tps === this.tps && !isExpected(photo)).map((photo) => this.seen(photo));
    const known = new Set(this.kept.map((photo) => photo.sha256));
    const there = (this.me?.photos ?? []).filter((photo) => !known.has(photo.receipt.sha256) && !photo.sheets.some(isExpected));
    return [...here, ...there.map((photo) => this.seen(null, photo))];
  }

  bySha(sha) {
    const here = this.kept.find((photo) => photo.sha256 === sha && photo.tps === this.tps) ?? null;
    const there = this.me?.photos.find((photo) => photo.receipt.sha256 === sha) ?? null;
    return here === null && there === null ? null : this.seen(here, there);
  }

  // A photo as it is shown: `here` is what the phone keeps of it, `there` what the server said, either may be null.
  seen(here, there = null) {
    there ??= this.me?.photos.find((photo) => photo.receipt.sha256 === here.sha256) ?? null;
    here ??= this.kept.find((photo) => photo.sha256 === there.receipt.sha256 && photo.tps === this.tps) ?? null;
    return { here, there, sha256: here?.sha256 ?? there.receipt.sha256, state: this.stateOf(here, there), share: this.shares.get(here?.id) ?? 0 };
  }

  stateOf(here, there) {
    if (there !== null) {
      if (there.waits) return "sent";
      const sheets = there.sheets.filter((sheet) => sheet.refusal === null);
      if (!sheets.length) return "refused";
      const said = sheets.map((sheet) => this.saidOf(sheet));
      if (said.some((one) => one === null)) return "read";
      return said.some((one) => Object.keys(one.others).length) ? "corrected" : "agreed";
    }
    if (here.state === "draft") return "draft";
    if (here.state === "refused") return "stopped";
    if (here.state === "sent") return "sent";
    return this.shares.has(here.id) && this.online ? "sending" : "queued";
  }
}
