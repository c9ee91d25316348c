// What the app knows: what the server said last, what the phone keeps, and what follows from both for every page of the station.

import * as check from "./check.js";
import { facts, isFull, outbox, photos } from "./keep.js";
import { Sender, sendPhoto, sha256 } from "./send.js";
import * as server from "./server.js";
import { both } from "./words.js";

// How long until it is asked again what became of a photo: longer each time, as long as nothing comes.
const FIRST_ASKED = 2_500;
const LAST_ASKED = 30_000;
const CLOCK_MATTERS = 5 * 60_000;
const NOT_LOOKED = { codes: [], looked: false };

export class Model extends EventTarget {
  constructor() {
    super();
    this.me = null; // what /m/api/me said last, also from an earlier day
    this.kept = []; // the photos on this phone, of all stations, as they were taken
    this.said = []; // what waits in the outbox
    this.shares = new Map(); // how much of a photo has been sent
    this.looking = new Set(); // the photos that are being looked at
    this.online = null; // whether the server answered last; null before it was asked
    this.ended = false; // the link lets nobody in any more
    this.notice = null;
    this.asksEvery = FIRST_ASKED;
    this.refreshing = null;
    this.sender = new Sender({
      ready: async () => {
        if (!server.isKnown()) await this.ask();
        return this.tps;
      },
      came: (photo, share) => {
        this.shares.set(photo.id, share);
        this.changed();
      },
      sent: (receipt) => this.sent(receipt),
      told: (one, answer) => this.told(one, answer),
      changed: () => this.look(),
      failed: (error) => this.failed(error),
    });
  }

  // What the phone has by itself; no line is needed for it.
  async open() {
    try {
      this.me = (await facts.get("me")) ?? null;
    } catch {
      this.notice = both("no_storage");
    }
    await this.look();
  }

  start() {
    this.finishHashes();
    this.refresh();
    globalThis.addEventListener("online", () => this.refresh());
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    setTimeout(() => this.poll(), this.asksEvery);
  }

