// Looks at photos in a worker of its own, which is started when it is first needed and again when it has died.

const REST = 10_000; // after a worker that could not be started, as on a phone with too little memory

let worker = null;
let restsUntil = 0;
let number = 0;
const asked = new Map();

function started() {
  if (worker !== null) return worker;
  worker = new Worker("/m/check-worker.js");
  worker.onmessage = ({ data }) => {
    if (data.ready) return;
    const resolve = asked.get(data.id);
    asked.delete(data.id);
    resolve?.(data);
  };
  worker.onerror = () => {
    worker?.terminate();
    worker = null;
    restsUntil = Date.now() + REST;
    for (const [id, resolve] of asked) resolve({ id, error: "the worker ended" });
    asked.clear();
  };
  return worker;
}

// What is to be said of a picture: `{codes, outline, page, tag}`, or `{error}` when it could not be looked at.
export async function look(picture, kind, tags) {
  number += 1;
  const id = number;
  if (Date.now() < restsUntil) return { id, error: "the worker rests" };
  try {
    const bitmap = await createImageBitmap(picture, kind === "photo" ? { imageOrientation: "from-image" } : {});
    return await new Promise((resolve) => {
      asked.set(id, resolve);
      started().postMessage({ id, kind, bitmap, tags }, [bitmap]);
    });
  } catch (error) {
    return { id, error: String(error) };
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
