// What the phone keeps: photos as they were taken, what is still to be told to the server, and the last that the server said.
//
// A photo lies here before anything else is done with it, and stays after it was sent: the copy for witnesses is made of it. Its bytes are
// written once, apart from what becomes of it. The number it gets is higher than that of every photo before, whatever the clock says.

const NAME = "sirekap-mobile";
const VERSION = 1;

let opening = null;

function opened() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("photos", { keyPath: "id", autoIncrement: true });
      request.result.createObjectStore("blobs");
      request.result.createObjectStore("outbox", { keyPath: "id", autoIncrement: true });
      request.result.createObjectStore("facts");
    };
    request.onsuccess = () => {
      // Browsers close a database by themselves, as when its data are cleared: it is opened anew then.
      request.result.onclose = () => { opening = null; };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  }).catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

// Does `work` with the stores of these names; everything of it is kept, or nothing and an error is thrown.
async function within(names, mode, work) {
  const database = await opened();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(names, mode, { durability: "strict" });
    const request = work(...names.map((name) => transaction.objectStore(name)));
    transaction.oncomplete = () => resolve(request.result);
    // A browser that gives up by itself names no error.
    transaction.onabort = () => reject(transaction.error ?? new DOMException("the browser gave up", "AbortError"));
  });
}

// Changes some of what is kept under a number, and leaves the rest as it is by then; what is gone stays gone.
function change(name, id, changes) {
  return within([name], "readwrite", (store) => {
    const found = store.get(id);
    found.onsuccess = () => found.result && store.put({ ...found.result, ...changes });
    return found;
  });
}

export const isFull = (error) => error?.name === "QuotaExceededError";

export const photos = {
  all: () => within(["photos"], "readonly", (store) => store.getAll()),
  blob: (id) => within(["blobs"], "readonly", (store) => store.get(id)),
  // Gives the number of the photo.
  add: (photo, blob) => within(["photos", "blobs"], "readwrite", (store, blobs) => {
    const added = store.add(photo);
    added.onsuccess = () => blobs.add(blob, added.result);
    return added;
  }),
  change: (id, changes) => change("photos", id, changes),
  remove: (id) => within(["photos", "blobs"], "readwrite", (store, blobs) => {
    blobs.delete(id);
    return store.delete(id);
  }),
};

// What was said of a reading and what was written down: told to the server in the order in which it was said.
export const outbox = {
  all: () => within(["outbox"], "readonly", (store) => store.getAll()),
  add: (said) => within(["outbox"], "readwrite", (store) => store.add(said)),
  change: (id, changes) => change("outbox", id, changes),
  remove: (id) => within(["outbox"], "readwrite", (store) => store.delete(id)),
};

export const facts = {
  get: (name) => within(["facts"], "readonly", (store) => store.get(name)),
  put: (name, value) => within(["facts"], "readwrite", (store) => store.put(value, name)),
  remove: (name) => within(["facts"], "readwrite", (store) => store.delete(name)),
};

// Asks the browser not to give up what is kept when the phone runs short; it may say no.
export async function keepForGood() {
  return (await navigator.storage?.persisted?.()) || (await navigator.storage?.persist?.()) || false;
}
