// Says before sending what the server would refuse after it, and lets nobody send twice.

const form = document.querySelector("form[data-upload]");
const files = form.elements.photos;
const tooMany = form.querySelector("[data-too-many]");
const tooLarge = form.querySelector("[data-too-large]");
const send = form.querySelector("[data-send]");

function check() {
  const chosen = [...files.files];
  tooMany.hidden = chosen.length <= Number(form.dataset.mostFiles);
  tooLarge.hidden = chosen.every((file) => file.size <= Number(form.dataset.mostBytes));
  return tooMany.hidden && tooLarge.hidden;
}

files.addEventListener("change", check);
form.addEventListener("submit", (event) => {
  if (!check()) {
    event.preventDefault();
    return;
  }
  send.disabled = true;
  form.querySelector("[data-sending]").hidden = false;
});
// Coming back to a page that the browser kept shows it as it was left.
window.addEventListener("pageshow", () => { send.disabled = false; });
