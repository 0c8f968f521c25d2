// Bytes as text, one character for each byte, so that written bytes and the file are compared as texts.

/** Turn bytes into text. */
export function toText(bytes) {
  const parts = [];
  for (let place = 0; place < bytes.length; place += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(place, place + 8192)));
  }
  return parts.join("");
}

/** Turn text into bytes. */
export function toBytes(text) {
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return bytes;
}

/** Write bytes in hex, in lower case. */
export function toHex(text) {
  let digits = "";
  for (let place = 0; place < text.length; place++) digits += text.charCodeAt(place).toString(16).padStart(2, "0");
  return digits;
}

/** Read hex digits; throws if they are not pairs of lower-case digits. */
export function fromHex(digits) {
  if (digits.length % 2 || /[^0-9a-f]/.test(digits)) throw new Error("it is not in hex");
  let text = "";
  for (let place = 0; place < digits.length; place += 2) text += String.fromCharCode(parseInt(digits.slice(place, place + 2), 16));
  return text;
}

/** Write UTF-16BE. */
export function toUtf16(text) {
  if (/\p{Cs}/u.test(text)) throw new Error("it is not Unicode");
  let bytes = "";
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    bytes += String.fromCharCode(unit >> 8, unit & 0xff);
  }
  return bytes;
}

/** Read UTF-16BE, strictly. */
export function fromUtf16(bytes) {
  return decode("utf-16be", bytes);
}

/** Read UTF-8, strictly. */
export function fromUtf8(bytes) {
  return decode("utf-8", bytes);
}

function decode(encoding, bytes) {
  return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(toBytes(bytes));
}

/** Compute a digest, for instance "SHA-256", over consecutive parts: text, or bytes. */
export async function digest(algorithm, ...parts) {
  const pieces = parts.map((part) => (typeof part === "string" ? toBytes(part) : part));
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let place = 0;
  for (const piece of pieces) {
    whole.set(piece, place);
    place += piece.length;
  }
  return toText(new Uint8Array(await crypto.subtle.digest(algorithm, whole)));
}

/** Find the first place at which two texts differ; the shorter one's end if the other begins with it. */
export function findDifference(one, other) {
  let [low, high] = [0, Math.min(one.length, other.length)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (one.slice(0, middle) === other.slice(0, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Write a number with its thousands apart, as messages do. */
export const group = (number) => number.toLocaleString("en-US");
