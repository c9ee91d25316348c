// What the phone keeps: photos as they were taken, what is still to be told to the server, and the last that the server said.
//
// A photo lies here before anything else is done with it, and stays after it was sent: the copy for witnesses is made of it.

const NAME = "sirekap";
const VERSION = 1;

let opening = null;

function opened() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("photos", { keyPath: "id" });
      request.result.createObjectStore("outbox", { keyPath: "id", autoIncrement: true });
      request.result.createObjectStore("facts");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  }).catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

async function within(store, mode, work) {
  const database = await opened();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? request.error);
    transaction.onerror = () => reject(transaction.error ?? request.error);
  });
}

export const isFull = (error) => error?.name === "QuotaExceededError";

export const photos = {
  all: () => within("photos", "readonly", (store) => store.getAll()),
  get: (id) => within("photos", "readonly", (store) => store.get(id)),
  put: (photo) => within("photos", "readwrite", (store) => store.put(photo)),
  remove: (id) => within("photos", "readwrite", (store) => store.delete(id)),
};

// What was said of a reading and what was written down: told to the server in the order in which it was said.
export const outbox = {
  all: () => within("outbox", "readonly", (store) => store.getAll()),
  add: (said) => within("outbox", "readwrite", (store) => store.add(said)),
  remove: (id) => within("outbox", "readwrite", (store) => store.delete(id)),
};

export const facts = {
  get: (name) => within("facts", "readonly", (store) => store.get(name)),
  put: (name, value) => within("facts", "readwrite", (store) => store.put(value, name)),
  remove: (name) => within("facts", "readwrite", (store) => store.delete(name)),
};

// Asks the browser not to give up what is kept when the phone runs short; it may say no.
export async function keepForGood() {
  return (await navigator.storage?.persisted?.()) || (await navigator.storage?.persist?.()) || false;
}
