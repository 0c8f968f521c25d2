// DER (ITU-T X.690), a canonical encoding: a strict reader and a writer; see _der.py.

export const [BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID] = [1, 2, 3, 4, 5, 6];
export const [UTF8_STRING, UNIVERSAL_STRING, BMP_STRING] = [0x0c, 0x1c, 0x1e];
export const [UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET] = [0x17, 0x18, 0x30, 0x31];

/** Return the tag of a constructed context-specific value, for instance 0xa0 for [0]. */
export const tagged = (number) => 0xa0 | number;

/** Reads one value after another from the content of a constructed value. */
export class Reader {
  #content;
  #place = 0;

  constructor(content) {
    this.#content = content;
  }

  /** The tag of the next value, or null at the end. */
  get tag() {
    return this.#place < this.#content.length ? this.#content.charCodeAt(this.#place) : null;
  }

  /** Read the next value whole: tag, length and content. */
  take() {
    const [start, content] = [this.#place, this.#content];
    if (start + 2 > content.length) throw new Error("a value is cut off");
    if ((content.charCodeAt(start) & 0x1f) === 0x1f) throw new Error("a tag above 30 is not used here");
    let [body, length] = [start + 2, content.charCodeAt(start + 1)];
    if (length >= 0x80) {
      const octets = content.slice(body, body + (length & 0x7f));
      const count = length & 0x7f;
      length = 0;
      for (const octet of octets) length = length * 256 + octet.charCodeAt(0);
      if (octets.length < 1 || octets.length > 4 || octets.length !== count || octets[0] === "\0" || length < 0x80) {
        throw new Error("a length is not in DER");
      }
      body += count;
    }
    if (body + length > content.length) throw new Error("a value is cut off");
    this.#place = body + length;
    return content.slice(start, this.#place);
  }

  /** Read the content of the next value, which must have this tag. */
  read(tag) {
    if (this.tag !== tag) throw new Error(`expected a value with tag ${tag}, found ${this.tag}`);
    const whole = this.take();
    const length = whole.charCodeAt(1);
    return whole.slice(length < 0x80 ? 2 : 2 + (length & 0x7f));
  }

  /** Read the next value, which is constructed, and return a reader of its content. */
  enter(tag = SEQUENCE) {
    return new Reader(this.read(tag));
  }

  /** Read an INTEGER in its shortest form; returns its octets. */
  integer() {
    const content = this.read(INTEGER);
    const [first, second] = [content.charCodeAt(0), content.charCodeAt(1)];
    const short = content.length < 2 || !((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
    if (!content || !short) throw new Error("an integer is not in DER");
    return content;
  }

  /** Read an OBJECT IDENTIFIER, for instance "1.2.840.113549.1.7.2". */
  oid() {
    const content = this.read(OID);
    const wrong = !content || content.length > 64 || content.charCodeAt(content.length - 1) & 0x80;
    if (wrong) throw new Error("an object identifier is not in DER");
    const arcs = [];
    let [value, fresh] = [0n, true];
    for (const character of content) {
      const octet = character.charCodeAt(0);
      if (fresh && octet === 0x80) throw new Error("an object identifier is not in DER");
      value = (value << 7n) | BigInt(octet & 0x7f);
      fresh = !(octet & 0x80);
      if (fresh) {
        arcs.push(value);
        value = 0n;
      }
    }
    const first = arcs[0] < 80n ? arcs[0] / 40n : 2n;
    return [first, arcs[0] - 40n * first, ...arcs.slice(1)].join(".");
  }

  /** Read a BOOLEAN. */
  boolean() {
    const content = this.read(BOOLEAN);
    if (content !== "\0" && content !== "\xff") throw new Error("a boolean is not in DER");
    return content === "\xff";
  }

  /** Read a GeneralizedTime in UTC, with or without a fraction of a second. */
  moment() {
    const found = /^(\d{14})(?:\.\d{0,11}[1-9])?Z$/.exec(this.read(GENERALIZED_TIME));
    if (!found) throw new Error("a time is not in DER");
    return readMoment(found[1]);
  }

  /** Require that nothing follows. */
  end() {
    if (this.#place !== this.#content.length) throw new Error("more follows than was expected");
  }
}

/** Read YYYYMMDDHHMMSS in UTC; throws if there is no such time. */
export function readMoment(digits) {
  const [date, time] = [digits.replace(/^(\d{4})(\d\d)(\d\d).*/, "$1-$2-$3"), digits.replace(/^\d{8}(\d\d)(\d\d)(\d\d)/, "$1:$2:$3")];
  const moment = new Date(`${date}T${time}Z`);
  const same = !Number.isNaN(moment.getTime()) && moment.toISOString() === `${date}T${time}.000Z`;
  if (!same || date < "1000") throw new Error("a time does not exist");
  return moment;
}

/** Return a reader of the content of a value that nothing follows. */
export function readOnly(content, tag = SEQUENCE) {
  const outer = new Reader(content);
  const inner = outer.enter(tag);
  outer.end();
  return inner;
}

/** Write a value: its tag, its length, its contents one after the other. */
export function encode(tag, ...contents) {
  const content = contents.join("");
  if (content.length < 0x80) return String.fromCharCode(tag, content.length) + content;
  let octets = "";
  for (let length = content.length; length; length = Math.floor(length / 256)) octets = String.fromCharCode(length % 256) + octets;
  return String.fromCharCode(tag, 0x80 | octets.length) + octets + content;
}

/** Write a SET OF: its values sorted by their bytes. */
export function encodeSet(values, tag = SET) {
  return encode(tag, ...sorted(values));
}

/** Sort values by their bytes. */
export function sorted(values) {
  return [...values].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
}

/** Write an INTEGER that is not negative. */
export function encodeInteger(value) {
  let digits = BigInt(value).toString(16);
  if (digits.length % 2) digits = `0${digits}`;
  let octets = "";
  for (let place = 0; place < digits.length; place += 2) octets += String.fromCharCode(parseInt(digits.slice(place, place + 2), 16));
  return encode(INTEGER, octets.charCodeAt(0) >= 0x80 ? `\0${octets}` : octets);
}

/** Write an OBJECT IDENTIFIER. */
export function encodeOid(dotted) {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  let content = "";
  for (let arc of [40 * first + second, ...rest]) {
    let octets = String.fromCharCode(arc & 0x7f);
    while ((arc = Math.floor(arc / 128))) octets = String.fromCharCode(0x80 | (arc & 0x7f)) + octets;
    content += octets;
  }
  return encode(OID, content);
}
