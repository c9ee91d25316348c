// The copy for witnesses and supervisors: a PDF of every photo of a polling station, what was read from it, and what proves it.
// A description goes in, a PDF comes out, the same for the same description. Nothing is fetched: a phone makes it without a network.

import { BAD, BODY, BOTTOM, DARK, GREY, MARGIN, MARKS, Paper, QR_SIDE, RIGHT, ROOM, TOP } from "./pdf.js";

const plural = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

const WORDS = {
  id: {
    title: "Salinan foto hasil TPS",
    unofficial: "Bukan hasil resmi.",
    official: "Hasil resmi ditetapkan KPU melalui rekapitulasi berjenjang.",
    levels: ["Provinsi", "Kabupaten/Kota", "Kecamatan", "Kelurahan/Desa"],
    station: "TPS", code: "Kode TPS", election: "Pemilihan", made: "Dibuat", taken: "Difoto", page: "halaman", state: "Keadaan",
    pages: "Halaman yang difoto",
    pageColumns: ["Halaman", "Keadaan", "Perlu diperiksa", "SHA-256 (16 digit pertama)"],
    states: { waiting: "belum terkirim", received: "sudah diterima", read: "sudah dibaca", confirmed: "sudah dikonfirmasi" },
    missing: "Tidak ada dalam salinan ini", notTaken: "belum difoto", notHere: "fotonya tidak ada di HP ini",
    toCheck: (unsure, differing, findings) => [
      unsure && `${unsure} angka tidak pasti`, differing && `${differing} angka tidak sama`, findings && `${findings} temuan`,
    ],
    nothing: "tidak ada", unread: "belum dibaca",
    notes: "Catatan petugas tentang kejadian khusus", noNotes: "Tidak ada catatan.",
    otherPage: "Foto lain", noPhoto: "Foto ini tidak dapat ditampilkan.",
    numbers: "Angka", numberColumns: ["Uraian", "Terbaca", "Menurut petugas", "Keterangan"],
    noNumbers: "Belum ada angka yang terbaca.", blank: "(kosong)", noAnswer: "–", noAnswerMeans: "– : petugas belum menjawab.",
    unsure: "tidak pasti", differs: "tidak sama", agrees: "sama", onlyTold: "hanya dari petugas",
    findings: "Temuan pemeriksaan", noFindings: "Tidak ada temuan.", notChecked: "Belum diperiksa.",
    receipt: "Tanda terima", notSent: "belum terkirim: belum ada tanda terima", position: "Baris buku besar", hash: "Hash buku besar",
    received: "Diterima",
    scan: "Pindai kode QR atau buka tautan ini untuk mencocokkan foto dengan buku besar:",
    scanLater: "Setelah foto terkirim, kode QR ini menunjukkan apakah foto itu tercatat; tanda terimanya harus memuat SHA-256 yang sama.",
    footer: (page, of) => `Halaman ${page} dari ${of}`,
    months: "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    moment: (day, month, year, time, zone) => `${day} ${month} ${year} pukul ${time.join(".")} ${zone}`,
  },
  en: {
    title: "Copy of the photos of the results of a polling station",
    unofficial: "This is no official result.",
    official: "The official result is determined by the KPU through recapitulation from level to level.",
    levels: ["Province", "Regency/city", "District", "Village"],
    station: "Polling station", code: "Station code", election: "Election", made: "Made", taken: "Taken", page: "page", state: "State",
    pages: "Photographed pages",
    pageColumns: ["Page", "State", "To be checked", "SHA-256 (first 16 digits)"],
    states: { waiting: "not sent yet", received: "received", read: "read", confirmed: "confirmed" },
    missing: "Not in this copy", notTaken: "not photographed yet", notHere: "its photo is not on this phone",
    toCheck: (unsure, differing, findings) => [
      unsure && `${plural(unsure, "number")} not sure`, differing && `${plural(differing, "number")} differing`,
      findings && plural(findings, "finding"),
    ],
    nothing: "nothing", unread: "not read yet",
    notes: "Notes of the officer on special incidents", noNotes: "No notes.",
    otherPage: "Another photo", noPhoto: "This photo cannot be shown.",
    numbers: "Numbers", numberColumns: ["What", "Read", "Officer says", "Remark"],
    noNumbers: "No numbers have been read yet.", blank: "(blank)", noAnswer: "–", noAnswerMeans: "– : the officer has not answered.",
    unsure: "not sure", differs: "differs", agrees: "agrees", onlyTold: "from the officer only",
    findings: "Findings of the checks", noFindings: "No findings.", notChecked: "Not checked yet.",
    receipt: "Receipt", notSent: "not sent yet: there is no receipt", position: "Ledger row", hash: "Ledger hash",
    received: "Received",
    scan: "Scan the QR code or open this link to compare the photo with the ledger:",
    scanLater: "Once the photo is sent, this QR code shows whether it is recorded; its receipt must hold the same SHA-256.",
    footer: (page, of) => `Page ${page} of ${of}`,
    months: "January February March April May June July August September October November December",
    moment: (day, month, year, time, zone) => `${day} ${month} ${year}, ${time.join(":")} ${zone}`,
  },
};

