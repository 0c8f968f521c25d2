// A copy, read by writing it again: the rules are those at the top of copies/reading.py.
import { digest, findDifference, fromHex, fromUtf16, group, toHex } from "./bytes.js";
import { readContainer } from "./container.js";
import { readMoment, Reader, sorted } from "./der.js";
import { begin, NUMBER, Writer } from "./format_1.js";
import { FieldFont, formatMoment, requireClean } from "./layout.js";
import { quote, showName } from "./names.js";
import { readToken } from "./token.js";
import { Altered, BroughtFont, Newer, Unsigned } from "./verdicts.js";

const MAX_UPDATES = 8 * 1024 * 1024;
const MAX_HEAD = 16 * 1024;
const MAX_CONTAINER = 256 * 1024;
const MAX_ENTRIES = 256;
// What follows the number of the format is for that format to say.
const FORMAT = /\d{1,10} 0 obj\n<< \/Type \/Sig \/Prop_Build << \/App << \/Name \/mailmart-privacy \/R ([1-9]\d{0,8}) >> >> /y;
const SIGNATURE = /\/Filter \/Adobe\.PPKLite \/SubFilter \/ETSI\.CAdES\.detached \/M \(D:(\d{14})Z\)/y;
const STAMP = /\d{1,10} 0 obj\n<< \/Type \/DocTimeStamp /y;
const STREAM = /(\d{1,10}) 0 obj\n<< \/Length (\d{1,8}) >>\nstream\n/y;
const STORE =
  /\d{1,10} 0 obj\n<< (?:\/Certs \[([0-9R ]{0,8192})\])? ?(?:\/OCSPs \[([0-9R ]{0,8192})\])? ?(?:\/CRLs \[([0-9R ]{0,8192})\])? ?>>\nendobj\n/y;
const WINDOW = 2 ** 20; // bytes that are searched for what was added
const MAX_OBJECTS = 40;
const SPACED = /^(?:[\t-\r ]*[0-9a-f]{2})*[\t-\r ]*$/; // pairs of digits that may have spaces between them
const OBJECT = /(?:^|[\r\n])(\d{1,10}) \d{1,5} obj/g;
const CERTIFIED = "the file is a certified form; it was not issued to anyone, and has no delivery signature";
const RANGE = /\/ByteRange \[0 (\d{10}) (\d{10}) (\d{10})\]\n\/Contents </g;

/**
 * Read a copy.
 *
 * @param form {notes, length}: the recorded form that the file begins with.
 * @param bytes of the form.
 * @param tail what follows it, as text.
 * @returns {publisher, delivery, recipient, reference, stamps, level, data}.
 * @throws Altered, Unsigned, Newer; BroughtFont if a name is drawn with a font that the copy contains.
 */
export async function readCopy(form, bytes, tail) {
  const reader = new CopyReader(form, bytes, tail);
  const publisher = await reader.readPublisher();
  const stored = reader.isAtData();
  if (stored) await reader.readData();
  if (reader.isAtEnd()) throw new Unsigned("certified form", CERTIFIED);
  const { delivery, recipient, reference } = await reader.readDelivery(publisher);
  const added = reader.isAtData();
  if (added) await reader.readData();
  const stamps = [];
  while (!reader.isAtEnd()) {
    if (reader.isAtData()) await reader.readData();
    stamps.push(await reader.readStamp(stamps.length + 1));
  }
  const isComplete = stored && publisher.token !== null;
  if ((added || stamps.length) && !isComplete) {
    const why = "nothing may follow in a copy below B-LT";
    throw new Altered(`the file was changed after its delivery was signed: ${why}`);
  }
  if (isComplete && !added) throw new Altered("the file was changed: the validation data after its delivery were cut off");
  const level = delivery.token === null ? "B-B" : !stored ? "B-T" : stamps.length ? "B-LTA" : "B-LT";
  return { publisher, delivery, recipient, reference, stamps, level, data: stored || added ? reader.data : null };
}

class CopyReader {
  constructor(form, bytes, tail) {
    this.notes = form.notes;
    this.font = new FieldFont(form.notes);
    this.writer = new Writer(form.notes, this.font);
    this.base = form.length;
    this.bytes = bytes;
    this.tail = tail;
    this.progress = begin(form.notes, form.length);
    this.data = { certificates: [], ocsps: [], crls: [] };
    this.delivery = 0; // the object number of its signature
  }

  get place() {
    return this.progress.length - this.base;
  }

  isAtEnd() {
    return this.place === this.tail.length;
  }

  isAtData() {
    const found = this.#match(STREAM);
    return found !== null && Number(found[1]) === this.progress.size;
  }

  async readPublisher() {
    const values = await this.#readSignature("Publisher");
    const draft = await this.writer.certification(this.progress, { ...values, stamped: values.token !== null });
    return this.#acceptSignature("Publisher", draft, values);
  }

