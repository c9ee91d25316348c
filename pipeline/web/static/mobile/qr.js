// QR codes without a network: a text goes in; its modules, or a picture of them with a name for those who do not see it, come out.

import qrcode from "../vendor/qrcode-generator.js";

const SVG = "http://www.w3.org/2000/svg";
// Four modules of white on every side is what ISO/IEC 18004 asks for; readers lose codes that touch what is around them.
export const QUIET = 4;
// What the largest code holds at error correction M.
const MOST_BYTES = 2331;

export function qrModules(text) {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > MOST_BYTES) throw new RangeError(`${bytes.length} bytes are more than a QR code holds`);
  const code = qrcode(0, "M");
  // The library writes the lower byte of every sign, so it gets UTF-8 as one sign for each byte.
  code.addData(String.fromCharCode(...bytes), "Byte");
  code.make();
  const places = [...Array(code.getModuleCount()).keys()];
  return places.map((row) => places.map((column) => code.isDark(row, column)));
}

// Dark modules that touch in a row as one bar each: fewer shapes, and no hairlines between them.
export function qrBars(modules) {
  const bars = [];
  modules.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x += 1;
      bars.push({ x: from, y, width: x + 1 - from });
    }
  });
  return bars;
}

export function qrSvg(text, { label }) {
  const modules = qrModules(text);
  const side = modules.length + 2 * QUIET;
  const bars = qrBars(modules).map(({ x, y, width }) => `M${x + QUIET} ${y + QUIET}h${width}v1h-${width}z`);
  // Both colours are said, so that the code stays dark on light where the page is light on dark.
  return element("svg", { viewBox: `0 0 ${side} ${side}`, "shape-rendering": "crispEdges", role: "img", "aria-label": label }, [
    element("rect", { width: side, height: side, fill: "#fff" }),
    element("path", { d: bars.join(""), fill: "#000" }),
  ]);
}

function element(name, attributes, children = []) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
