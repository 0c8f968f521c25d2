// A timestamp token (RFC 3161) in the canonical form that copies carry; see trust/timestamp_token.py.
//
// Its signature is verified here. Whether its authority may be trusted is not judged, and the page says so.
import { readDigestAlgorithm, readSignatureAlgorithm, sameAlgorithm, writeDigestAlgorithm, writeSignatureAlgorithm } from "./algorithms.js";
import { digest } from "./bytes.js";
import { hasIssued, isSelfSigned, keyIdentifier, normalizeLowS, readCertificate, verifySignature } from "./certificates.js";
import {
  BOOLEAN, encode, encodeInteger, encodeOid, encodeSet, INTEGER, OCTET_STRING, Reader, readOnly, SEQUENCE, SET, sorted, tagged,
} from "./der.js";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const [CONTENT_TYPE, MESSAGE_DIGEST] = ["1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"];
const [ESS, ESS_V2] = ["1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"];
const ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52";
const MAX_SIZE = 65536;
const MAX_CERTIFICATES = 16;

/**
 * Read a token.
 *
 * @returns {content, moment, certificates, algorithm, imprint}: when it was made, by whom (the first), and the digest
 *   of what was stamped.
 * @throws if it is not a token in canonical form, or its signature is not valid.
 */
export async function readToken(content) {
  if (content.length > MAX_SIZE) throw new Error("the timestamp is too large");
  const { stamped, pool, signer } = readParts(content);
  const certificates = await order(signer, pool);
  const values = readAttributes(signer.attributes);
  await requireAttributes(values, certificates[0], signer.digest, stamped);
  const signature = normalizeLowS(signer.signature, certificates[0]);
  const message = encode(SET, signer.attributes);
  if (!(await verifySignature(certificates[0], signature, message, signer.algorithm))) {
    throw new Error("the timestamp's signature does not hold");
  }
  const info = readInfo(stamped);
  if (write(signer, certificates, stamped, signature, values) !== content) {
    throw new Error("the timestamp is not written as copies carry it");
  }
  return { ...info, content, certificates };
}

/** Tell whether a token was made for a message. */
export async function isStampOf(token, message) {
  return token.imprint === (await digest(token.algorithm, message));
}

function readParts(content) {
  const info = readOnly(content);
  if (info.oid() !== SIGNED_DATA) throw new Error("the timestamp is not signed data");
  const wrapped = info.enter(tagged(0));
  info.end();
  const data = wrapped.enter();
  wrapped.end();
  data.integer();
  data.read(SET); // the digest algorithms; each signer names its own again
  const encapsulated = data.enter();
  if (encapsulated.oid() !== TST_INFO) throw new Error("the timestamp is over something else than a time");
  const held = encapsulated.enter(tagged(0));
  encapsulated.end();
  const stamped = held.read(OCTET_STRING);
  held.end();
  const pool = readCertificates(data);
  if (data.tag === tagged(1)) data.take();
  const signers = data.enter(SET);
  data.end();
  const signer = readSigner(signers.enter());
  signers.end();
  return { stamped, pool, signer };
}

function readCertificates(data) {
  const found = [];
  const listed = data.enter(tagged(0));
  while (listed.tag !== null) {
    const isCertificate = listed.tag === SEQUENCE;
    const value = listed.take();
    if (isCertificate) found.push(value);
    if (found.length > MAX_CERTIFICATES) throw new Error("the timestamp has too many certificates");
  }
  return sorted(found).map(readCertificate);
}

function readSigner(reader) {
  reader.integer();
  let [issuer, serial, keyIdentifier] = [null, null, null];
  if (reader.tag === SEQUENCE) {
    const identifier = reader.enter();
    [issuer, serial] = [identifier.take(), identifier.integer()];
    identifier.end();
  } else keyIdentifier = reader.read(0x80);
  const name = readDigestAlgorithm(reader.enter());
  const attributes = reader.read(tagged(0));
  const algorithm = readSignatureAlgorithm(reader.enter(), name);
  const signature = reader.read(OCTET_STRING);
  if (reader.tag === tagged(1)) reader.take();
  reader.end();
  return { issuer, serial, keyIdentifier, digest: name, attributes, algorithm, signature };
}

/** Begin with the signer's certificate, and continue with each one's issuer; leave out all others and the root. */
async function order(signer, pool) {
  const own = pool.find((one) =>
    signer.keyIdentifier === null
      ? one.issuer === signer.issuer && one.serial === signer.serial
      : keyIdentifier(one) === signer.keyIdentifier,
  );
  if (!own) throw new Error("the timestamp lacks its signer's certificate");
  const path = [own];
  const above = [];
  for (const one of pool) if (one !== own && !(await isSelfSigned(one))) above.push(one);
  for (;;) {
    const following = await findIssuer(above, path);
    if (!following) return path;
    path.push(following);
  }
}