  async readDelivery(publisher) {
    const values = await this.#readSignature("Delivery");
    if (values.signatory.key !== publisher.signatory.key) {
      const [before, after] = [publisher, values].map(({ signatory }) => quote(showName(signatory.name)));
      throw new Altered(
        `the form was certified by one signer, and the copy was issued by another: ${before} certified it, ${after} signed`,
      );
    }
    if ((values.token === null) !== (publisher.token === null)) {
      throw new Altered("one of the two signatures has a timestamp, and the other has none");
    }
    if (values.moment < publisher.moment) throw new Altered("the copy says that it was issued before its form was certified");
    this.delivery = this.progress.size;
    const [recipient, reference] = [this.#readField("Recipient"), this.#readField("Reference")];
    if (this.font.lacks(recipient + reference)) {
      throw new BroughtFont({ ...(await this.#acceptUnread(values)), publisher, recipient, reference });
    }
    const shown = { Recipient: recipient, Reference: reference, IssuedAt: formatMoment(values.moment) };
    let draft;
    try {
      draft = await this.writer.delivery(this.progress, { ...values, values: shown, stamped: values.token !== null });
    } catch (error) {
      throw new Altered(error.message);
    }
    return { delivery: await this.#acceptSignature("Delivery", draft, values), recipient, reference };
  }

  async readData() {
    const contents = new Map();
    let { place } = this;
    for (let found; (found = this.#match(STREAM, place)); ) {
      const [start, length] = [place + found[0].length, Number(found[2])];
      contents.set(Number(found[1]), this.tail.slice(start, start + length));
      place = start + length + "\nendstream\nendobj\n".length;
      if (contents.size > MAX_ENTRIES) throw new Altered("its validation data have more entries than those of any copy");
    }
    const lists = this.#match(STORE, place);
    if (lists === null) throw new Altered(`its validation data are not those of a copy (byte ${this.base + place})`);
    const added = {};
    ["certificates", "ocsps", "crls"].forEach((kind, index) => {
      const numbers = (lists[index + 1] ?? "").split(" 0 R").slice(0, -1).map(Number);
      added[kind] = numbers.filter((number) => contents.has(number)).map((number) => contents.get(number));
      for (const number of numbers) contents.delete(number);
      this.data[kind] = sorted(new Set([...this.data[kind], ...added[kind]]));
    });
    await this.#accept(await this.writer.validationData(this.progress, added));
  }

  async readStamp(number) {
    if (this.#match(STAMP) === null) throw new Altered(`after the delivery was signed, the file was changed: ${this.#nameAdded()}`);
    const label = `ArchiveTimestamp${number}`;
    const token = await this.#readToken(this.#findContainer(label), label);
    const draft = await this.writer.archiveTimestamp(this.progress);
    const hash = await this.#accept(draft, () => token.content);
    return { field: label, token, digest: hash };
  }

  #match(pattern, place = this.place) {
    pattern.lastIndex = place;
    return pattern.exec(this.tail);
  }

  async #readSignature(name) {
    const number = this.#match(FORMAT);
    if (number !== null && Number(number[1]) !== NUMBER) throw new Newer(`format ${number[1]}`);
    const found = number && this.#match(SIGNATURE, FORMAT.lastIndex);
    if (found === null) {
      const where = name === "Publisher" ? "before its certification" : "between certification and delivery";
      throw new Altered(`${where}, the file was changed: ${this.#nameAdded()}`);
    }
    let values;
    const container = this.#findContainer(name);
    try {
      values = { moment: readMoment(found[1]), ...(await readContainer(container)) };
    } catch (error) {
      throw new Altered(`the signature ${name} cannot be read (${error.message})`);
    }
    const whose = `of the signature ${name}`;
    return { ...values, token: values.token === null ? null : await this.#readToken(values.token, whose) };
  }

  #findContainer(name) {
    const start = this.tail.slice(this.place, this.place + MAX_HEAD).indexOf("/Contents <") + this.place + 11;
    const stop = this.tail.slice(start, start + MAX_CONTAINER).indexOf(">") + start;
    const words = `the signature container of ${name} cannot be read`;
    if (start < this.place + 11 || stop < start) throw new Altered(`${words} (it has no container)`);
    try {
      const digits = this.tail.slice(start, stop).toLowerCase();
      return fromHex(SPACED.test(digits) ? digits.replace(/[\t-\r ]/g, "") : digits);
    } catch {
      throw new Altered(`${words} (it is not in hex digits)`);
    }
  }

  async #readToken(content, whose) {
    try {
      return await readToken(new Reader(content).take());
    } catch (error) {
      throw new Altered(`the timestamp ${whose} does not hold (${error.message})`);
    }
  }

  #readField(name) {
    const [number, entries] = this.notes.fields[name];
    const prefix = `${number} 0 obj\n<< ${entries} /V <`;
    const found = this.tail.slice(0, this.place + MAX_UPDATES).indexOf(prefix, this.place);
    const digits = found < 0 ? null : /^[0-9a-f]{0,16384}(?=>)/.exec(this.tail.slice(found + prefix.length, found + prefix.length + 16385));
    if (digits === null) throw new Altered(`the field ${name} is not filled in as in a copy`);
    try {
      const value = readString(digits[0]);
      requireClean(value);
      return value;
    } catch (error) {
      throw new Altered(`the field ${name} is not filled in as in a copy: ${error.message}`);
    }
  }

  async #acceptSignature(field, draft, { signatory, moment, signature, token }) {
    const content = token === null ? null : token.content;
    const hash = await this.#accept(draft, (signed) => signatory.container(signed, signature, content));
    return { field, signatory, moment, signature, token, digest: hash };
  }

  /** Compare an update with the file, and move past it; returns the digest of what is signed. */
  async #accept(draft, container = null) {
    let [hash, written] = ["", draft.body];
    if (container !== null) {
      hash = await draft.digest(this.bytes, this.tail.slice(0, this.place));
      try {
        written = draft.seal(container(hash));
      } catch (error) {
        throw new Altered(`the file was changed: ${error.message}`);
      }
    }
    if (!this.tail.startsWith(written, this.place)) throw new Altered(this.#nameDifference(draft, written, hash));
    this.progress = draft.after;
    return hash;
  }

  /** Say which part of an update differs from what issuing would write, and where; see copies/causes.py. */
  #nameDifference(draft, written, hash) {
    const there = this.tail.slice(this.place, this.place + written.length);
    let [place, words] = [written.length, "the end of the file"];
    for (const [begin, end] of draft.compared()) {
      const found = begin + findDifference(there.slice(begin, end), written.slice(begin, end));
      if (found >= end) continue;
      [place, words] = [found, draft.namePart(found)];
      break;
    }
    if (draft.isInContainer(place) && !there.includes(toHex(hash))) {
      return `the file was changed: ${draft.namePart(0)} was made for something else`;
    }
    const where = `the first difference is at byte ${group(this.progress.length + place)}`;
    return `the file was changed: ${words} is not what issuing writes (${where})`;
  }

  /** Say what is in the place where something else was expected, by its object numbers. */
  #nameAdded() {
    const window = this.tail.slice(this.place, this.place + WINDOW);
    const end = window.indexOf("startxref");
    const words = new Set();
    let count = 0;
    for (const [, number] of (end < 0 ? window : window.slice(0, end)).matchAll(OBJECT)) {
      if (count++ === MAX_OBJECTS) break;
      words.add(this.#nameObject(Number(number)));
    }
    return `${[...words].join(", ") || "what was added is not an object of a PDF"} (from byte ${group(this.progress.length)})`;
  }

  #nameObject(number) {
    const { notes, progress } = this;
    const field = Object.entries(notes.fields).find(([, [own]]) => own === number);
    if (field) return `the field ${field[0]}`;
    if (number === notes.page[0]) return "the first page";
    if (number < notes.size) {
      const kind = Object.entries(notes.kinds).find(([, numbers]) => numbers.includes(number));
      return kind ? kind[0] : "an object of the form";
    }
    if (number === progress.publisher) return "the signature Publisher";
    if (number === this.delivery) return "the signature Delivery";
    if ([progress.store, ...progress.certificates, ...progress.ocsps, ...progress.crls].includes(number)) {
      return "its validation data";
    }
    return number < progress.size ? "an object of the copy" : "new objects";
  }

