// Sirekap Mobile: starts the app, and shows the view that the address names.

import { h } from "./dom.js";
import { keepForGood } from "./keep.js";
import { tokenIn } from "./link.js";
import { Model } from "./model.js";
import { views } from "./views.js";
import { both, say } from "./words.js";

const root = document.getElementById("app");
const model = new Model();
let shown = null; // the view that is shown: {path, view}
let update = null; // the service worker that waits to take over
let touching = false; // a finger is on the screen
let missed = false; // something changed meanwhile

function path() {
  return decodeURIComponent(location.hash.slice(1)) || "/";
}

// A view that is looked at through the camera, or typed into, is left as it is when something changes elsewhere; one that is touched is
// drawn when the finger is off it: a button that is drawn anew under a finger is never pressed.
function draw(again = true) {
  const here = path();
  if (shown?.path === here) {
    if (!again || shown.view.busy?.()) return;
    if (touching) missed = true;
    else shown.view.draw();
  } else {
    shown?.view.leave?.();
    const [name, ...rest] = here.split("/").filter(Boolean);
    const make = model.me?.officer ? (views[name ?? "list"] ?? views.list) : views.enter;
    shown = { path: here, loggedIn: Boolean(model.me?.officer), view: make(app, ...rest) };
    root.replaceChildren(shown.view.element);
    shown.view.draw();
    globalThis.scrollTo(0, 0);
    shown.view.element.querySelector("h1")?.focus({ preventScroll: true });
  }
}

const app = {
  model,
  typed: { note: "", correction: null }, // what was typed and is not kept yet, which outlives a view
  replaces: null, // the photo that is taken again
  go(to) {
    if (path() === to) app.redraw();
    else location.hash = to;
  },
  redraw() {
    shown?.view.leave?.();
    shown = null;
    draw();
  },
  get update() {
    return update;
  },
};

function watchFingers() {
  globalThis.addEventListener("pointerdown", () => { touching = true; }, true);
  const lifted = () => {
    touching = false;
    if (missed) draw();
    missed = false;
  };
  // What was pressed hears of it after the finger is up.
  for (const end of ["pointerup", "pointercancel"]) globalThis.addEventListener(end, () => setTimeout(lifted), true);
}

async function begin() {
  root.replaceChildren(h("p", { class: "loading", role: "status" }, say("loading")));
  if (!globalThis.isSecureContext) {
    root.replaceChildren(h("p", { class: "notice bad", role: "alert" }, say("needs_https")));
    return;
  }
  globalThis.addEventListener("hashchange", () => {
    if (tokenIn(location.hash)) enter();
    else draw();
  });
  model.addEventListener("changed", () => shown !== null && (Boolean(model.me?.officer) === shown.loggedIn ? draw() : app.redraw()));
  watchFingers();
  if ("serviceWorker" in navigator) register();
  await model.open();
  const token = tokenIn(location.hash);
  if (token === null || model.me !== null) draw();
  if (token !== null) await enter();
  model.start();
  app.kept = await keepForGood().catch(() => false);
}

// Logs in by the link that was opened; the token leaves the address at once, so that it is in no history and no screenshot.
async function enter() {
  const token = tokenIn(location.hash);
  const before = model.tps;
  history.replaceState(null, "", location.pathname);
  try {
    await model.logIn(token);
  } catch (error) {
    model.notice = error.said ?? both("needs_line");
  }
  // On a slow line the station that was open may be in use by now.
  if (before === null || model.tps !== before || !shown?.view.busy?.()) draw();
}

async function register() {
  const registration = await navigator.serviceWorker.register("/m/sw.js", { scope: "/m" }).catch(() => null);
  const waits = (worker) => {
    update = worker;
    model.changed();
  };
  if (registration?.waiting && navigator.serviceWorker.controller) waits(registration.waiting);
  registration?.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && navigator.serviceWorker.controller) waits(worker);
    });
  });
  let reloading = false;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (update !== null && !reloading) {
      reloading = true;
      location.reload();
    }
  });
}

begin();
