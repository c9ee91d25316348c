// The changing part of the page, as the server sends it; the browser connects again by itself when the line was cut.

const now = document.querySelector("#now");
const events = new EventSource("/live/events");
events.addEventListener("message", (event) => { now.innerHTML = event.data; });
addEventListener("pagehide", () => events.close());
