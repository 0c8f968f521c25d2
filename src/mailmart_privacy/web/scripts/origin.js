// From which recorded form a file was issued, by its bytes alone, or what else the file is; see verifying/origin.py.
import { digest, fromHex, group, toHex, toText } from "./bytes.js";
import { verifySignature } from "./certificates.js";
import { readContainer } from "./container.js";
import { NUMBER } from "./format_1.js";
import { Altered, Newer, Unreadable, Unsigned, Untrusted } from "./verdicts.js";

const MAX_SIZE = 16 * 1024 * 1024;
const MAX_UPDATES = 8 * 1024 * 1024;
const SAMPLE = 48;
const ENDS = 2048;
const MARKS = 8;
const FORMAT = /\/Name \/mailmart-privacy \/R ([1-9]\d{0,8}) >>/y;
const MARKED =
  /\/Name \/mailmart-privacy \/R [1-9]\d{0,8} >>[^]{1,8192}?\/ByteRange \[0 (\d{10}) (\d{10}) (\d{10})\]\n\/Contents <([0-9a-f]{0,262144})>/y;
const OBJECT = /^[\s\v\f]{0,8}\d{1,10} \d{1,5} obj/;
const ENCRYPTED = /\/Encrypt\s{0,8}(?:\d{1,10}\s{1,8}\d{1,5}\s{1,8}R|<<)/;

/**
 * Find the recorded form that a file begins with.
 *
 * @param bytes of the file.
 * @param forms [{version, paper, length, sha256, notes, samples, edition}], the newest first; samples in Base64, and the
 *   SHA-256 of the reading edition on that paper.
 * @returns the form.
 * @throws what the file is instead.
 */
export async function findOrigin(bytes, forms) {
  if (!bytes.length) throw new Unreadable("the file is empty");
  if (bytes.length > MAX_SIZE) {
    throw new Unreadable(`the file has ${group(bytes.length)} bytes; files of more than ${group(MAX_SIZE)} are not read`);
  }
  for (const form of forms) {
    if (bytes.length >= form.length && toHex(await digest("SHA-256", bytes.subarray(0, form.length))) === form.sha256) {
      requireComplete(toText(bytes.subarray(form.length)), form);
      return form;
    }
  }
  const whole = toHex(await digest("SHA-256", bytes));
  const read = forms.find(({ edition }) => edition === whole);
  if (read) {
    const which = `the PDF of version ${read.version} for everybody`;
    throw new Unsigned("edition", `the file is ${which}, as published; it is not signed, and names no recipient`);
  }
  const text = toText(bytes);
  const cut = forms.find((form) => wasCutShort(text, form));
  if (cut) {
    const where = `within the form of version ${cut.version}, at byte ${group(text.length)}`;
    throw new Unreadable(`the file is cut short: it ends ${where}`);
  }
  throw await judge(text, forms);
}

/** Refuse a form without signatures, and a file that was cut short: it lacks the end that every update has. */
function requireComplete(tail, { version, length }) {
  if (!tail) {
    const which = `the form of version ${version} as published`;
    throw new Unsigned("form", `the file is ${which}; it is not signed, and names no recipient`);
  }
  if (tail.length > MAX_UPDATES) {
    const added = `${group(tail.length)} bytes follow the recorded form`;
    throw new Altered(`${added}; the updates of a copy are much smaller`);
  }
  const last = tail.lastIndexOf("%%EOF");
  const after = last < 0 ? tail : tail.slice(last + 5);
  const ended = /startxref\n\d{1,10}\n[^]{5}\n?$/.test(tail.slice(-64));
  if (!ended && (last < 0 || OBJECT.test(after))) {
    throw new Unreadable(`the file is cut short: it ends at byte ${group(length + tail.length)}, within an update`);
  }
  if (!tail.includes("/ByteRange")) {
    throw new Unsigned("filled form", "the file is a form of the policy that someone filled in; it is not signed");
  }
}

/** Tell whether a file ends within a form: the samples of the form up to that point are in their places. */
function wasCutShort(text, { length, samples }) {
  if (text.length >= length || text.length <= SAMPLE) return false;
  return samples.every(([place, sample]) => {
    const there = text.slice(place, place + SAMPLE);
    return there.length < SAMPLE ? atob(sample).startsWith(there) : there === atob(sample);
  });
}

async function judge(text, forms) {
  if (await holdsByItself(text)) return new Newer("it is of a version that is not known here");
  const related = findRelated(text, forms);
  if (related) return new Altered(`the file comes from the form of version ${related.version} (${related.paper}), but was changed`);
  if (!text.startsWith("%PDF-")) return new Unreadable("the file is not a PDF");
  if (ENCRYPTED.test(text)) {
    return new Unreadable("the file is encrypted; remove the encryption, which also breaks any signature");
  }
  if (text.includes("/mailmart-privacy")) {
    const how = "was saved by another program, or changed: its signature is not valid";
    return new Altered(`the file claims to be a copy, but ${how}`);
  }
  if (/\/ByteRange\s{0,8}\[/.test(text)) {
    const what = "is not a copy of a recorded policy; this page cannot vouch for it";
    return new Untrusted("other document", `the file is signed, but ${what}`);
  }
  const end = text.slice(-ENDS);
  if (!end.includes("%%EOF") || !end.includes("startxref")) {
    return new Unreadable("the file cannot be read as a PDF; it is damaged or cut short");
  }
  return new Unsigned("other document", "the file is not signed, and is not a copy of a recorded policy");
}

/** Tell whether a file has a valid certification of format 1, over any form, or one of a later format. */
async function holdsByItself(text) {
  let found = null;
  let place = -1;
  for (let mark = 0; mark < MARKS && found === null; mark++) {
    place = text.indexOf("/Name /mailmart-privacy /R ", place + 1);
    if (place < 0) return false;
    FORMAT.lastIndex = place;
    const number = mark === 0 ? FORMAT.exec(text) : null;
    if (number !== null && Number(number[1]) !== NUMBER) return true;
    MARKED.lastIndex = place;
    found = MARKED.exec(text);
  }
  if (found === null) return false;
  const [start, stop, rest] = found.slice(1, 4).map(Number);
  const contents = found.index + found[0].length - found[4].length - 1;
  if (!(start < contents && contents < stop && stop <= stop + rest && stop + rest <= text.length)) return false;
  try {
    const { signatory, signature } = await readContainer(fromHex(found[4]));
    const hash = await digest("SHA-256", text.slice(0, start), text.slice(stop, stop + rest));
    return await verifySignature(signatory.certificate, signature, signatory.message(hash));
  } catch {
    return false;
  }
}

/** Find the form that a file contains most of: changed in place, moved, or rewritten; undefined if it contains none. */
function findRelated(text, forms) {
  const related = forms.filter(({ samples }) => samples.filter(([, sample]) => text.includes(atob(sample))).length * 2 > samples.length);
  // Versions share most of their bytes; a changed copy agrees longest with the form that it came from.
  const agreed = ({ samples }) => {
    const first = samples.findIndex(([place, sample]) => text.slice(place, place + SAMPLE) !== atob(sample));
    return first < 0 ? Infinity : first;
  };
  return related.reduce((best, form) => (best && agreed(best) >= agreed(form) ? best : form), undefined);
}
