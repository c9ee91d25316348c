// A PDF that is written from above to below on as many pages of A4 as it takes: lines, tables, photos, signs and codes.
// Fonts are the standard ones that every PDF reader has, so nothing but Latin letters can be written, and nothing has to be loaded.

import "../vendor/jspdf.umd.min.js";
import { QUIET, qrBars, qrModules } from "./qr.js";

// A4 in millimetres.
const WIDTH = 210;
export const MARGIN = 14;
export const RIGHT = WIDTH - MARGIN;
export const ROOM = RIGHT - MARGIN;
export const TOP = 22;
export const BOTTOM = 279;
const POINT = 25.4 / 72;
export const QR_SIDE = 42;

const INK = "#1b2430";
export const GREY = "#5d6875";
const LINE = "#c3ccd6";
export const DARK = "#24405e";
export const BAD = "#a93200";
const AMBER = "#855000";
const GOOD = "#00694d";
const PALE = "#eef2f6";
const TINT = "#fff7e2";

export const BODY = { size: 10 };
// Signs that stand beside words, and their colours.
export const MARKS = { unsure: AMBER, differs: BAD, agrees: GOOD };

// What the standard fonts of a PDF write beyond Latin-1 (PDF 32000-1, D.2, WinAnsiEncoding).
const WINDOWS_1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";

// A document and how far down it is written. What does not fit goes on to a further page.
export class Paper {
  constructor({ language, title, subject, created, identifier }) {
    this.doc = new globalThis.jspdf.jsPDF({ unit: "mm", format: "a4", compress: true, putOnlyUsedFonts: true, floatPrecision: 3 });
    this.doc.setLanguage(language);
    this.doc.setProperties({ title: writable(title), subject: writable(subject), author: "sirekap", creator: "sirekap" });
    // Without these the library writes the clock of now and an identifier by chance.
    this.doc.setCreationDate(created);
    this.doc.setFileId(identifier.padEnd(32, "0").slice(0, 32));
    this.y = TOP;
  }

  turn() {
    this.doc.addPage();
    this.y = TOP;
  }

  need(height) {
    if (this.y + height > BOTTOM) this.turn();
  }

  style({ size = 10, font = "helvetica", bold = false, colour = INK }) {
    this.doc.setFont(font, bold ? "bold" : "normal");
    this.doc.setFontSize(size);
    this.doc.setTextColor(colour);
  }

  // The standard fonts are written without kerning, so they are measured without it.
  measure(text, { size = 10 }) {
    return this.doc.getStringUnitWidth(text, { font: this.doc.getFont(), fontSize: size, charSpace: 0, doKerning: false }) * size * POINT;
  }

  // A text as lines of at most `width`; a word that is longer than a line is broken.
  lines(text, { width = ROOM, ...style }) {
    this.style(style);
    const room = width - (style.mark ? 6 : 0);
    const fits = (line) => this.measure(line, style) <= room;
    const lines = [];
    for (const part of writable(text).split("\n")) {
      let line = "";
      for (let word of part.split(" ")) {
        const longer = line ? `${line} ${word}` : word;
        if (fits(longer)) {
          line = longer;
          continue;
        }
        if (line) lines.push(line);
        while (!fits(word)) {
          let cut = 1;
          while (fits(word.slice(0, cut + 1))) cut += 1;
          lines.push(word.slice(0, cut));
          word = word.slice(cut);
        }
        line = word;
      }
      lines.push(line);
    }
    const { mark, after, ...plain } = style;
    const last = lines.length - 1;
    return lines.map((text, number) => ({
      ...plain, text, indent: mark ? 6 : 0, mark: number === 0 ? mark : undefined, after: number === last ? after : 0,
    }));
  }

  heightOf(lines) {
    return lines.reduce((height, line) => height + leading(line), 0);
  }

  // Lines one below the other from where the page is written to; `x` is where they begin, or where those that end at the right end.
  write(lines, x) {
    for (const line of lines) {
      this.need(leading(line));
      this.line(line, x, this.y);
      this.y += leading(line);
    }
  }

  line(line, x, y, end = RIGHT) {
    const base = y + leading({ size: line.size }) * 0.76;
    if (line.mark) this.sign(line.mark, x, base);
    if (/^https?:/.test(line.url)) this.doc.link(x, y, end - x, leading(line), { url: line.url });
    this.put(line.text, line.right ? end : x + (line.indent ?? 0), base, line);
  }

  put(text, x, y, style) {
    this.style(style);
    let shown = writable(text);
    while (style.most && this.measure(shown, style) > style.most) shown = `${shown.replace(/…$/, "").slice(0, -1)}…`;
    this.doc.text(shown, style.right ? x - this.measure(shown, style) : x, y);
  }

  paragraph(text, style) {
    this.write(this.lines(text, style), MARGIN);
  }

  // A heading stays with at least `least` millimetres of what it heads.
  heading(text, least = 12) {
    const lines = this.lines(text, { size: 12, bold: true, colour: DARK });
    this.y += 5;
    this.need(this.heightOf(lines) + least + 2);
    this.write(lines, MARGIN);
    this.y += 1;
  }

  facts(facts) {
    for (const [label, value] of facts) {
      const lines = this.lines(value, { ...BODY, bold: true, width: ROOM - 42 });
      this.need(leading(BODY));
      this.line({ ...BODY, colour: GREY, text: label }, MARGIN, this.y);
      this.write(lines, MARGIN + 42);
    }
  }

