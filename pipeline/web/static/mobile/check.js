// Looks at photos in a worker of its own, which is started when it is first needed and again when it has died.

const REST = 10_000; // after a worker that could not be started, as on a phone with too little memory
const PATIENCE = 15_000; // a photo takes a slow phone some seconds; what takes longer will not come
const MOST_SIDE = 3_200; // twice what the worker measures on, so that what counts is its own way of making pictures smaller

let worker = null;
let ready = false;
let restsUntil = 0;
let number = 0;
const asked = new Map();

function started() {
  if (worker !== null) return worker;
  ready = false;
  worker = new Worker("/m/check-worker.js");
  worker.onmessage = ({ data }) => {
    if (data.failed) return end(data.failed);
    if (data.ready) ready = true;
    else asked.get(data.id)?.(data);
  };
  worker.onerror = () => end("the worker ended");
  return worker;
}

function end(reason) {
  worker?.terminate();
  worker = null;
  restsUntil = Date.now() + REST;
  for (const [id, resolve] of asked) resolve({ id, error: reason });
}

// What is to be said of a picture: `{codes, outline, page, tag}`, or `{error}` when it could not be looked at.
export async function look(picture, kind, tags) {
  number += 1;
  const id = number;
  if (Date.now() < restsUntil) return { id, error: "the worker rests" };
  let timer;
  const answer = await new Promise((resolve) => {
    asked.set(id, resolve);
    timer = setTimeout(() => resolve({ id, error: "too late" }), PATIENCE);
    bitmapOf(picture, kind)
      .then((bitmap) => started().postMessage({ id, kind, bitmap, tags }, [bitmap]))
      .catch((error) => resolve({ id, error: String(error) }));
  });
  clearTimeout(timer);
  asked.delete(id);
  // One that is still being started may be of use for the next photo.
  if (answer.error === "too late" && ready) end(answer.error);
  return answer;
}

// The picture, upright. One of very many pixels is never whole in memory twice.
async function bitmapOf(picture, kind) {
  if (kind === "frame") return createImageBitmap(picture);
  const { width, height } = await sizeOf(picture);
  const scale = MOST_SIDE / Math.max(width, height);
  const size = { resizeWidth: Math.round(width * scale), resizeHeight: Math.round(height * scale), resizeQuality: "high" };
  return createImageBitmap(picture, { imageOrientation: "from-image", ...(scale < 1 ? size : {}) });
}

// Width and height of a picture that stands upright, which a browser tells without making all its pixels.
async function sizeOf(picture) {
  const address = URL.createObjectURL(picture);
  const image = new Image();
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new Error("no picture that is shown here"));
      image.src = address;
    });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } finally {
    URL.revokeObjectURL(address);
  }
}

export const begin = started;

// The formats that are read, by their first bytes.
export async function isPhoto(file) {
  const bytes = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  const text = String.fromCharCode(...bytes);
  return text.startsWith("\xff\xd8\xff") || text.startsWith("\x89PNG\r\n\x1a\n") || (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP")
    || text.startsWith("%PDF-") || (text.slice(4, 8) === "ftyp" && /hei[cxms]|mif1|msf1|hev[cx]/.test(text.slice(8, 12)));
}
