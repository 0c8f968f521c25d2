// An incremental update under way (ISO 32000-1, 7.5.6): objects, cross-references, what is signed; see
// copies/update.py.
import { digest, fromHex, group, toHex } from "./bytes.js";

const rangeOf = (...numbers) => `[0 ${numbers.map((number) => String(number).padStart(10, "0")).join(" ")}]`;
const NO_RANGE = rangeOf(0, 0, 0);

/** Write references to objects, with a space before each. */
export const refer = (numbers) => numbers.map((number) => ` ${number} 0 R`).join("");

/**
 * An update under way. `progress` says how far the copy has been written: {length, size, startxref, publisher, store,
 * certificates, ocsps, crls, stamps}; see Progress in copies/update.py.
 */
export class Update {
  body = "";
  hole = 0;
  room = 0;
  parts = [];
  #taken = 0;
  #offsets = new Map();

  constructor(notes, progress) {
    this.notes = notes;
    this.progress = progress;
  }

  /** Take the number of a new object. */
  takeNumber() {
    return this.progress.size + this.#taken++;
  }

  /** Add an object, with what it is called in messages. */
  add(number, content, words) {
    this.#begin(number, words);
    this.body += `${number} 0 obj\n${content}\nendobj\n`;
  }

  /** Add a new uncompressed stream; returns its number. */
  addStream(entries, content, words) {
    const number = this.takeNumber();
    this.add(number, `<< ${entries}/Length ${content.length} >>\nstream\n${content}\nendstream`, words);
    return number;
  }

  /** Add a signature dictionary whose container is still empty. */
  addHole(number, head, room, words) {
    this.#begin(number, words);
    this.body += `${number} 0 obj\n${head}\n/ByteRange ${NO_RANGE}\n/Contents <`;
    this.hole = this.body.length;
    this.room = room;
    this.body += `${"0".repeat(2 * room)}> >>\nendobj\n`;
  }

  #begin(number, words) {
    this.#offsets.set(number, this.progress.length + this.body.length);
    this.parts.push([this.body.length, words]);
  }

  /** Write the cross-references, and which bytes are signed. */
  async close() {
    const { notes, progress } = this;
    const number = this.takeNumber();
    const place = progress.length + this.body.length;
    const changed = toHex(await digest("SHA-256", fromHex(notes.id), this.body)).slice(0, 32);
    this.#begin(number, "the cross-references");
    const order = [...this.#offsets.keys()].sort((one, other) => one - other);
    const entries = order.map((each) => writeEntry(this.#offsets.get(each))).join("");
    const info = notes.info === null ? "" : `/Info ${notes.info} `;
    const size = progress.size + this.#taken;
    const head =
      `<< /Type /XRef /W [ 1 4 2 ] /Size ${size} /Root ${notes.catalog[0]} 0 R ${info}/ID [ <${notes.id}> <${changed}> ] ` +
      `/Prev ${progress.startxref} /Index [ ${order.map((each) => `${each} 1`).join(" ")} ] /Length ${entries.length} >>`;
    this.body += `${number} 0 obj\n${head}\nstream\n${entries}\nendstream\nendobj\nstartxref\n${place}\n%%EOF\n`;
    const length = progress.length + this.body.length;
    if (this.hole) {
      const start = progress.length + this.hole - 1; // the container's brackets are not signed
      const stop = start + 2 * this.room + 2;
      const gap = this.body.lastIndexOf(NO_RANGE, this.hole);
      const placed = rangeOf(start, stop, length - stop);
      this.body = this.body.slice(0, gap) + placed + this.body.slice(gap + placed.length);
    }
    this.after = { ...progress, length, size, startxref: place };
    return this;
  }

  /** Compute the digest of what is signed; `before` is all that precedes the update. */
  async digest(...before) {
    return digest("SHA-256", ...before, this.body.slice(0, this.hole - 1), this.body.slice(this.hole + 2 * this.room + 1));
  }

  /** Put the container in. */
  seal(container) {
    if (container.length > this.room) {
      throw new Error(`the signature container has ${group(container.length)} bytes; there is room for ${group(this.room)}`);
    }
    return this.body.slice(0, this.hole) + toHex(container) + this.body.slice(this.hole + 2 * container.length);
  }

  /** List the parts in the order in which differences are looked for: the container comes last. */
  compared() {
    if (!this.hole) return [[0, this.body.length]];
    const [covered, end] = [this.body.lastIndexOf("/ByteRange", this.hole), this.hole + 2 * this.room];
    return [[0, covered], [end, this.body.length], [covered, this.hole], [this.hole, end]];
  }

  /** Tell whether a place in the update is in its container. */
  isInContainer(place) {
    return place >= this.hole && place < this.hole + 2 * this.room;
  }

  /** Say what is at a place in the update. */
  namePart(place) {
    const [, words] = this.parts.findLast(([start]) => start <= place) ?? this.parts[0];
    return this.isInContainer(place) ? `${words} (its container)` : words;
  }
}

function writeEntry(offset) {
  const octets = [1, offset >>> 24, (offset >>> 16) & 0xff, (offset >>> 8) & 0xff, offset & 0xff, 0, 0];
  return String.fromCharCode(...octets);
}