  box(texts) {
    const lines = texts.flatMap(({ text, ...style }) => this.lines(text, { ...style, width: ROOM - 8 }));
    const height = this.heightOf(lines) + 5;
    this.need(height);
    this.doc.setDrawColor(BAD);
    this.doc.setLineWidth(0.5);
    this.doc.roundedRect(MARGIN, this.y, ROOM, height, 1.5, 1.5, "S");
    this.y += 2.5;
    this.write(lines, MARGIN + 4);
    this.y += 2.5;
  }

  rule(y, colour = LINE) {
    this.doc.setDrawColor(colour);
    this.doc.setLineWidth(0.2);
    this.doc.line(MARGIN, y, RIGHT, y);
  }

  // As large as the page allows above `bottom`.
  picture({ bytes, width, height }, bottom) {
    const scale = Math.min(ROOM / width, (bottom - this.y) / height);
    const x = MARGIN + (ROOM - width * scale) / 2;
    // The name is of the page: the library takes photos with the same name for one.
    this.doc.addImage(bytes, "JPEG", x, this.y, width * scale, height * scale, `photo-${this.doc.getNumberOfPages()}`);
    this.doc.setDrawColor(LINE);
    this.doc.setLineWidth(0.2);
    this.doc.rect(x, this.y, width * scale, height * scale, "S");
    this.y += height * scale + 1.5;
  }

  // A cell is texts with their styles, one below the other. The headings stand above the rows on every page.
  table(widths, headings, rows) {
    const pad = 1.8;
    const starts = widths.map((_, column) => MARGIN + widths.slice(0, column).reduce((sum, width) => sum + width, 0));
    const linesOf = (cell, width) => cell.flatMap(({ text, ...style }) => this.lines(text, { ...style, width: width - 2 * pad }));
    const cut = (cells) => cells.map((cell, column) => linesOf(cell, widths[column]));
    const right = rows.length ? rows[0].cells.map((cell) => Boolean(cell[0]?.right)) : [];
    const titles = cut(headings.map((text, column) => [{ text, size: 8.5, bold: true, colour: DARK, right: right[column] }]));
    const step = leading(BODY);
    const band = (columns, colour) => {
      const height = Math.max(...columns.map((lines) => lines.length), 1) * step + 1.6;
      if (colour) {
        this.doc.setFillColor(colour);
        this.doc.rect(MARGIN, this.y, ROOM, height, "F");
        this.rule(this.y);
      }
      columns.forEach((lines, column) => {
        const end = starts[column] + widths[column] - pad;
        lines.forEach((line, number) => this.line(line, starts[column] + pad, this.y + 0.8 + number * step, end));
      });
      this.y += height;
      this.rule(this.y);
    };
    band(titles, PALE);
    for (const { cells, tinted } of rows) {
      let rest = cut(cells);
      while (rest.some((lines) => lines.length)) {
        const most = Math.max(...rest.map((lines) => lines.length));
        // A row is torn apart only where a whole page does not hold it.
        const whole = TOP + 12 + most * step < BOTTOM;
        const fit = Math.floor((BOTTOM - this.y - 1.6) / step);
        if (whole ? fit < most : fit < 1) {
          this.turn();
          band(titles, PALE);
          continue;
        }
        band(rest.map((lines) => lines.slice(0, fit)), tinted ? TINT : null);
        rest = rest.map((lines) => lines.slice(fit));
      }
    }
    this.y += 1;
  }

  // Drawn, because the standard fonts have none of these; the words stand beside them.
  sign(mark, x, base) {
    const { doc } = this;
    doc.setDrawColor(MARKS[mark]);
    doc.setLineWidth(0.45);
    if (mark === "unsure") {
      doc.triangle(x + 2, base - 3.2, x, base + 0.3, x + 4, base + 0.3, "S");
      doc.line(x + 2, base - 2, x + 2, base - 0.9);
      doc.line(x + 2, base - 0.4, x + 2, base - 0.25);
    } else if (mark === "differs") {
      doc.line(x + 0.4, base - 1.9, x + 3.6, base - 1.9);
      doc.line(x + 0.4, base - 0.7, x + 3.6, base - 0.7);
      doc.line(x + 1.1, base + 0.4, x + 2.9, base - 3);
    } else if (mark === "agrees") {
      doc.lines([[1.1, 1.2], [2.2, -2.9]], x + 0.4, base - 1.4, [1, 1], "S");
    }
  }

  // One path of all bars, filled once: bars that are filled one by one get hairlines between them.
  qr(text, x, y) {
    const modules = qrModules(text);
    const module = QR_SIDE / (modules.length + 2 * QUIET);
    this.doc.setFillColor("#ffffff");
    this.doc.rect(x, y, QR_SIDE, QR_SIDE, "F");
    this.doc.setFillColor("#000000");
    for (const bar of qrBars(modules)) {
      this.doc.rect(x + (bar.x + QUIET) * module, y + (bar.y + QUIET) * module, bar.width * module, module, null);
    }
    this.doc.fill();
  }
}

function leading({ size = 10, after = 0 }) {
  return size * POINT * 1.28 + after;
}

function writable(text) {
  const signs = [...String(text).normalize("NFC").replace(/\r\n?/g, "\n").replace(/\t/g, " ")];
  return signs.map((sign) => (/^[\n\x20-\x7e\xa0-\xff]$/.test(sign) || WINDOWS_1252.includes(sign) ? sign : "?")).join("");
}