  /** Accept a delivery that cannot be written again here; its signature covers what the file says it covers. */
  async #acceptUnread({ signatory, moment, signature, token }) {
    RANGE.lastIndex = this.place;
    const found = RANGE.exec(this.tail);
    const room = signatory.room(token !== null);
    const [start, stop, rest] = (found ?? [0, -1, -1, -1]).slice(1).map(Number);
    const hole = found === null ? -1 : found.index + found[0].length - 1;
    const end = stop + rest - this.base;
    const fits = hole >= 0 && start === this.base + hole && stop === start + 2 * room + 2 && end <= this.tail.length;
    if (!fits) throw new Altered("the file was changed: its delivery does not say which bytes it covers");
    const after = this.tail.slice(stop - this.base, end);
    const hash = await digest("SHA-256", this.bytes, this.tail.slice(0, hole), after);
    const content = toHex(signatory.container(hash, signature, token === null ? null : token.content));
    const expected = `<${content.padEnd(2 * room, "0")}>`;
    if (this.tail.slice(hole, hole + expected.length) !== expected) {
      throw new Altered("the file was changed: the signature Delivery was made for something else");
    }
    return { delivery: { field: "Delivery", signatory, moment, signature, token, digest: hash } };
  }
}

function readString(digits) {
  try {
    if (digits.startsWith("feff")) return fromUtf16(fromHex(digits.slice(4)));
    const text = fromHex(digits);
    if (/^[\0-\x7f]*$/.test(text)) return text;
  } catch {
    // told below
  }
  throw new Error("what it holds is not a text");
}
