// The views: logging in, the pages of the station, the camera, one photo with its reading, and the notes.

import { Camera } from "./camera.js";
import * as check from "./check.js";
import { h } from "./dom.js";
import { copyOf } from "./copy-content.js";
import { photos } from "./keep.js";
import { tokenIn } from "./link.js";
import { qrSvg } from "./qr.js";
import { Unanswered } from "./server.js";
import { both, known, language, say, setLanguage, text, when } from "./words.js";

const MOST_VOTES = 99_999;
const WITHOUT_NUMBER = ["blank", "illegible"]; // what a person may say of boxes in which no number stands
const FINDINGS_AT_ONCE = 3;
const ADDING_UP = new Set(["check_failed", "bound_exceeded", "documents_differ", "officer_differs", "tps_contradicted", "page_mixed_up"]);

function screen(name, ...parts) {
  return h("section", { class: `screen ${name}` }, ...parts);
}

function top(app, title, { back = "/" } = {}) {
  const other = language() === "id" ? "en" : "id";
  return h("header", { class: "top" },
    back ? h("button", { class: "round", "aria-label": say("back"), onclick: () => app.go(back) }, "‹") : null,
    h("h1", { tabindex: "-1" }, title),
    h("button", { class: "quiet", lang: other, onclick: () => { setLanguage(other); app.redraw(); } }, say("other_language")));
}

function notice(kind, ...parts) {
  return h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" }, ...parts);
}

// What concerns the whole phone: no line, a link that has ended, a clock that is off, a new version.
function banners({ model, update, go }) {
  const off = Math.abs(model.clockOff);
  const hours = { hours: Math.floor(off / 3_600_000), minutes: Math.round((off % 3_600_000) / 60_000) };
  const unsent = model.unsent.length;
  const held = model.held.length;
  return [
    update === null ? null : notice("info", say("new_version"), " ", h("button", { class: "small", onclick: () => update.postMessage("take over") }, say("reload"))),
    model.ended ? notice("bad", say("link_ended")) : null,
    model.online === false && !model.ended ? notice("doubt", say("offline")) : null,
    unsent ? notice("info", say("to_send", { count: unsent })) : null,
    held ? notice("bad", say("held", { count: held }), " ", h("button", { class: "small", onclick: () => go(placeOf(model)) }, say("look_at_it"))) : null,
    model.notice === null ? null : notice("bad", text(model.notice), " ", h("button", { class: "small", onclick: () => { model.notice = null; model.changed(); } }, say("close"))),
    off ? notice("doubt", say("clock", { difference: say("hours", hours) })) : null,
    model.elsewhere.length ? notice("doubt", say("other_officer", { tps: model.elsewhere.join(", ") })) : null,
  ];
}

function stateText({ state, share }) {
  return say(`state_${state}`, { percent: Math.floor(100 * share) });
}

const photoPath = ({ here, there }) => (here === null ? `/sent/${there.position}` : `/photo/${here.id}`);
const cameraPath = ({ form, page }) => `/camera/${form}/${page}`;

// Where something is shown that the server did not take.
function placeOf(model) {
  const [one] = model.held;
  const there = one.kind === "confirm" && model.me.photos.find((photo) => photo.sheets.some((sheet) => sheet.reading === one.reading));
  return there ? photoPath(model.photoThere(there.position)) : "/notes";
}

// What the server did not take of what was said, with its reason: it can be sent again, knowing what there is now, or dropped.
function heldPart(model, one, what, again) {
  return notice("bad", h("p", {}, text(one.refusal)), h("p", {}, say("you_said"), " ", what),
    h("div", { class: "pair" },
      h("button", { class: "button second", onclick: () => model.drop(one) }, say("drop_it")),
      again === null ? null : h("button", { class: "button", onclick: again }, say("say_again"))));
}

