// Certificates (RFC 5280), as far as containers and timestamps need them, and signatures by their keys (WebCrypto).
import { readSignatureAlgorithm } from "./algorithms.js";
import { digest, fromUtf16, fromUtf8, toBytes, toHex } from "./bytes.js";
import {
  BIT_STRING, BMP_STRING, BOOLEAN, encode, encodeInteger, GENERALIZED_TIME, OCTET_STRING, OID, readMoment, readOnly,
  Reader, SEQUENCE, SET, tagged, UNIVERSAL_STRING, UTC_TIME,
} from "./der.js";

const MAX_SIZE = 32768;
const [RSA, EC] = ["1.2.840.113549.1.1.1", "1.2.840.10045.2.1"];
const [COMMON_NAME, ORGANISATION] = ["2.5.4.3", "2.5.4.10"];
const [KEY_IDENTIFIER, KEY_PURPOSES] = ["2.5.29.14", "2.5.29.37"];
const OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
// Curves that copies may be signed with: WebCrypto's name, bits, and the order n (NIST SP 800-186, 3.2.1).
const CURVES = {
  "1.2.840.10045.3.1.7": ["P-256", 256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"],
  "1.3.132.0.34": ["P-384", 384, `${"f".repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`],
  "1.3.132.0.35": ["P-521", 521, `1ff${"f".repeat(63)}a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`],
};
// Curves that no copy may be signed with; only their size is known here.
const WEAK_CURVES = { "1.2.840.10045.3.1.1": 192, "1.3.132.0.33": 224, "1.3.132.0.10": 256, "1.3.36.3.3.2.8.1.1.7": 256, "1.3.36.3.3.2.8.1.1.11": 384, "1.3.36.3.3.2.8.1.1.13": 512 };
const MIN_RSA_BITS = 3072;
const loaded = new Map();
const held = new Map();

/** Read a certificate in DER; throws if it cannot be read. Certificates are remembered once they were read. */
export function readCertificate(content) {
  if (!loaded.has(content)) {
    if (loaded.size >= 256) loaded.clear();
    loaded.set(content, read(content));
  }
  return loaded.get(content);
}

function read(content) {
  if (content.length > MAX_SIZE) throw new Error(`a certificate has more than ${MAX_SIZE} bytes`);
  const outer = readOnly(content);
  const fields = outer.take();
  const algorithm = outer.read(SEQUENCE);
  const signature = readBits(outer);
  outer.end();
  const inner = readOnly(fields);
  if (inner.tag === tagged(0)) inner.take();
  const serial = inner.integer();
  if (serial.charCodeAt(0) >= 0x80 || serial === "\0") throw new Error("the serial number of a certificate is not positive");
  const named = inner.read(SEQUENCE);
  const issuer = inner.take();
  const validity = inner.enter();
  const [notBefore, notAfter] = [readTime(validity), readTime(validity)];
  const subject = inner.take();
  const spki = inner.take();
  const found = {
    der: content, fields, algorithm, signature, serial, issuer, notBefore, notAfter, subject, spki,
    isConsistent: named === algorithm,
    commonName: findName(subject, COMMON_NAME),
    organisation: findName(subject, ORGANISATION),
    issuerName: findName(issuer, COMMON_NAME),
    key: readKey(spki),
  };
  found.extensions = readExtensions(inner);
  return found;
}

/** Read the content of a BIT STRING of whole octets. */
export function readBits(reader) {
  const content = reader.read(BIT_STRING);
  if (content[0] !== "\0") throw new Error("a signature is not of whole octets");
  return content.slice(1);
}

function readTime(reader) {
  if (reader.tag === GENERALIZED_TIME) return reader.moment();
  const digits = /^(\d{12})Z$/.exec(reader.read(UTC_TIME))?.[1];
  if (!digits) throw new Error("a time is not in DER");
  return readMoment((digits < "5" ? "20" : "19") + digits);
}

/** Find the first value of a kind in a name, or null. */
function findName(name, wanted) {
  const parts = readOnly(name);
  while (parts.tag !== null) {
    const values = parts.enter(SET);
    while (values.tag !== null) {
      const pair = values.enter();
      const kind = pair.oid();
      const [tag, value] = [pair.tag, pair.read(pair.tag)];
      if (kind === wanted) return readString(tag, value);
    }
  }
  return null;
}

function readString(tag, value) {
  if (tag === BMP_STRING) return fromUtf16(value);
  if (tag !== UNIVERSAL_STRING) return fromUtf8(value);
  let text = "";
  for (let place = 0; place < value.length; place += 4) text += String.fromCodePoint(parseInt(toHex(value.slice(place, place + 4)), 16));
  return text;
}

/** Read the extensions: their contents by kind. */
function readExtensions(rest) {
  const found = new Map();
  while (rest.tag !== null && rest.tag !== tagged(3)) rest.take();
  if (rest.tag === null) return found;
  const extensions = rest.enter(tagged(3)).enter();
  while (extensions.tag !== null) {
    const extension = extensions.enter();
    const kind = extension.oid();
    if (extension.tag === BOOLEAN) extension.take();
    if (found.has(kind)) throw new Error("an extension appears twice in a certificate");
    found.set(kind, extension.read(OCTET_STRING));
  }
  return found;
}

/** Find the identifier of a certificate's key, or null. */
export function keyIdentifier({ extensions }) {
  return extensions.has(KEY_IDENTIFIER) ? new Reader(extensions.get(KEY_IDENTIFIER)).read(OCTET_STRING) : null;
}

/** Tell whether a certificate is one for answering OCSP requests. */
export function mayAnswer({ extensions }) {
  if (!extensions.has(KEY_PURPOSES)) return false;
  const purposes = readOnly(extensions.get(KEY_PURPOSES));
  while (purposes.tag !== null) if (purposes.oid() === OCSP_SIGNING) return true;
  return false;
}

function readKey(spki) {
  const parts = readOnly(spki);
  const algorithm = parts.enter();
  const kind = algorithm.oid();
  if (kind === RSA) {
    const modulus = readOnly(readBits(parts)).integer().replace(/^\0/, "");
    return { kind: "rsa", bits: modulus.length * 8 - Math.clz32(modulus.charCodeAt(0)) + 24 };
  }
  if (kind !== EC || algorithm.tag !== OID) return { kind: null };
  const curve = algorithm.oid();
  const [name, bits, order] = CURVES[curve] ?? [null, WEAK_CURVES[curve]];
  return bits ? { kind: "ecdsa", curve: name, bits, order: order && BigInt(`0x${order}`) } : { kind: null };
}

/** Say why a signer's key is too weak, or return null. */
export function findWeakness({ key }) {
  if (key.kind === "rsa") return key.bits < MIN_RSA_BITS ? `an RSA key of ${key.bits} bits is too weak` : null;
  return key.curve ? null : "the kind of its key is not one that copies are signed with";
}

/** How many bytes the largest signature by a certificate's key has. */
export function signatureSize({ key }) {
  if (key.kind === "rsa") return Math.ceil(key.bits / 8);
  const number = encodeInteger((1n << BigInt(key.bits)) - 1n);
  return encode(SEQUENCE, number, number).length;
}

/** Write an ECDSA signature with its lower s; those of other keys have one form only. */
export function normalizeLowS(signature, { key }) {
  if (!key.order) return signature;
  const { r, s } = readPair(signature);
  return s <= key.order / 2n ? signature : encode(SEQUENCE, encodeInteger(r), encodeInteger(key.order - s));
}

function readPair(signature) {
  const pair = readOnly(signature);
  const [r, s] = [pair.integer(), pair.integer()];
  pair.end();
  if (r.charCodeAt(0) >= 0x80 || s.charCodeAt(0) >= 0x80) throw new Error("a signature cannot be read");
  return { r: BigInt(`0x${toHex(r)}`), s: BigInt(`0x${toHex(s)}`) };
}

/**
 * Tell whether a signature by a certificate's key is valid.
 *
 * @param certificate whose key it is.
 * @param signature RSASSA-PKCS1-v1_5, RSASSA-PSS, or ECDSA in DER.
 * @param message what was signed.
 * @param algorithm {digest, salt}, as `readSignatureAlgorithm` returns them.
 */
export async function verifySignature(certificate, signature, message, { digest: hash = "SHA-256", salt = null } = {}) {
  const { key } = certificate;
  try {
    if (key.kind === "rsa") {
      const name = salt === null ? "RSASSA-PKCS1-v1_5" : "RSA-PSS";
      const imported = await importKey(certificate, { name, hash });
      return await crypto.subtle.verify({ name, saltLength: salt }, imported, toBytes(signature), toBytes(message));
    }
    if (!key.curve || salt !== null) return false;
    const imported = await importKey(certificate, { name: "ECDSA", namedCurve: key.curve });
    const { r, s } = readPair(signature);
    const size = Math.ceil(key.bits / 8) * 2;
    const digits = [r, s].map((number) => number.toString(16).padStart(size, "0"));
    if (digits.some((each) => each.length > size)) return false;
    const raw = Uint8Array.from(digits.join("").match(/../g), (pair) => parseInt(pair, 16));
    return await crypto.subtle.verify({ name: "ECDSA", hash }, imported, raw, toBytes(message));
  } catch {
    return false;
  }
}

async function importKey({ spki }, algorithm) {
  return crypto.subtle.importKey("spki", toBytes(spki), algorithm, false, ["verify"]);
}

/** Tell whether a certificate names another one as its issuer, and was signed with that one's key. */
export async function hasIssued(issuer, certificate) {
  if (issuer.subject !== certificate.issuer || !certificate.isConsistent) return false;
  const pair = issuer.der + certificate.der;
  if (!held.has(pair)) {
    if (held.size >= 512) held.clear();
    held.set(pair, await wasSignedBy(issuer, certificate));
  }
  return held.get(pair);
}

async function wasSignedBy(issuer, { fields, algorithm, signature }) {
  let named;
  try {
    named = readSignatureAlgorithm(new Reader(algorithm), null);
  } catch {
    return false;
  }
  return issuer.key.kind === named.kind && verifySignature(issuer, signature, fields, named);
}

/** Tell whether a certificate was signed with its own key. */
export const isSelfSigned = (certificate) => hasIssued(certificate, certificate);

/** Compute the SHA-256 of a certificate, in hex. */
export const certificateDigest = async ({ der }) => toHex(await digest("SHA-256", der));
