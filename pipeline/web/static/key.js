// Key mode: one field at a time, its crop large, the page small with the field lit; every key of the numeric pad also is a button.
// Without this module the page is a plain form that works with the keyboard.

const form = document.querySelector("form[data-key]");
const inputs = [...form.querySelectorAll("input[data-field]")];
const crop = document.querySelector("[data-crop]");
const page = document.querySelector("[data-page]");
const help = document.querySelector("dialog[data-help]");
const VIEW_KEYS = { 8: "zoom-in", 2: "zoom-out", 4: "turn-left", 6: "turn-right", 5: "contrast", 0: "boxes", 7: "words", 9: "tally", 1: "bubbles", 3: "row_sums" };
const view = { field: inputs[0], source: "boxes", zoom: 1, turn: 0, contrast: false, choosing: false };

function show() {
  const { field, source, zoom, turn, contrast, choosing } = view;
  const sources = field.dataset.sources.split(" ");
  const shown = sources.includes(source) ? source : "boxes";
  const address = `${form.dataset.crops}/${field.dataset.field}/${shown}.jpg`;
  if (crop.getAttribute("src") !== address) crop.setAttribute("src", address);
  crop.setAttribute("alt", field.dataset.label);
  crop.style.transform = `rotate(${turn}deg) scale(${zoom})`;
  crop.classList.toggle("more-contrast", contrast);
  document.querySelector("[data-label]").textContent = field.dataset.label;
  for (const mark of page.querySelectorAll("[data-mark]")) mark.classList.toggle("lit", mark.dataset.mark === field.dataset.field);
  for (const button of document.querySelectorAll("[data-view]")) {
    if (["boxes", "words", "tally", "bubbles", "row_sums"].includes(button.dataset.view)) {
      button.disabled = !sources.includes(button.dataset.view);
      button.setAttribute("aria-pressed", String(button.dataset.view === shown));
    }
  }
  document.body.classList.toggle("choosing-view", choosing);
}

function look(what) {
  if (what === "zoom-in") view.zoom = Math.min(view.zoom * 1.25, 4);
  else if (what === "zoom-out") view.zoom = Math.max(view.zoom / 1.25, 0.5);
  else if (what === "turn-left") view.turn = (view.turn + 270) % 360;
  else if (what === "turn-right") view.turn = (view.turn + 90) % 360;
  else if (what === "contrast") view.contrast = !view.contrast;
  else view.source = what;
  show();
}

function next() {
  const place = inputs.indexOf(view.field);
  const empty = [...inputs.slice(place + 1), ...inputs.slice(0, place + 1)].find((input) => input.value.trim() === "");
  if (place + 1 < inputs.length) inputs[place + 1].focus();
  else if (empty) empty.focus();
  else form.querySelector("[data-save]").focus();
}

function sign(character) {
  view.field.value = character;
  next();
}

function press(key) {
  if (key === "+") form.querySelector("[data-escalate]").focus();
  else if (key === "Enter") next();
  else if (key === "Backspace") view.field.value = view.field.value.slice(0, -1);
  else if (["-", "*", "/"].includes(key)) sign(key);
  else if (/^[0-9]$/.test(key) && view.field.value.length < view.field.maxLength) view.field.value = view.field.value.replace(/[^0-9]/g, "") + key;
}

for (const input of inputs) {
  input.addEventListener("focus", () => {
    if (view.field !== input) Object.assign(view, { field: input, source: "boxes", zoom: 1, turn: 0 });
    input.select();
    show();
  });
}

form.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "+") {
    press("+");
  } else if (!event.target.matches("input[data-field]")) {
    return;
  } else if (event.key === "." || event.key === "," || event.key === "Escape") {
    view.choosing = event.key !== "Escape" && !view.choosing;
    show();
  } else if (view.choosing && event.key in VIEW_KEYS) {
    look(VIEW_KEYS[event.key]);
  } else if (["-", "*", "/", "Enter"].includes(event.key)) {
    press(event.key);
  } else return;
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "F1") {
    event.preventDefault();
    help.open ? help.close() : help.showModal();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-press], [data-view], [data-open-help]");
  if (!button) return;
  if (button.dataset.press) {
    press(button.dataset.press);
    if (/^[0-9]$|Backspace/.test(button.dataset.press)) view.field.focus();
  } else if (button.dataset.view) look(button.dataset.view);
  else help.showModal();
});

// Who was quicker than this module keeps the field that was chosen.
view.field = inputs.find((input) => input === document.activeElement) ?? inputs[0];
view.field.focus();
show();
