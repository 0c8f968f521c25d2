// What a field shows, on the font that the form itself embeds; see pdf/appearance.py and typesetting/fields.py.
import { toHex, toUtf16 } from "./bytes.js";

const MIN_SIZE = 8;
const PADDING = 3;
const SIGNATURE_PADDING = 7;
const STEP = 0.25;
const CAP_HEIGHT = 0.66;
const LEADING = 1.3;
const TWO_LINES = 9;
const APART = 1.25;
const REFUSED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

/** The font of the form's fields, from the form's notes. */
export class FieldFont {
  constructor({ font: [name, size, resource], glyphs }) {
    Object.assign(this, { name, size, resource, glyphs: new Map() });
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

/** Write a moment as the form shows it: "2026-02-24 09:00:00 UTC". */
export function formatMoment(moment) {
  return moment.toISOString().replace("T", " ").replace(/\..*/, " UTC");
}

/** Refuse a value that issuing would have changed or refused. Joiners may stand only in names in other scripts. */
export function requireClean(value) {
  const plain = value.replace(/[\u200c\u200d]/g, "");
  if (!value || value !== value.trim() || value !== value.normalize("NFC") || REFUSED.test(plain)) {
    throw new Error("it is not in the form in which values are filled in");
  }
}

/** Write what a text field shows, on the form's font alone. */
export function showField(notes, font, name, value) {
  const [, , width, height] = notes.fields[name];
  const { lines, size } = fit(font, value, width, name === "Recipient");
  const placed = baselines(lines.length, size, height).map((y, index) => writeText(lines[index], font, size, PADDING, y));
  return `/Tx BMC\nq\n${placed.map((line) => `BT\n0 g\n${line}ET\n`).join("")}Q\nEMC`;
}

function fit(font, value, width, mayBreak) {
  const length = font.measure(value, 1);
  let size = fitLine(length, font.size, width);
  if (size !== null) return { lines: [value], size };
  let best = null;
  if (mayBreak && length * MIN_SIZE <= 2 * (width - 2 * PADDING)) {
    for (const lines of split(value)) {
      const longest = Math.max(...lines.map((line) => font.measure(line, 1)));
      if (best === null || longest < best.longest) best = { longest, lines };
    }
  }
  size = best === null ? null : fitLine(best.longest, TWO_LINES, width);
  if (size === null) throw new Error("it is too long for its field");
  return { lines: best.lines, size };
}

function fitLine(length, largest, width) {
  for (let size = largest; size >= MIN_SIZE; size -= STEP) if (length * size <= width - 2 * PADDING) return size;
  return null;
}

/** Split a value in two at each space. The form's font has no script that is written without spaces. */
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

/** Write what a signature's box shows. */
export function showSignature(notes, font, field, verb, signatory, moment) {
  const [, , width, height] = notes.fields[field];
  const lines = [
    [signatory.name, 9],
    [`${verb} ${formatMoment(moment)}`, 8],
    [signatory.isSelfSigned ? "Self-signed: no authority vouches for this name" : "", 7],
    [`Certificate, SHA-256 ${signatory.digest.slice(0, 32)}`, 7],
    [signatory.digest.slice(32), 7],
  ].filter(([text]) => text);
  const leading = lines.reduce((sum, [, size]) => sum + size * LEADING, 0);
  let y = height - Math.max(0, (height - leading) / 2);
  let placed = "";
  for (const [line, size] of lines) {
    const text = [...line].map((character) => (font.glyphs.has(character) ? character : "?")).join("");
    y -= size * LEADING;
    const shown = cut(text, font, size, width - 2 * SIGNATURE_PADDING);
    placed += writeText(shown, font, size, SIGNATURE_PADDING, y + size * (LEADING - 1));
  }
  return `q\nBT\n0 g\n${placed}ET\nQ`;
}

function cut(text, font, size, width) {
  if (font.measure(text, size) <= width) return text;
  let characters = [...text];
  while (characters.length && font.measure(`${characters.join("")}...`, size) > width) characters = characters.slice(0, -1);
  return `${characters.join("").trimEnd()}...`;
}