const SMALL = { size: 8.5, colour: GREY };
const DIGITS = { size: 8.5, font: "courier" };

// Handwriting stays legible at 1600 px on the long side; three pages of the size allowed here stay below 2 MB with everything else.
const LONG_SIDE = 1600;
const QUALITIES = [0.7, 0.55, 0.4];
const PHOTO_BYTES = 550_000;

const ZONES = { 0: "UTC", 420: "WIB", 480: "WITA", 540: "WIT" };

export async function makeCopy(copy) {
  const words = WORDS[copy.language];
  const paper = new Paper(metadata(words, copy));
  cover(paper, words, copy);
  for (const page of copy.pages) {
    paper.turn();
    await photo(paper, words, copy, page);
    numbers(paper, words, page);
    findings(paper, words, page);
    receipt(paper, words, copy, page);
  }
  frame(paper, words, copy);
  return paper.doc.output("blob");
}

function metadata(words, copy) {
  const offset = offsetOf(copy.made_at);
  const digits = new Date(Date.parse(copy.made_at) + offset * 60_000).toISOString().replace(/\D/g, "").slice(0, 14);
  return {
    language: copy.language,
    title: `${words.title} ${copy.station.tps}`,
    subject: words.unofficial,
    created: `D:${digits}${zoneOf(offset, "'")}'`,
    identifier: `${copy.station.tps}${digits}`,
  };
}

function cover(paper, words, copy) {
  const { station } = copy;
  paper.y = MARGIN + 4;
  paper.paragraph(words.title, { size: 18, bold: true, colour: DARK });
  paper.y += 2;
  paper.box([{ text: words.unofficial, bold: true, size: 12, colour: BAD }, { text: words.official, size: 10, colour: BAD }]);
  paper.y += 3;
  paper.paragraph(`${words.station} ${station.number}`, { size: 16, bold: true });
  paper.y += 1;
  const names = station.names.map((name, level) => [words.levels[level], name]);
  paper.facts([...names, [words.code, station.tps], [words.election, copy.election], [words.made, moment(copy.made_at, copy, words)]]);
  paper.heading(words.pages);
  paper.table(
    [46, 32, 52, 52],
    words.pageColumns,
    copy.pages.map((page) => ({
      tinted: page.state === "waiting" || toCheck(page, words).length > 0,
      cells: [
        [{ text: titleOf(page, words), bold: true }],
        [{ text: words.states[page.state] }],
        [{ text: toCheck(page, words).join(", ") || (wasRead(page) ? words.nothing : words.unread) }],
        [{ text: page.sha256.slice(0, 16), ...DIGITS, size: 10 }],
      ],
    })),
  );
  if (copy.missing.length) {
    paper.heading(words.missing);
    for (const page of copy.missing) paper.paragraph(`${titleOf(page, words)}: ${page.taken ? words.notHere : words.notTaken}`, BODY);
  }
  paper.heading(words.notes);
  paper.paragraph(copy.notes.trim() || words.noNotes, BODY);
}

async function photo(paper, words, copy, page) {
  paper.paragraph(titleOf(page, words), { size: 14, bold: true, colour: DARK });
  const facts = [`${words.state}: ${words.states[page.state]}`];
  if (page.taken_at) facts.push(`${words.taken}: ${moment(page.taken_at, copy, words)}`);
  paper.paragraph(facts.join("   ·   "), SMALL);
  paper.y += 2;
  const picture = await smaller(page.photo);
  if (picture) paper.picture(picture, BOTTOM - 6);
  else paper.box([{ text: words.noPhoto, bold: true, colour: BAD }]);
  paper.paragraph(`SHA-256 ${page.sha256}`, { ...DIGITS, size: 7.5 });
}

function numbers(paper, words, page) {
  paper.heading(`${words.numbers}: ${titleOf(page, words)}`, 20);
  if (page.numbers.length === 0) {
    paper.paragraph(words.noNumbers, BODY);
    return;
  }
  const written = (value, missing) => ({ text: value === "" ? words.blank : (value ?? missing), bold: Boolean(value), right: true });
  paper.table(
    [88, 26, 30, 38],
    words.numberColumns,
    page.numbers.map((number) => {
      const marks = marksOf(number);
      return {
        tinted: marks.includes("unsure") || marks.includes("differs"),
        cells: [
          [{ text: number.label }],
          [written(number.read, words.unread)],
          [written(number.told, words.noAnswer)],
          marks.map((mark) => ({ text: words[mark], mark: mark in MARKS && mark, bold: mark === "differs", colour: MARKS[mark] })),
        ],
      };
    }),
  );
  if (page.numbers.some(({ told = null }) => told === null)) paper.paragraph(words.noAnswerMeans, SMALL);
}

