// What a field shows, in the font that the form itself embeds; see pdf/appearance.py and typesetting/fields.py.
import { toHex, toUtf16 } from "./bytes.js";

const MIN_SIZE = 8;
const PADDING = 3;
const BOX_PADDING = 9;
const STEP = 0.25;
const CAP_HEIGHT = 0.66;
const LEADING = 1.3;
const TWO_LINES = 15;
const [BLACK, GREY] = ["0 g", "0.36 g"];
const MONTHS = [
  "January", "February", "March", "April", "May", "June",
  "July", "August", "September", "October", "November", "December",
];
const APART = 1.25;
const REFUSED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

/** The font of the form's fields, from the form's notes. */
export class FieldFont {
  constructor({ font: [name, resource], glyphs }) {
    Object.assign(this, { name, resource, glyphs: new Map() });
    for (const [code, glyph, width] of glyphs) this.glyphs.set(String.fromCodePoint(code), { glyph, width });
  }

  /** Tell whether the font lacks a character of a text. */
  lacks(text) {
    return [...text].some((character) => !this.glyphs.has(character));
  }

  /** Measure a text in points. */
  measure(text, size) {
    let sum = 0;
    for (const character of text) sum += this.glyphs.get(character).width;
    return (sum * size) / 1000;
  }

  /** Write a text as the glyphs that show it, in hex. */
  encode(text) {
    return [...text].map((character) => this.glyphs.get(character).glyph.toString(16).padStart(4, "0")).join("");
  }
}

/** Write a text string (ISO 32000-1, 7.9.2.2), in hex. */
export function writeString(text) {
  return /^[\0-\x7f]*$/.test(text) ? `<${toHex(text)}>` : `<feff${toHex(toUtf16(text))}>`;
}

/** Write a length: never negative, rounded half up to two decimals. */
export function writeNumber(value) {
  const hundredths = Math.floor(Math.max(value, 0) * 100 + 0.5);
  const text = `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")}`;
  return text.replace(/0+$/, "").replace(/\.$/, "");
}

/** Write a moment as copies show it: "February 24, 2026, 09:00:00 UTC". */
export function formatMoment(moment) {
  const day = `${MONTHS[moment.getUTCMonth()]} ${moment.getUTCDate()}, ${moment.getUTCFullYear()}`;
  return `${day}, ${moment.toISOString().slice(-13, -5)} UTC`;
}

/** Refuse a value that issuing would have changed or refused. Joiners are allowed only in names in other scripts. */
export function requireClean(value) {
  const plain = value.replace(/[\u200c\u200d]/g, "");
  if (!value || value !== value.trim() || value !== value.normalize("NFC") || REFUSED.test(plain)) {
    throw new Error("it is not in the form in which values are filled in");
  }
}

/** Write what a text field shows, in the form's font alone. */
export function showField(notes, font, name, value) {
  const [, , width, height, largest] = notes.fields[name];
  const { lines, size } = fit(font, value, width, largest, name === "Recipient");
  const placed = baselines(lines.length, size, height).map((y, index) => writeText(lines[index], font, size, PADDING, y));
  return `/Tx BMC\nq\n${placed.map((line) => `BT\n${BLACK}\n${line}ET\n`).join("")}Q\nEMC`;
}

/** Fit a value on one line; a recipient's name goes on two lines of similar length before it becomes small. */
function fit(font, value, width, largest, mayBreak) {
  const length = font.measure(value, 1);
  let size = fitLine(length, largest, width, mayBreak ? TWO_LINES : MIN_SIZE);
  if (size !== null) return { lines: [value], size };
  let best = null;
  if (mayBreak && length * MIN_SIZE <= 2 * (width - 2 * PADDING)) {
    for (const lines of split(value)) {
      const longest = Math.max(...lines.map((line) => font.measure(line, 1)));
      if (best === null || longest < best.longest) best = { longest, lines };
    }
  }
  size = best === null ? null : fitLine(best.longest, TWO_LINES, width, MIN_SIZE);
  if (size !== null) return { lines: best.lines, size };
  size = fitLine(length, Math.min(TWO_LINES, largest), width, MIN_SIZE);
  if (size === null) throw new Error("it is too long for its field");
  return { lines: [value], size };
}

function fitLine(length, largest, width, smallest) {
  for (let size = largest; size >= smallest; size -= STEP) if (length * size <= width - 2 * PADDING) return size;
  return null;
}

/** Split a value in two at each space. All scripts of the form's font are written with spaces. */
function* split(value) {
  const characters = [...value];
  for (let place = 1; place < characters.length; place++) {
    if (characters[place] !== " ") continue;
    yield [characters.slice(0, place).join("").trimEnd(), characters.slice(place).join("").trimStart()];
  }
}

function baselines(count, size, height) {
  const lower = (height - CAP_HEIGHT * size - (count - 1) * APART * size) / 2;
  return Array.from({ length: count }, (_, index) => lower + (count - 1 - index) * APART * size);
}

function writeText(text, font, size, x, y) {
  const place = `1 0 0 1 ${writeNumber(x)} ${writeNumber(y)} Tm`;
  return `/${font.name} ${writeNumber(size)} Tf\n${place}\n<${font.encode(text)}> Tj\n`;
}

/** Write what the certification's box shows: who issued a copy, and who vouches for that. */
export function showPublisher(notes, font, { title, vouching }) {
  const lines = [[title, 10.5, BLACK], [vouching, 8, GREY]];
  return showBox(notes.fields.Publisher, font, lines, PADDING);
}

/** Write what the delivery's box shows: when a copy was signed, and with which certificate. */
export function showDelivery(notes, font, { digest }, moment) {
  const groups = digest.match(/.{8}/g);
  const lines = [
    [`Signed ${formatMoment(moment)}`, 9, BLACK],
    ["Certificate, SHA-256", 7, GREY],
    [groups.slice(0, 4).join(" "), 7, GREY],
    [groups.slice(4).join(" "), 7, GREY],
  ];
  return showBox(notes.fields.Delivery, font, lines, BOX_PADDING);
}

function showBox([, , width, height], font, lines, padding) {
  const leading = lines.reduce((sum, [, size]) => sum + size * LEADING, 0);
  let y = height - Math.max(0, (height - leading) / 2);
  let placed = "";
  for (const [line, size, colour] of lines) {
    const text = [...line].map((character) => (font.glyphs.has(character) ? character : "?")).join("");
    y -= size * LEADING;
    const shown = cut(text, font, size, width - 2 * padding);
    placed += `${colour}\n${writeText(shown, font, size, padding, y + size * (LEADING - 1))}`;
  }
  return `q\nBT\n${placed}ET\nQ`;
}

function cut(text, font, size, width) {
  if (font.measure(text, size) <= width) return text;
  let characters = [...text];
  while (characters.length && font.measure(`${characters.join("")}...`, size) > width) characters = characters.slice(0, -1);
  return `${characters.join("").trimEnd()}...`;
}