function enter(app) {
  const link = h("input", { id: "link", type: "url", autocomplete: "off", inputmode: "url" });
  const element = screen("enter");
  const go = (event) => {
    event.preventDefault();
    const token = tokenIn(link.value);
    if (token) location.hash = `masuk=${token}`;
  };
  const draw = () => fill(element,
    top(app, say("title"), { back: null }),
    h("p", { class: "lead" }, say("enter_how")),
    app.model.notice === null ? null : notice("bad", text(app.model.notice)),
    navigator.onLine ? null : notice("doubt", say("needs_line")),
    h("form", { class: "stack", onsubmit: go }, h("label", { for: "link" }, say("paste_link")), link, h("button", { class: "button" }, say("enter"))),
  );
  return { element, draw, busy: () => link.value !== "" };
}

function fill(element, ...parts) {
  element.replaceChildren(...parts.flat(Infinity).filter((part) => part !== null && part !== undefined && part !== false));
}

function list(app) {
  const { model } = app;
  const element = screen("list");
  const copy = copyPart(model);
  const row = (one, seen) => h("li", {},
    h("button", { class: `row ${seen?.state ?? "none"}`, onclick: () => app.go(seen === null ? cameraPath(one) : photoPath(seen)) },
      h("span", { class: "row-name" }, say("page", { page: one.page })),
      h("span", { class: "row-state" }, seen === null ? say("state_none") : stateText(seen))));
  const other = (seen) => h("li", {},
    h("button", { class: `row ${seen.state}`, onclick: () => app.go(photoPath(seen)) },
      h("span", { class: "row-name" }, seen.here?.name ?? seen.there.name),
      h("span", { class: "row-state" }, stateText(seen))));
  const draw = () => fill(element,
    top(app, say("station", { number: model.me.officer.number }), { back: null }),
    h("p", { class: "lead" }, model.me.regions.slice().reverse().join(", ")),
    banners(app),
    app.kept === false && model.unsent.length ? notice("doubt", say("not_kept")) : null,
    model.me.elections.length ? null : notice("info", say("no_election")),
    model.me.elections.map((election) => h("section", {},
      h("h2", {}, election.name),
      h("ul", { class: "rows" }, election.pages.map((one) => row(one, model.ofPage(one)))))),
    model.others.length ? h("section", {}, h("h2", {}, say("other_photos")), h("ul", { class: "rows" }, model.others.map(other))) : null,
    h("div", { class: "stack" },
      h("button", { class: "button second", onclick: () => app.go("/camera") }, say("any_page")),
      h("button", { class: "button second", onclick: () => app.go("/notes") }, say("notes")),
      copy,
      h("button", { class: "quiet", onclick: () => leave(app) }, say("log_out"))));
  return { element, draw };
}

async function leave({ model }) {
  if (model.isAllSent || confirm(say("log_out_kept"))) await model.logOut();
}

// The copy is made here and handed to whatever the phone shares with; a browser that shares no files keeps it among the downloads. Making it may
// take longer than a browser allows after a touch: then it asks for another one.
function copyPart(model) {
  const button = h("button", { class: "button second", onclick: () => make() }, say("share_copy"));
  const made = h("div", { class: "stack", role: "status" });
  async function make() {
    button.disabled = true;
    button.textContent = say("making_copy");
    fill(made);
    try {
      const { makeCopy } = await import("./copy.js"); // a third of a megabyte that only this needs
      await hand(await makeCopy(await copyOf(model)), `sirekap-${model.tps}.pdf`);
    } catch {
      fill(made, notice("bad", say("copy_failed")));
    } finally {
      button.disabled = false;
      button.textContent = say("share_copy");
    }
  }
  async function hand(pdf, name) {
    const files = [new File([pdf], name, { type: "application/pdf" })];
    if (!navigator.canShare?.({ files })) return download(pdf, name);
    try {
      await navigator.share({ files, title: name });
      fill(made);
    } catch (error) {
      if (error.name === "AbortError") return; // whoever shares thought better of it
      fill(made, notice("good", say("copy_made")), h("div", { class: "pair" },
        h("button", { class: "button second", onclick: () => download(pdf, name) }, say("download")),
        h("button", { class: "button", onclick: () => hand(pdf, name) }, say("share"))));
    }
  }
  return h("div", {}, button, made);
}