function findings(paper, words, page) {
  paper.heading(words.findings);
  if (page.findings.length === 0) {
    paper.paragraph(wasRead(page) ? words.noFindings : words.notChecked, BODY);
  }
  for (const finding of page.findings) {
    const lines = paper.lines(finding, { ...BODY, mark: "unsure" });
    // A finding is read in one piece, unless it is so long that keeping it together would leave a page half empty.
    if (paper.heightOf(lines) < (BOTTOM - TOP) / 3) paper.need(paper.heightOf(lines));
    paper.write(lines, MARGIN);
    paper.y += 1;
  }
}

function receipt(paper, words, copy, page) {
  const lines = [];
  const say = (text, style) => lines.push(...paper.lines(text, { ...style, width: ROOM - QR_SIDE - 5 }));
  const fact = (label, value, style) => {
    say(label, SMALL);
    say(value, { ...style, after: 1.2 });
  };
  fact("SHA-256", page.sha256, { ...DIGITS, size: 8 });
  if (page.receipt) {
    fact(words.position, String(page.receipt.position), { ...BODY, bold: true });
    fact(words.hash, page.receipt.ledger_hash, { ...DIGITS, size: 8 });
    fact(words.received, moment(page.receipt.received_at, copy, words), BODY);
    say(words.scan, SMALL);
    say(page.receipt.link, { ...DIGITS, colour: DARK, url: page.receipt.link });
  } else {
    say(words.notSent, { size: 12, bold: true, colour: BAD, after: 1.2 });
    say(words.scanLater, BODY);
  }
  paper.heading(`${words.receipt}: ${titleOf(page, words)}`, Math.max(QR_SIDE, paper.heightOf(lines)));
  const from = paper.y;
  paper.qr(page.receipt ? page.receipt.link : `${copy.origin}/cek?hash=${page.sha256}`, MARGIN, from);
  paper.write(lines, MARGIN + QR_SIDE + 5);
  paper.y = Math.max(paper.y, from + QR_SIDE);
}

// What stands above and below; only the finished document knows how many pages it has.
function frame(paper, words, copy) {
  const { doc } = paper;
  const of = doc.getNumberOfPages();
  const place = [`${words.station} ${copy.station.number}`, ...copy.station.names.slice(-2).reverse()].join(", ");
  for (let page = 1; page <= of; page += 1) {
    doc.setPage(page);
    if (page > 1) {
      paper.put(`${place}   ·   ${words.title}`, MARGIN, 13, { ...SMALL, most: ROOM - 45 });
      paper.put(words.unofficial, RIGHT, 13, { size: 8.5, bold: true, colour: BAD, right: true });
      paper.rule(15.5);
    }
    paper.rule(284);
    paper.put(`${words.code} ${copy.station.tps}`, MARGIN, 289, SMALL);
    paper.put(words.footer(page, of), RIGHT, 289, { size: 8.5, bold: true, right: true });
  }
}

function titleOf(page, words) {
  return [page.form_title, page.page && `${words.page} ${page.page}`].filter(Boolean).join(", ") || words.otherPage;
}

function wasRead(page) {
  return page.numbers.some(({ read = null }) => read !== null);
}

function marksOf({ read = null, sure, told = null }) {
  const marks = read === null || sure ? [] : ["unsure"];
  if (told !== null) marks.push(read === null ? "onlyTold" : told === read ? "agrees" : "differs");
  return marks;
}

function toCheck(page, words) {
  const marks = page.numbers.flatMap(marksOf);
  const count = (mark) => marks.filter((one) => one === mark).length;
  return words.toCheck(count("unsure"), count("differs"), page.findings.length).filter(Boolean);
}

// The photo as people see it: a bitmap made from a file is turned as its EXIF says. Null: nobody can show this file.
async function smaller(photo) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(photo);
  } catch {
    return null;
  }
  const scale = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  // JPEG knows no transparency and would make it black.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  let blob;
  for (const quality of QUALITIES) {
    blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob.size <= PHOTO_BYTES) break;
  }
  const made = { bytes: new Uint8Array(await blob.arrayBuffer()), width: canvas.width, height: canvas.height };
  // Safari keeps the pixels of a canvas until it is small, and has few to give.
  canvas.width = canvas.height = 0;
  return made;
}

// Minutes east of Greenwich that an ISO 8601 time is written in.
function offsetOf(iso) {
  const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)$/.exec(iso) ?? [null, "+", 0, 0];
  return (sign === "-" ? -1 : 1) * (60 * Number(hours) + Number(minutes));
}

const two = (number) => String(number).padStart(2, "0");

// A time at the clock of the polling station, which is the one that made the copy, wherever the server that says it stands.
function moment(iso, copy, words) {
  const offset = offsetOf(copy.made_at);
  const local = new Date(Date.parse(iso) + offset * 60_000);
  if (Number.isNaN(local.getTime())) return String(iso);
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two);
  const month = words.months.split(" ")[local.getUTCMonth()];
  return words.moment(local.getUTCDate(), month, local.getUTCFullYear(), time, ZONES[offset] ?? `UTC${zoneOf(offset)}`);
}

function zoneOf(offset, between = ":") {
  const minutes = Math.abs(offset);
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${between}${two(minutes % 60)}`;
}
