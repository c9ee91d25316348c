// The camera with a live frame: what is in view is looked at twice a second, and the outline of the paper drawn over it.

import * as check from "./check.js";
import { h } from "./dom.js";
import { known, say } from "./words.js";

const LOOKS_EVERY = 350;
const LONG_SIDE = 800;
const QUALITY = 0.95;

// The view. `taken` gets the photo as a Blob, `picked` a File, `failed` and `closed` nothing. Leave it with `stop()`.
export class Camera {
  constructor({ title, tags, taken, picked, failed, closed }) {
    this.tags = tags;
    this.taken = taken;
    this.failed = failed;
    this.stream = null;
    this.stopped = false;
    this.video = h("video", { class: "live", playsInline: true, muted: true, autoplay: true });
    this.outline = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
    this.frame = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.frame.setAttribute("class", "frame");
    this.frame.append(this.outline);
    this.hint = h("p", { class: "hint", role: "status" }, say("whole_page"));
    this.shutter = h("button", { class: "shutter", "aria-label": say("take"), disabled: true, onclick: () => this.shoot() });
    this.lamp = h("button", { class: "round", hidden: true, "aria-pressed": "false", onclick: () => this.toggleLamp() }, say("light"));
    const file = h("input", { type: "file", accept: "image/*,application/pdf", class: "hidden", onchange: () => file.files[0] && picked(file.files[0]) });
    this.element = h("section", { class: "camera", "aria-label": title },
      h("div", { class: "view" }, this.video, this.frame),
      h("header", { class: "camera-top" }, h("button", { class: "round", onclick: closed }, say("close")), h("h1", {}, title), this.lamp),
      this.hint,
      h("footer", { class: "camera-bottom" },
        h("span", { class: "side" }), this.shutter,
        h("label", { class: "round pick" }, say("pick"), file)));
  }

  async start() {
    this.shutter.disabled = true;
    try {
      const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 4096 }, height: { ideal: 3072 } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    } catch {
      this.hint.textContent = say("no_camera");
      this.element.classList.add("blind");
      return;
    }
    if (this.stopped) {
      this.stop();
      return;
    }
    this.video.srcObject = this.stream;
    await this.video.play().catch(() => {});
    this.track = this.stream.getVideoTracks()[0];
    this.lamp.hidden = !this.track.getCapabilities?.().torch;
    this.shutter.disabled = false;
    this.watch();
  }

  stop() {
    this.stopped = true;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
  }

  async watch() {
    while (!this.stopped) {
      // Another app, or a call, has taken the camera away.
      if (this.track.readyState === "ended" && !document.hidden) return this.start();
      const { videoWidth: width, videoHeight: height } = this.video;
      if (width && !document.hidden) {
        const small = Math.min(1, LONG_SIDE / Math.max(width, height));
        const canvas = new OffscreenCanvas(Math.round(width * small), Math.round(height * small));
        canvas.getContext("2d").drawImage(this.video, 0, 0, canvas.width, canvas.height);
        const seen = await check.look(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 }), "frame", this.tags);
        if (!this.stopped && !seen.error) this.show(seen, width, height);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOKS_EVERY));
    }
  }

  show({ codes, outline }, width, height) {
    this.frame.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.outline.setAttribute("points", (outline ?? []).map(([x, y]) => `${x * width},${y * height}`).join(" "));
    const worst = ["dark", "no_page", "cut_off", "far", "glare", "blurred", "unknown_page"].find((code) => codes.includes(code));
    this.element.classList.toggle("good", worst === undefined);
    this.hint.textContent = worst === undefined ? say("good") : known(`code_${worst}`) ? say(`code_${worst}`) : worst;
  }

  async toggleLamp() {
    const on = this.lamp.getAttribute("aria-pressed") !== "true";
    await this.track.applyConstraints({ advanced: [{ torch: on }] }).catch(() => {});
    this.lamp.setAttribute("aria-pressed", String(on));
  }

  async shoot() {
    this.shutter.disabled = true;
    try {
      const photo = (await this.still()) ?? (await this.fromVideo());
      this.stop();
      this.taken(photo);
    } catch {
      this.failed();
    }
  }

  // The photo of the camera itself, which has more pixels than its video; not every browser gives it.
  async still() {
    if (!("ImageCapture" in globalThis)) return null;
    try {
      const late = new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), 4000));
      return await Promise.race([new ImageCapture(this.track).takePhoto(), late]);
    } catch {
      return null;
    }
  }

  async fromVideo() {
    const canvas = h("canvas", { width: this.video.videoWidth, height: this.video.videoHeight });
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    const made = (resolve, reject) => canvas.toBlob((photo) => (photo ? resolve(photo) : reject(new Error("no picture"))), "image/jpeg", QUALITY);
    return new Promise(made);
  }
}
