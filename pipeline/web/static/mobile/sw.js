// Keeps the app on the phone. The server puts `KEPT` before this: every address with a hash of what is there.
//
// Another list is another version. It is fetched beside the one that runs, only what has changed, and takes over when the page says so.

const PREFIX = "sirekap-";
const LIST = "/m/kept.json";
const VERSION = PREFIX + Object.values(KEPT).join("");

async function keep() {
  const there = new Map();
  for (const name of (await caches.keys()).filter((one) => one.startsWith(PREFIX))) {
    const cache = await caches.open(name);
    const list = await (await cache.match(LIST))?.json();
    for (const [address, hash] of Object.entries(list ?? {})) there.set(`${address} ${hash}`, cache);
  }
  const cache = await caches.open(VERSION);
  await Promise.all(Object.entries(KEPT).map(async ([address, hash]) => {
    const kept = await there.get(`${address} ${hash}`)?.match(address);
    const answer = kept ?? (await fetch(address, { cache: "no-cache" }));
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    await cache.put(address, answer);
  }));
  await cache.put(LIST, new Response(JSON.stringify(KEPT)));
}

async function forget() {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== VERSION);
  await Promise.all(names.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(request, address) {
  const cache = await caches.open(VERSION);
  return (await cache.match(address)) ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forget()));
self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method === "GET" && origin === self.location.origin && pathname in KEPT) {
    event.respondWith(answer(event.request, pathname));
  }
});