  // A tab that was killed after a photo was kept, and before its hash was, left it without one.
  async finishHashes() {
    for (const photo of this.kept.filter((one) => one.sha256 === null)) {
      await this.writing(async () => photos.change(photo.id, { sha256: await sha256(await (await photos.blob(photo.id)).arrayBuffer()) }));
    }
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

  get isAllSent() {
    return !this.kept.some((photo) => photo.tps === this.tps && photo.state !== "sent") && !this.said.some((one) => one.tps === this.tps);
  }

  get elsewhere() {
    const unsent = this.kept.filter((photo) => photo.tps !== this.tps && ["queued", "draft"].includes(photo.state));
    return [...new Set(unsent.map((photo) => photo.tps))];
  }

  changed() {
    this.dispatchEvent(new Event("changed"));
  }

  async look() {
    try {
      [this.kept, this.said] = [await photos.all(), await outbox.all()];
    } catch {
      this.notice = both("no_storage");
    }
    this.changed();
  }

  // Does what changes what is kept; when the phone cannot, that is said. Gives whether it could.
  async writing(work) {
    try {
      await work();
      return true;
    } catch {
      this.notice = both("not_saved");
      return false;
    } finally {
      await this.look();
    }
  }

  async logIn(token) {
    this.ended = false;
    this.notice = null;
    await this.heard(await server.logIn(token));
    this.sender.wake();
  }

  // Leaves nothing of the station on the phone but what is not sent yet. Without a line the session ends when there is one again.
  async logOut() {
    await this.writing(async () => {
      await facts.put("leaving", true);
      await facts.remove("link");
      await facts.remove("me");
      for (const photo of this.kept.filter((one) => one.tps === this.tps && one.state === "sent")) await photos.remove(photo.id);
      this.me = null;
      server.forget();
    });
    await this.refresh();
  }

  async ask() {
    const said = await server.me();
    await this.heard(said);
    if (said.officer === null) throw new server.Refused(401, null);
  }

  async heard(said) {
    this.online = true;
    if (said.officer !== null) {
      this.ended = false;
      this.me = said;
      await this.remember();
    }
    this.changed();
  }

  // Keeps what the server said for a start without a line; a phone that has no room for it shows it as long as the app is open.
  async remember() {
    await facts.put("me", this.me).catch(() => {});
  }

  // Asks for everything, once at a time.
  refresh() {
    this.refreshing ??= this.ask()
      .then(() => this.look())
      .then(() => this.sender.wake(), (error) => this.failed(error))
      .finally(() => { this.refreshing = null; });
    return this.refreshing;
  }

  // Photos of which the server has not said that they are read, by their rows of the ledger.
  get unread() {
    const known = new Map((this.me?.photos ?? []).map((photo) => [photo.position, photo]));
    const here = this.kept.filter((photo) => photo.state === "sent" && photo.tps === this.tps).map((photo) => photo.receipt.position);
    return [...new Set([...here, ...known.keys()])].filter((position) => known.get(position)?.waits ?? true);
  }

  async poll() {
    this.asksEvery = Math.min(1.5 * this.asksEvery, LAST_ASKED);
    if (!document.hidden && this.me !== null) {
      const [position] = this.unread;
      if (this.online === false && navigator.onLine) await this.refresh();
      else if (this.online && position !== undefined) await this.follow(position).catch((error) => (error instanceof server.Refused ? this.refresh() : this.failed(error)));
    }
    setTimeout(() => this.poll(), this.asksEvery);
  }

  // Asks what became of one photo. A new reading may stand in the place of others, so everything is asked for then.
  async follow(position) {
    const photo = await server.photoState(position);
    const before = this.me.photos.find((one) => one.position === position);
    this.learn(photo);
    if (before?.waits !== photo.waits) this.asksEvery = FIRST_ASKED;
    if (before?.waits && !photo.waits) await this.refresh();
  }

  learn(photo) {
    const others = this.me.photos.filter((one) => one.position !== photo.position);
    this.me.photos = [...others, photo].sort((one, other) => one.position - other.position);
    this.remember();
    this.changed();
  }

  async sent(receipt) {
    this.asksEvery = FIRST_ASKED;
    await this.look();
    await this.follow(receipt.position);
  }

  told(one, answer) {
    if (one.kind === "confirm") {
      this.learn(answer.photo);
      return;
    }
    this.me.notes = answer.notes;
    this.remember();
  }

  // What ended the asking or the sending. It goes on by itself; only what the officer can do something about is said.
  failed(error) {
    if (error instanceof server.Unanswered) {
      if (error.status === null) this.online = false;
    } else if (error instanceof server.Refused) {
      if ([401, 403].includes(error.status)) this.ended = true;
      else if (error.said) this.notice = error.said;
    } else {
      this.notice = both("not_saved");
    }
    this.changed();
  }

  // Keeps a photo as it was taken, before anything else; gives its record. `unkept` in it says why the phone could not keep it, and then it has
  // its bytes with it.
  async keep(blob, { form, page, name }) {
    const photo = {
      tps: this.tps, name: name ?? `foto.${blob.type === "image/png" ? "png" : "jpg"}`, type: blob.type, size: blob.size, form, page, asked: page,
      taken_at: Date.now(), state: "draft", checks: null, sha256: null, receipt: null, refusal: null,
    };
    const hash = async () => sha256(await blob.arrayBuffer());
    try {
      photo.id = await photos.add(photo, blob);
      photo.sha256 = await hash();
      const same = this.kept.find((one) => one.sha256 === photo.sha256 && one.tps === photo.tps);
      if (same === undefined) await photos.change(photo.id, { sha256: photo.sha256 });
      else await photos.remove(photo.id);
      await this.look();
      return same === undefined ? photo : { ...same, again: true };
    } catch (error) {
      return { ...photo, sha256: photo.sha256 ?? (await hash()), blob, unkept: isFull(error) ? "full" : "unkept" };
    }
  }

  // Looks at a photo that is kept. The tag that is printed on a page names it better than whoever opened the camera.
  async examine(photo) {
    this.looking.add(photo.id);
    await this.writing(async () => {
      // Before anything is tried: a photo that is too much for this phone is not tried again when the app is opened the next time.
      await photos.change(photo.id, { checks: NOT_LOOKED });
      const seen = await check.look(await photos.blob(photo.id), "photo", this.tags);
      const expected = this.me?.elections.flatMap((election) => election.pages) ?? [];
      const codes = seen.codes ?? [];
      const named = seen.page && expected.some((one) => one.form === seen.page.form && one.page === seen.page.page) ? seen.page : null;
      if (seen.page && named === null && expected.length) codes.push("unknown_page");
      await photos.change(photo.id, { checks: { codes, looked: !seen.error }, form: named?.form ?? photo.form, page: named?.page ?? photo.page });
    });
    this.looking.delete(photo.id);
    this.changed();
  }

  async send(photo) {
    await this.writing(() => photos.change(photo.id, { state: "queued", refusal: null }));
    this.sender.wake();
  }

  // Sends a photo that the phone could not keep; gives its row of the ledger.
  async sendUnkept(photo) {
    await this.ask();
    const { position } = await sendPhoto(photo, photo.blob);
    await this.follow(position);
    return position;
  }

  discard(photo) {
    return this.writing(() => photos.remove(photo.id));
  }

  // Keeps what the officer says of a reading, knowing what was said of it before; gives whether the phone could keep it.
  confirm(sheet, others) {
    return this.say({ kind: "confirm", reading: sheet.reading, others, after: sheet.said?.position ?? null }, this.heldOf(sheet));
  }

  writeNote(text) {
    return this.say({ kind: "note", text }, []);
  }

  // Puts something into the outbox, in the place of what was held of the same.
  async say(said, held) {
    const kept = await this.writing(async () => {
      await outbox.add({ ...said, tps: this.tps, key: crypto.randomUUID() });
      for (const one of held) await outbox.remove(one.id);
    });
    if (kept) this.sender.wake();
    return kept;
  }

  // What the server did not take of what was said, and that still waits for the officer.
  get held() {
    return this.said.filter((one) => one.tps === this.tps && one.refusal);
  }

  heldOf(sheet) {
    return this.held.filter((one) => one.kind === "confirm" && one.reading === sheet.reading);
  }

  async sayAgain(one, after = null) {
    await this.writing(() => outbox.change(one.id, { refusal: null, after }));
    this.sender.wake();
  }

  drop(one) {
    return this.writing(() => outbox.remove(one.id));
  }

  // Everything that was written of the station; what is not sent yet has no moment.
  get notes() {
    const waiting = this.said.filter((one) => one.kind === "note" && one.tps === this.tps && !one.refusal);
    return [...(this.me?.notes ?? []), ...waiting.map(({ text }) => ({ text, at: null }))];
  }

  // What was said of a reading: what waits here goes before what the server has.
  saidOf(sheet) {
    const waiting = this.said.filter((one) => one.kind === "confirm" && one.reading === sheet.reading && !one.refusal).at(-1);
    if (waiting === undefined) return sheet.said === null ? null : { others: sheet.said.others, waits: false };
    const typed = Object.entries(waiting.others).map(([name, value]) => [name, typeof value === "number" ? { state: "number", value } : { state: value, value: null }]);
    return { others: Object.fromEntries(typed), waits: true };
  }

  // The photo of a page that counts: the newest that was taken here, until it is read; then the one the server has a reading of that stands.
  ofPage({ form, page }) {
    const newest = this.kept.filter((photo) => photo.tps === this.tps && photo.form === form && photo.page === page).at(-1) ?? null;
    const there = (this.me?.photos ?? []).filter((photo) => photo.sheets.some((sheet) => sheet.form === form && sheet.page === page && !sheet.superseded));
    const seen = newest && this.seen(newest);
    if (seen !== null && (newest.state !== "sent" || (seen.there?.waits ?? true))) return seen;
    return there.length ? this.seen(null, there.at(-1)) : seen;
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

  // A photo by its number on this phone.
  photoHere(id) {
    const here = this.kept.find((photo) => photo.id === id && photo.tps === this.tps) ?? null;
    return here && this.seen(here);
  }

  // A photo by its row of the ledger, which another phone may have sent.
  photoThere(position) {
    const there = this.me?.photos.find((photo) => photo.position === position) ?? null;
    return there && this.seen(null, there);
  }

  // A photo as it is shown: `here` is what the phone keeps of it, `there` what the server said, either may be null.
  seen(here, there = null) {
    there ??= this.me?.photos.find((photo) => photo.receipt.sha256 === here.sha256) ?? null;
    here ??= this.kept.find((photo) => photo.sha256 === there.receipt.sha256 && photo.tps === this.tps) ?? null;
    const sha = here?.sha256 ?? there?.receipt.sha256 ?? null;
    return { here, there, sha256: sha, state: this.stateOf(here, there), share: this.shares.get(here?.id) ?? 0, looking: this.looking.has(here?.id) };
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