function download(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function camera(app, form = null, page = null) {
  const { model } = app;
  const title = page === null ? say("any_page") : say("page", { page });
  const element = screen("capture");
  let view = null;
  let failed = null;
  // The photo before is given up when there is a better one, and not sooner.
  const replaced = app.replaces;
  app.replaces = null;
  check.begin();

  async function taken(blob, name) {
    try {
      if (blob.size > model.me.most_bytes) return fail(say("too_large", { megabytes: Math.ceil(blob.size / 1e6) }));
      if (!(await check.isPhoto(blob))) return fail(say("no_photo"));
      const photo = await model.keep(blob, { form, page, name });
      if (photo.unkept) return showUnkept(photo);
      if (photo.again) model.notice = both("same_photo");
      else if (replaced !== null) await model.discard(replaced);
      app.go(`/photo/${photo.id}`);
    } catch {
      fail(say("not_taken"));
    }
  }

  function fail(sentence) {
    failed = sentence;
    begin();
  }

  function showUnkept(photo) {
    const sent = h("div", {});
    const send = async (event) => {
      event.currentTarget.disabled = true;
      try {
        app.go(`/sent/${await model.sendUnkept(photo)}`);
      } catch (error) {
        fill(sent, notice("bad", error instanceof Unanswered ? say("no_line") : text(error.said)));
        event.target.disabled = false;
      }
    };
    fill(element, top(app, title), notice("bad", say(photo.unkept)),
      h("img", { class: "photo", src: URL.createObjectURL(photo.blob), alt: say("photo_of_page") }), sent,
      h("div", { class: "stack" },
        h("button", { class: "button", onclick: send }, say("send_now")),
        h("button", { class: "button second", onclick: () => download(photo.blob, `sirekap-${photo.sha256.slice(0, 12)}-${photo.name}`) }, say("save_to_gallery"))));
  }

  function begin() {
    view?.stop();
    view = new Camera({ title, tags: model.tags, taken, picked: (file) => taken(file, file.name), failed: () => fail(say("not_taken")), closed: () => app.go("/") });
    fill(element, view.element, failed === null ? null : notice("bad", failed));
    view.start();
  }

  return { element, draw: begin, busy: () => true, leave: () => view?.stop() };
}

// One photo: before it is sent, what the phone sees in it; after, what the server read, what is to be said of it, and the receipt.
function photo(app, find) {
  const { model } = app;
  const element = screen("photo-view");
  let picture = null; // the address of the photo as it is kept here
  let asked = false;
  let drawn = "";
  const isCorrecting = (sheet) => app.typed.correction?.reading === sheet.reading;

  async function loadPicture({ id }) {
    asked = true;
    const blob = await photos.blob(id).catch(() => null);
    if (blob) picture = URL.createObjectURL(blob);
    draw();
  }

  function pictureOf({ here, there }) {
    const sheet = there?.sheets.find((one) => one.refusal === null);
    if (here && !here.type.startsWith("image/") && !/\.(jpe?g|png|webp|heic)$/i.test(here.name)) return null;
    if (here && !asked) loadPicture(here);
    const source = sheet && model.online ? `/sheets/${sheet.reading}/overlay.jpg` : picture;
    if (source === null) return null;
    const image = h("img", { class: "photo", alt: say("photo_of_page"), src: source });
    if (picture !== null) image.addEventListener("error", () => { image.src = picture; }, { once: true });
    return h("details", { class: "picture", open: true }, h("summary", {}, say("photo_of_page")), image);
  }

  function draft(seen) {
    const { here } = seen;
    if (here.checks === null && !seen.looking) model.examine(here);
    const looking = here.checks === null || seen.looking;
    const codes = (here.checks?.codes ?? []).filter((code) => known(`code_${code}`) && code !== "no_tag");
    const another = here.asked !== null && here.page !== here.asked;
    const verdict = () => {
      if (looking) return notice("info", say("looking"));
      if (!here.checks.looked) return notice("info", say("not_looked"));
      return codes.length ? codes.map((code) => notice("doubt", say(`code_${code}`))) : notice("good", say("looks_good"));
    };
    // What is wrong with the photo stands above it: below, the buttons would lie over it.
    return [
      another ? notice("doubt", say("another_page", { shown: here.page, asked: here.asked })) : null,
      verdict(),
      pictureOf(seen),
      h("div", { class: "stack bottom" },
        h("button", { class: "button", onclick: () => model.send(here) }, codes.length ? say("send_anyway") : say("send")),
        h("button", { class: "button second", onclick: () => again(here) }, say("again")),
        h("button", { class: "quiet", onclick: () => discard(here) }, say("discard"))),
    ];
  }

  function again(here) {
    if (here.state === "draft") app.replaces = here;
    app.go(here.page === null ? "/camera" : cameraPath({ form: here.form, page: here.asked ?? here.page }));
  }

  async function discard(here) {
    if (!confirm(say("discard_sure"))) return;
    await model.discard(here);
    app.go("/");
  }

  function sheetPart(sheet) {
    const title = sheet.page === null ? "" : say("page", { page: sheet.page });
    if (sheet.refusal !== null) {
      return h("section", {}, notice("bad", text(sheet.refusal.advice)),
        h("button", { class: "button", onclick: () => app.go("/camera") }, say("again")));
    }
    const said = model.saidOf(sheet);
    // What does not add up comes first; of single doubts, which the rows show as well, only a few are spelt out at once.
    const findings = [...sheet.findings].sort((one, other) => ADDING_UP.has(other.code) - ADDING_UP.has(one.code)).map((one) => h("li", {}, text(one.message)));
    const first = findings.splice(0, FINDINGS_AT_ONCE);
    return h("section", { class: "sheet" },
      h("h2", {}, title, " ", h("span", { class: `badge ${sheet.verdict.code}` }, text(sheet.verdict.text))),
      sheet.superseded ? notice("info", say("replaced")) : null,
      first.length ? h("div", { class: "findings" }, h("h3", {}, say("findings")), h("ul", {}, first),
        findings.length ? h("details", {}, h("summary", {}, say("more_findings", { count: findings.length })), h("ul", {}, findings)) : null) : null,
      model.heldOf(sheet).map((one) => heldPart(model, one, othersOf(sheet, one), sheet.superseded ? null : () => model.sayAgain(one, sheet.said?.position ?? null))),
      isCorrecting(sheet) ? correction(sheet) : numbers(sheet, said));
  }

  function numbers(sheet, said) {
    const rows = sheet.numbers.map((one) => {
      const other = said?.others[one.id];
      return h("tr", { class: other ? "other" : one.doubted ? "doubted" : "" },
        h("th", { scope: "row" }, text(one.label), crop(sheet, one)),
        h("td", {}, h("strong", {}, readAs(one)),
          one.doubted ? h("span", { class: "mark" }, say("doubted")) : null,
          other ? h("span", { class: "mark" }, say("your_number", { value: other.value ?? say(other.state) })) : null));
    });
    const differs = said !== null && Object.keys(said.others).length > 0;
    return [
      said === null && !sheet.superseded ? h("p", {}, say("compare")) : null,
      h("table", { class: "numbers" }, h("tbody", {}, rows)),
      said === null ? null : notice(differs ? "doubt" : "good", say(differs ? "said_differs" : "said_agrees"), said.waits ? ` ${say("said_waits")}` : ""),
      sheet.superseded ? null : h("div", { class: "pair bottom" },
        h("button", { class: "button second", onclick: () => { app.typed.correction = { reading: sheet.reading, numbers: {} }; draw(); } }, say("differs")),
        h("button", { class: "button", onclick: () => model.confirm(sheet, {}) }, say("agrees"))),
    ].flat();
  }

  // What the officer types stays when the view is made anew. A number that was not read is none until somebody says so.
  function correction(sheet) {
    const { numbers: typed } = app.typed.correction;
    const inputs = new Map();
    const wrong = h("p", { class: "wrong", role: "alert" });
    const save = async (event) => {
      event.preventDefault();
      const others = {};
      for (const one of sheet.numbers) {
        const { digits, state } = typed[one.id];
        const valid = state !== null || (/^\d+$/.test(digits.trim()) && Number(digits) <= MOST_VOTES);
        inputs.get(one.id).setAttribute("aria-invalid", String(!valid));
        if (!valid) {
          wrong.textContent = say("bad_number");
          inputs.get(one.id).focus();
          return;
        }
        const value = state ?? Number(digits);
        if (value !== (one.value ?? one.state)) others[one.id] = value;
      }
      if (await model.confirm(sheet, others)) app.typed.correction = null;
      else wrong.textContent = say("not_saved");
      draw();
    };
    const rows = sheet.numbers.map((one) => {
      const mine = (typed[one.id] ??= { digits: String(one.value ?? ""), state: one.state === "blank" ? "blank" : null });
      const input = h("input", { id: `n-${one.id}`, type: "text", inputmode: "numeric", maxlength: "5", autocomplete: "off", value: mine.digits });
      const choices = WITHOUT_NUMBER.map((state) => h("button", { type: "button", class: "choice", onclick: () => choose(mine.state === state ? null : state) }, say(state)));
      const choose = (state) => {
        Object.assign(mine, { state, digits: state === null ? input.value : "" });
        input.value = mine.digits;
        choices.forEach((button, place) => button.setAttribute("aria-pressed", String(WITHOUT_NUMBER[place] === state)));
      };
      choose(mine.state);
      input.addEventListener("input", () => choose(null));
      inputs.set(one.id, input);
      return h("tr", {}, h("th", { scope: "row" }, h("label", { for: `n-${one.id}` }, text(one.label)), crop(sheet, one)),
        h("td", {}, h("strong", {}, readAs(one)), input, h("div", { class: "choices" }, choices)));
    });
    return h("form", { onsubmit: save, novalidate: true }, h("p", {}, say("correct_how")), h("table", { class: "numbers" }, h("tbody", {}, rows)), wrong,
      h("div", { class: "pair bottom" },
        h("button", { type: "button", class: "button second", onclick: () => { app.typed.correction = null; draw(); } }, say("cancel")),
        h("button", { class: "button" }, say("save_correction"))));
  }

  // What was said of a reading, in words.
  function othersOf(sheet, { others }) {
    const said = sheet.numbers.filter((one) => one.id in others).map((one) => `${text(one.label)}: ${typeof others[one.id] === "number" ? others[one.id] : say(others[one.id])}`);
    return said.join("; ") || say("agrees");
  }

  // The boxes of a number as they were photographed, as long as there is a line to get them by.
  function crop(sheet, one) {
    if (!model.online) return null;
    const image = h("img", { class: "crop", loading: "lazy", alt: "", src: `/sheets/${sheet.reading}/crop/${one.id}/boxes.jpg` });
    image.addEventListener("error", () => image.remove(), { once: true });
    return image;
  }

  const readAs = (one) => (one.value === null ? text(one.state_text) : one.state_text ? `${one.value} (${text(one.state_text)})` : String(one.value));

  function receiptPart({ here, there }) {
    const receipt = there?.receipt ?? here?.receipt ?? null;
    if (receipt === null) return h("section", {}, h("h2", {}, say("receipt")), h("p", {}, say("no_receipt")), h("code", {}, here.sha256),
      here.sha256 && h("div", { class: "qr" }, qrSvg(`${location.origin}/cek?hash=${here.sha256}`, { label: say("check_qr") })));
    return h("section", { class: "receipt" },
      h("h2", {}, say("receipt")),
      h("dl", {},
        h("dt", {}, say("received_at")), h("dd", {}, when(receipt.at)),
        h("dt", {}, say("ledger_row")), h("dd", {}, String(receipt.position)),
        h("dt", {}, say("ledger_hash")), h("dd", {}, h("code", {}, receipt.hash)),
        h("dt", {}, say("photo_hash")), h("dd", {}, h("code", {}, receipt.sha256))),
      h("div", { class: "qr" }, qrSvg(receipt.link, { label: say("receipt_qr") })),
      h("p", {}, h("a", { class: "button second", href: receipt.link, target: "_blank", rel: "noopener" }, say("open_check"))));
  }

  function draw() {
    const seen = find();
    if (seen === null) {
      app.go("/");
      return;
    }
    // What is asked for again and again mostly is as it was: the page is left alone then, with what is open and where one has scrolled to.
    const shown = JSON.stringify([seen, model.said, model.unsent.length, model.online, model.ended, model.notice, app.update !== null, picture, app.typed.correction?.reading]);
    if (shown === drawn) return;
    drawn = shown;
    const { here, there, state } = seen;
    const page = there?.sheets.find((one) => one.page !== null)?.page ?? here?.page;
    fill(element,
      top(app, page ? say("page", { page }) : say("other_photos")),
      banners(app),
      h("p", { class: `state ${state}` }, stateText(seen)),
      state === "draft" ? draft(seen) : pictureOf(seen),
      state === "stopped" ? [notice("bad", text(here.refusal)), h("div", { class: "stack" },
        h("button", { class: "button", onclick: () => model.send(here) }, say("send")),
        h("button", { class: "button second", onclick: () => again(here) }, say("again")))] : null,
      state === "sent" ? notice("info", say("reading")) : null,
      (there?.sheets ?? []).map(sheetPart),
      state === "draft" ? null : receiptPart(seen),
      ["draft", "stopped"].includes(state) ? null : h("div", { class: "stack" },
        h("button", { class: "button second", onclick: () => app.go(page ? cameraPath({ form: there?.sheets[0]?.form ?? here?.form, page }) : "/camera") }, say("again"))));
  }

  return {
    element, draw,
    busy: () => Boolean(find()?.there?.sheets.some(isCorrecting)),
    leave: () => { if (picture !== null) URL.revokeObjectURL(picture); },
  };
}

function notes(app) {
  const { model } = app;
  const field = h("textarea", { id: "note", rows: 6, maxlength: "2000", oninput: () => { app.typed.note = field.value; } });
  field.value = app.typed.note;
  const done = h("p", { role: "status" });
  const before = h("div", {});
  const save = async (event) => {
    event.preventDefault();
    if (!field.value.trim()) return;
    const kept = await model.writeNote(field.value.trim());
    if (kept) app.typed.note = field.value = "";
    done.textContent = say(!kept ? "not_saved" : model.online ? "saved" : "said_waits");
  };
  const element = screen("notes",
    top(app, say("notes")), before, h("p", {}, say("notes_how")),
    h("form", { class: "stack", onsubmit: save }, h("label", { for: "note" }, say("note_label")), field, done, h("button", { class: "button" }, say("save"))));
  // The field stays where it is, with the keyboard open; what is above it follows.
  const draw = () => fill(before,
    banners(app),
    model.held.filter((one) => one.kind === "note").map((one) => heldPart(model, one, one.text, () => model.sayAgain(one))),
    model.notes.length ? h("section", {}, h("h2", {}, say("notes_written")), h("ul", {}, model.notes.map((one) =>
      h("li", {}, one.text, " ", h("span", { class: "soft" }, one.at === null ? say("said_waits") : when(one.at)))))) : null);
  return { element, draw };
}

const photoHere = (app, id) => photo(app, () => app.model.photoHere(Number(id)));
const photoThere = (app, position) => photo(app, () => app.model.photoThere(Number(position)));

export const views = { enter, list, camera, photo: photoHere, sent: photoThere, notes };
