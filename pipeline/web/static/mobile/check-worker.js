// Judges photos on the phone itself, before anything is sent: OpenCV in a worker of its own, so that the page stays quick.
// In: {id, kind: "frame" | "photo", bitmap, tags}. Out: {ready: true} or {failed} once, then {id, …} as `check` in checks.js says, or {id, error}.
// A photo goes before frames, and of the frames that wait only the newest is looked at.

"use strict";

const photos = [];
let frame = null;
let engine = null;
let due = false;
const canvas = new OffscreenCanvas(1, 1);
const brush = canvas.getContext("2d", { willReadFrequently: true });

function pixelsOf(bitmap, longSide) {
  const scale = Math.min(1, longSide / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  brush.imageSmoothingQuality = "high";
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return brush.getImageData(0, 0, canvas.width, canvas.height);
}

function answer({ id, kind, bitmap, tags }) {
  try {
    const pixels = pixelsOf(bitmap, KINDS[kind].longSide);
    postMessage({ id, ...check(engine, pixels, tags, KINDS[kind]) });
  } catch (error) {
    // OpenCV throws the address of a C++ exception.
    postMessage({ id, error: typeof error === "number" ? engine.exceptionFromPtr(error).msg : String(error) });
  } finally {
    bitmap?.close?.();
  }
}

function work() {
  due = false;
  const next = photos.shift() ?? frame;
  if (next === frame) frame = null;
  if (next) answer(next);
  plan();
}

// One picture a turn: what arrives meanwhile is sorted first, so a photo overtakes frames and a newer frame replaces an older.
function plan() {
  if (!engine || due || !(frame || photos.length)) return;
  due = true;
  setTimeout(work);
}

self.addEventListener("message", ({ data }) => {
  if (data.kind === "photo") {
    photos.push(data);
  } else {
    if (frame) {
      frame.bitmap?.close?.();
      postMessage({ id: frame.id, error: "a newer frame came" });
    }
    frame = data;
  }
  plan();
});

function start(module) {
  engine = module;
  postMessage({ ready: true });
  plan();
}

importScripts("/static/vendor/opencv-4.12.0-release.1.js", "/static/mobile/checks.js", "/static/mobile/paper.js", "/static/mobile/screen.js");
// Builds differ: a real promise of the module, or the module itself, with a `then` that hands over the module. Awaiting the latter would never end.
if (self.cv instanceof Promise) self.cv.then(start, (error) => postMessage({ failed: String(error) }));
else if (self.cv.Mat) start(self.cv);
else self.cv.onRuntimeInitialized = () => start(self.cv);