async function findIssuer(above, path) {
  for (const one of above) if (!path.includes(one) && (await hasIssued(one, path.at(-1)))) return one;
  return null;
}

function readAttributes(content) {
  const values = new Map();
  const reader = new Reader(content);
  while (reader.tag !== null) {
    const attribute = reader.enter();
    const [name, held] = [attribute.oid(), attribute.enter(SET)];
    attribute.end();
    if (values.has(name)) throw new Error("the timestamp has a signed attribute twice");
    values.set(name, held.take());
    held.end();
  }
  return values;
}

async function requireAttributes(values, certificate, name, stamped) {
  const open = (dotted) => {
    if (!values.has(dotted)) throw new Error("the timestamp lacks a signed attribute");
    return new Reader(values.get(dotted));
  };
  if (open(CONTENT_TYPE).oid() !== TST_INFO) throw new Error("the timestamp is over something else than a time");
  if (open(MESSAGE_DIGEST).read(OCTET_STRING) !== (await digest(name, stamped))) {
    throw new Error("the timestamp was changed: its digest is another");
  }
  const first = open(values.has(ESS_V2) ? ESS_V2 : ESS).enter().enter().enter();
  let named = values.has(ESS_V2) ? "SHA-256" : "SHA-1"; // RFC 2634 knows no other
  if (values.has(ESS_V2) && first.tag === SEQUENCE) named = readDigestAlgorithm(first.enter());
  if (first.read(OCTET_STRING) !== (await digest(named, certificate.der))) {
    throw new Error("the timestamp names another certificate than its signer's");
  }
}

/** Read the TSTInfo (RFC 3161, 2.4.2): its moment, and its imprint with the algorithm. */
function readInfo(content) {
  const info = readOnly(content);
  if (info.integer() !== "\x01") throw new Error("the timestamp has an unknown version");
  info.oid(); // the authority's policy
  const stamped = info.enter();
  const [algorithm, imprint] = [readDigestAlgorithm(stamped.enter()), stamped.read(OCTET_STRING)];
  stamped.end();
  info.integer(); // its serial number
  const moment = info.moment();
  if (info.tag === SEQUENCE) info.take(); // accuracy
  if (info.tag === BOOLEAN) info.boolean(); // ordering
  if (info.tag === INTEGER) info.integer(); // nonce
  if (info.tag === tagged(0)) info.take(); // the authority's name
  if (info.tag === tagged(1)) requirePlainExtensions(info.enter(tagged(1)));
  info.end();
  return { moment, algorithm, imprint };
}

function requirePlainExtensions(extensions) {
  while (extensions.tag !== null) {
    const extension = extensions.enter();
    extension.oid();
    if (extension.tag === BOOLEAN && extension.boolean()) throw new Error("the timestamp has a critical extension");
  }
}

function write(signer, certificates, stamped, signature, values) {
  let [named, algorithm] = [writeDigestAlgorithm(signer.digest), writeSignatureAlgorithm(signer.algorithm)];
  if (values.has(ALGORITHM_PROTECTION)) {
    const repeated = new Reader(values.get(ALGORITHM_PROTECTION)).enter();
    [named, algorithm] = [repeated.take(), encode(SEQUENCE, repeated.read(tagged(1)))];
    const same =
      readDigestAlgorithm(readOnly(named)) === signer.digest &&
      sameAlgorithm(readSignatureAlgorithm(readOnly(algorithm), signer.digest), signer.algorithm);
    if (!same) throw new Error("the timestamp names other algorithms in its signed attributes");
  }
  const [own] = certificates;
  const information = encode(
    SEQUENCE,
    encodeInteger(1),
    encode(SEQUENCE, own.issuer, encode(INTEGER, own.serial)),
    named,
    encode(tagged(0), signer.attributes),
    algorithm,
    encode(OCTET_STRING, signature),
  );
  const data = encode(
    SEQUENCE,
    encodeInteger(3),
    encode(SET, named),
    encode(SEQUENCE, encodeOid(TST_INFO), encode(tagged(0), encode(OCTET_STRING, stamped))),
    encodeSet(certificates.map((one) => one.der), tagged(0)),
    encode(SET, information),
  );
  return encode(SEQUENCE, encodeOid(SIGNED_DATA), encode(tagged(0), data));
}
