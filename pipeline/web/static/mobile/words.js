// What the app says, Indonesian first. `{name}` is filled in.

const SENTENCES = {
  title: ["Sirekap Mobile", "Sirekap Mobile"],
  station: ["TPS {number}", "Station {number}"],
  loading: ["Memuat…", "Loading…"],
  enter: ["Masuk", "Log in"],
  enter_how: [
    "Buka tautan atau pindai QR yang Anda terima dari PPS dengan kamera HP. Tautan itu cukup dibuka satu kali.",
    "Open the link that you got from the PPS, or scan its QR code with the camera of this phone. Once is enough.",
  ],
  paste_link: ["Atau tempel tautannya di sini", "Or paste the link here"],
  needs_line: ["Untuk masuk pertama kali diperlukan sinyal.", "Logging in for the first time needs a signal."],
  link_ended: [
    "Tautan tidak berlaku lagi. Foto di HP ini tetap aman. Minta tautan baru kepada PPS.",
    "The link is not valid any more. The photos on this phone are safe. Ask the PPS for a new link.",
  ],
  offline: ["Tidak ada sinyal. Foto tetap dapat diambil; akan dikirim sendiri nanti.", "No signal. You can go on taking photos; they are sent by themselves later."],
  no_line: ["Tidak ada sinyal: foto ini belum terkirim. Coba lagi, atau simpan ke galeri.", "No signal: this photo has not been sent. Try again, or save it to the gallery."],
  to_send: ["{count} foto menunggu dikirim", "{count} photos wait to be sent"],
  other_language: ["English", "Indonesia"],
  page: ["Halaman {page}", "Page {page}"],
  other_photos: ["Foto lain", "Other photos"],
  no_election: ["Belum ada pemilihan yang disiapkan di server. Anda dapat memotret lembar apa pun.", "No election has been set up on the server yet. You can photograph any sheet."],
  any_page: ["Potret lembar lain", "Photograph another sheet"],
  notes: ["Kejadian khusus dan catatan", "Special incidents and notes"],
  notes_how: ["Tulis kejadian khusus atau keberatan saksi. Setiap catatan ditambahkan; yang lama tetap ada.", "Write down special incidents or objections of witnesses. Each note is added; earlier ones stay."],
  share_copy: ["Salinan PDF untuk saksi dan pengawas", "PDF copy for witnesses and supervisors"],
  making_copy: ["Membuat PDF…", "Making the PDF…"],
  copy_made: ["PDF siap.", "The PDF is ready."],
  copy_failed: ["PDF tidak dapat dibuat. Tutup aplikasi lain, lalu coba lagi.", "The PDF could not be made. Close other apps, then try again."],
  share: ["Bagikan", "Share"],
  download: ["Unduh", "Download"],
  log_out: ["Keluar dari HP ini", "Log out on this phone"],
  log_out_kept: ["Masih ada foto, koreksi, atau catatan yang belum terkirim. Keluar dari HP ini? Semuanya tetap tersimpan.", "There are photos, corrections or notes that are not sent yet. Log out on this phone? All of it stays here."],

  state_none: ["belum difoto", "not photographed yet"],
  state_draft: ["di HP, belum dikirim", "on this phone, not sent"],
  state_queued: ["menunggu sinyal", "waits for a signal"],
  state_sending: ["mengirim {percent} %", "sending {percent}%"],
  state_sent: ["terkirim, sedang dibaca", "sent, being read"],
  state_read: ["sudah dibaca: cocokkan", "read: compare it"],
  state_agreed: ["sesuai", "as read"],
  state_corrected: ["dikoreksi, akan diperiksa", "corrected, will be reviewed"],
  state_refused: ["tidak terbaca: foto ulang", "not readable: take it again"],
  state_stopped: ["ditolak server", "refused by the server"],

  take: ["Ambil foto", "Take the photo"],
  photograph: ["Potret", "Photograph"],
  pick: ["Pilih berkas", "Pick a file"],
  light: ["Lampu", "Light"],
  close: ["Tutup", "Close"],
  back: ["Kembali", "Back"],
  no_camera: ["Kamera tidak dapat dipakai di sini. Izinkan kamera di setelan peramban, atau pilih berkas foto.", "The camera cannot be used here. Allow it in the settings of the browser, or pick a photo file."],
  whole_page: ["Seluruh kertas di dalam gambar", "The whole paper inside the picture"],
  good: ["Bagus. Ambil fotonya.", "Good. Take the photo."],

  code_blurred: ["Foto buram. Tahan HP lebih dekat dan diam.", "The photo is blurred. Hold the phone closer and still."],
  code_dark: ["Terlalu gelap. Nyalakan lampu atau pindah ke tempat terang.", "Too dark. Turn on the light or move to a brighter place."],
  code_glare: ["Ada pantulan cahaya di kertas. Miringkan sedikit atau matikan lampu kilat.", "Light is reflected on the paper. Tilt it a little or turn off the flash."],
  code_cut_off: ["Kertas terpotong. Mundur sampai keempat sudutnya terlihat.", "The paper is cut off. Step back until all four corners are in view."],
  code_no_page: ["Kertas tidak terlihat. Arahkan ke lembar hasil.", "No paper is in view. Point at the result sheet."],
  code_unknown_page: ["Lembar ini bukan dari pemilihan ini.", "This sheet is not of this election."],
  code_far: ["Terlalu jauh. Dekatkan HP sampai kertas memenuhi gambar.", "Too far. Move closer until the paper fills the picture."],
  code_screen: ["Ini tampak seperti foto layar. Bila ada, potret kertas aslinya.", "This looks like a photo of a screen. If you can, photograph the paper itself."],
  code_no_tag: ["Kode halaman tidak terlihat.", "The code of the page is not in view."],
  another_page: ["Ini halaman {shown}, bukan halaman {asked}. Foto disimpan sebagai halaman {shown}.", "This is page {shown}, not page {asked}. The photo is kept as page {shown}."],
  looks_good: ["Foto ini bagus.", "This photo is good."],
  looking: ["Memeriksa foto…", "Looking at the photo…"],
  not_looked: ["Foto tidak dapat diperiksa di HP ini; server akan memeriksanya.", "The photo cannot be looked at on this phone; the server will."],
  send: ["Kirim", "Send"],
  send_anyway: ["Kirim juga", "Send it anyway"],
  again: ["Foto ulang", "Take it again"],
  discard: ["Hapus foto ini dari HP", "Remove this photo from the phone"],
  discard_sure: ["Foto ini belum terkirim. Hapus dari HP?", "This photo has not been sent. Remove it from the phone?"],
  no_photo: ["Berkas ini bukan foto. Pilih JPEG, PNG, WebP, HEIC, atau PDF.", "This file is no photo. Pick a JPEG, PNG, WebP, HEIC or PDF."],
  same_photo: ["Foto ini sudah ada.", "This photo is here already."],
  too_large: ["Foto ini terlalu besar ({megabytes} MB). Foto ulang dengan ukuran lebih kecil.", "This photo is too large ({megabytes} MB). Take it again at a smaller size."],
  full: [
    "Penyimpanan HP penuh: foto ini BELUM tersimpan di HP. Kirim sekarang selagi ada sinyal, atau simpan ke galeri.",
    "The storage of this phone is full: this photo is NOT kept on the phone. Send it now while there is a signal, or save it to the gallery.",
  ],
  unkept: [
    "Penyimpanan HP tidak dapat dipakai: foto ini BELUM tersimpan di HP. Kirim sekarang selagi ada sinyal, atau simpan ke galeri.",
    "The storage of this phone cannot be used: this photo is NOT kept on the phone. Send it now while there is a signal, or save it to the gallery.",
  ],
  not_taken: ["Foto gagal diambil dan tidak tersimpan. Ambil sekali lagi.", "The photo could not be taken and is not kept. Take it once more."],
  not_saved: ["Penyimpanan HP tidak dapat ditulis; yang terakhir belum tersimpan. Kosongkan ruang di HP, lalu ulangi.", "The storage of this phone cannot be written; the last thing was not kept. Make room on the phone, then repeat it."],
  no_storage: ["Penyimpanan HP tidak dapat dibaca. Jangan pakai mode penyamaran; tutup aplikasi ini, lalu buka lagi.", "The storage of this phone cannot be read. Do not use private browsing; close this app and open it again."],
  needs_https: [
    "Alamat ini dibuka tanpa HTTPS. HP memberi kamera, penyimpanan, dan pemakaian tanpa sinyal hanya kepada alamat https://. Minta tautan https:// kepada PPS.",
    "This address was opened without HTTPS. Phones give camera, storage and use without a signal to https:// addresses only. Ask the PPS for an https:// link.",
  ],
  send_now: ["Kirim sekarang", "Send now"],
  save_to_gallery: ["Simpan ke galeri", "Save to the gallery"],

  reading: ["Server sedang membaca foto ini.", "The server is reading this photo."],
  compare: ["Cocokkan setiap angka dengan kertas.", "Compare every number with the paper."],
  agrees: ["Sesuai", "As on paper"],
  differs: ["Tidak sesuai", "Not as on paper"],
  correct_how: ["Ketik angka seperti tertulis di kertas. Bila tidak ada angkanya, pilih kosong atau tak terbaca.", "Type the numbers as they stand on the paper. Where there is none, choose blank or illegible."],
  save_correction: ["Simpan koreksi", "Save the correction"],
  cancel: ["Batal", "Cancel"],
  doubted: ["ragu", "doubtful"],
  said_agrees: ["Anda menyatakan sesuai.", "You said that it is as on paper."],
  said_differs: ["Koreksi Anda tersimpan dan akan diperiksa orang. Angka mesin dan angka Anda disimpan dua-duanya.", "Your correction is kept and will be reviewed by people. The machine's number and yours are both kept."],
  said_waits: ["Tersimpan di HP; dikirim begitu ada sinyal.", "Kept on this phone; sent as soon as there is a signal."],
  your_number: ["kertas: {value}", "paper: {value}"],
  blank: ["kosong", "blank"],
  illegible: ["tak terbaca", "illegible"],
  held: ["Ada {count} pernyataan atau catatan Anda yang belum diterima server.", "{count} things you said or wrote were not taken by the server."],
  look_at_it: ["Lihat", "Look"],
  you_said: ["Pernyataan Anda, belum terkirim:", "What you said, not sent:"],
  say_again: ["Kirim lagi", "Send it again"],
  drop_it: ["Buang", "Drop it"],
  findings: ["Temuan", "Findings"],
  more_findings: ["{count} temuan lagi", "{count} more"],
  bad_number: ["Isi angka 0 sampai 99999, atau pilih kosong atau tak terbaca.", "Give a number from 0 to 99999, or choose blank or illegible."],
  replaced: ["Sudah diganti foto yang lebih baru.", "Replaced by a newer photo."],

  receipt: ["Tanda terima", "Receipt"],
  no_receipt: ["Belum terkirim: belum ada tanda terima.", "Not sent yet: there is no receipt."],
  received_at: ["Diterima server", "Received by the server"],
  ledger_row: ["Baris buku besar", "Row of the ledger"],
  ledger_hash: ["Hash baris", "Hash of the row"],
  photo_hash: ["SHA-256 foto", "SHA-256 of the photo"],
  open_check: ["Buka halaman cek publik", "Open the public page"],
  check_qr: ["QR untuk mengecek apakah foto ini sudah terkirim", "QR code to check whether this photo has been sent"],
  receipt_qr: ["QR tanda terima", "QR code of the receipt"],

  note_label: ["Catatan", "Note"],
  notes_written: ["Yang sudah dicatat", "Written so far"],
  save: ["Simpan", "Save"],
  saved: ["Tersimpan.", "Saved."],
  clock: ["Jam HP ini selisih {difference} dari jam server. Tanda terima memakai jam server.", "The clock of this phone is {difference} off the server's. Receipts go by the server's clock."],
  hours: ["{hours} jam {minutes} menit", "{hours} h {minutes} min"],
  new_version: ["Versi baru siap.", "A new version is ready."],
  reload: ["Muat ulang", "Reload"],
  not_kept: ["Peramban ini dapat menghapus foto bila HP kehabisan ruang. Kirim segera, atau pasang aplikasi ini ke layar utama.", "This browser may remove photos when the phone runs short. Send soon, or put this app on the home screen."],
  other_officer: ["Di HP ini masih ada foto TPS lain yang belum terkirim: {tps}. Masuk lagi dengan tautan TPS itu untuk mengirimnya.", "There are photos of another station on this phone that are not sent: {tps}. Log in with the link of that station to send them."],
  photo_of_page: ["Foto halaman", "Photo of the page"],
};

let index = choice();

function choice() {
  const kept = localStorage.getItem("sirekap-language") ?? document.documentElement.lang;
  return kept === "en" ? 1 : 0;
}

export const language = () => (index === 1 ? "en" : "id");

export function setLanguage(chosen) {
  localStorage.setItem("sirekap-language", chosen);
  index = choice();
  document.documentElement.lang = language();
}

export function say(name, values = {}) {
  return SENTENCES[name][index].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

// A sentence of the app in both languages, as the server says its own.
export const both = (name) => ({ id: SENTENCES[name][0], en: SENTENCES[name][1] });

export const known = (name) => name in SENTENCES;

// What the server says comes in both languages.
export const text = (both) => both?.[language()] ?? "";

// A moment by the clock of Jakarta, like every page of Sirekap.
export function when(moment) {
  const form = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "Asia/Jakarta" };
  return `${new Intl.DateTimeFormat(language() === "en" ? "en-GB" : "id-ID", form).format(new Date(moment))} WIB`;
}
