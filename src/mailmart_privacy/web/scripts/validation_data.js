// Validation data. What belongs to nobody in the file, is not validly signed or is not in canonical form is refused,
// since no signature covers the data of the last update; see trust/validation_data.py. Whether anybody was revoked is
// not judged here.
import { readSignatureAlgorithm, writeSignatureAlgorithm } from "./algorithms.js";
import { hasIssued, mayAnswer, normalizeLowS, readBits, readCertificate, verifySignature } from "./certificates.js";
import { BIT_STRING, encode, encodeOid, INTEGER, OCTET_STRING, Reader, readOnly, SEQUENCE, tagged } from "./der.js";
import { takeAll } from "./container.js";

const BASIC = "1.3.6.1.5.5.7.48.1.1";

/**
 * Refuse validation data that are not signed by one of the certificates in them, or belong to nobody in the file.
 *
 * @param data {certificates, ocsps, crls}, each in DER.
 * @param others the certificates of signers and authorities, found elsewhere in the file.
 */
export async function requireGenuine(data, others) {
  const { certificates, crls, ocsps } = readData(data);
  const pool = await findRelated(certificates, others);
  for (const certificate of pool) {
    if (!(await findAsync(pool, (issuer) => hasIssued(issuer, certificate)))) {
      throw new Error("a certificate among its validation data is not signed by any other");
    }
  }
  for (const list of crls) {
    const signer = await findAsync(pool, (one) => one.subject === list.issuer && verify(one, list));
    if (!signer) throw new Error("a revocation list among its validation data does not hold");
    if (writeList(list, signer) !== list.content) {
      throw new Error("a revocation list among its validation data is not written as copies carry it");
    }
  }
  for (const response of ocsps) {
    if (response.certificates.some((content) => !pool.some(({ der }) => der === content))) {
      throw new Error("an OCSP response among its validation data has a certificate of its own");
    }
    const signer = await findAsync(pool, (one) => verify(one, response));
    if (!signer) throw new Error("an OCSP response among its validation data does not hold");
    if (writeResponse(response, signer) !== response.content) {
      throw new Error("an OCSP response among its validation data is not written as copies carry it");
    }
  }
}

function readData({ certificates, crls, ocsps }) {
  try {
    return { certificates: certificates.map(readCertificate), crls: crls.map(readList), ocsps: ocsps.map(readResponse) };
  } catch {
    throw new Error("its validation data cannot be read");
  }
}

/** Go from the certificates in the file's signatures to their issuers and OCSP responders. */
async function findRelated(certificates, related) {
  let waiting = certificates.filter((one) => !related.some(({ der }) => der === one.der));
  while (waiting.length) {
    const found = [];
    for (const one of waiting) {
      const isAbove = await findAsync(related, (other) => hasIssued(one, other));
      const isResponder = mayAnswer(one) && (await findAsync(related, (other) => hasIssued(other, one)));
      if (isAbove || isResponder) found.push(one);
    }
    if (!found.length) throw new Error("a certificate among its validation data has nothing to do with its signers");
    related.push(...found);
    waiting = waiting.filter((one) => !found.includes(one));
  }
  return related;
}

async function findAsync(values, test) {
  for (const value of values) if (await test(value)) return value;
  return null;
}

const verify = (certificate, { signature, signed, algorithm }) =>
  certificate.key.kind === algorithm.kind &&
  verifySignature(certificate, signature, encode(SEQUENCE, signed), algorithm);

function readList(content) {
  const outer = readOnly(content);
  const signed = outer.read(SEQUENCE);
  const algorithm = readSignatureAlgorithm(outer.enter(), null);
  const signature = readBits(outer);
  outer.end();
  const fields = new Reader(signed);
  if (fields.tag === INTEGER) fields.integer(); // the version
  const named = fields.take();
  return { content, signed, algorithm, signature, named, issuer: fields.take() };
}

function writeList({ signed, named, signature }, signer) {
  const bits = encode(BIT_STRING, "\0", normalizeLowS(signature, signer));
  return encode(SEQUENCE, encode(SEQUENCE, signed), named, bits);
}

function readResponse(content) {
  const outer = readOnly(content);
  if (outer.read(0x0a) !== "\0") throw new Error("it was not successful");
  const wrapped = outer.enter(tagged(0)).enter();
  if (wrapped.oid() !== BASIC) throw new Error("it is not a basic OCSP response");
  const basic = readOnly(wrapped.read(OCTET_STRING));
  const signed = basic.read(SEQUENCE);
  const algorithm = readSignatureAlgorithm(basic.enter(), null);
  const signature = readBits(basic);
  const certificates = basic.tag === tagged(0) ? takeAll(basic.enter(tagged(0)).enter()) : [];
  basic.end();
  requireOneAnswer(new Reader(signed));
  return { content, signed, algorithm, signature, certificates };
}

function requireOneAnswer(fields) {
  if (fields.tag === tagged(0)) fields.take(); // the version
  fields.take(); // the responder
  fields.take(); // when it was made
  if (takeAll(fields.enter()).length !== 1) throw new Error("it answered for several certificates");
}

function writeResponse({ signed, algorithm, signature, certificates }, signer) {
  const rest = certificates.length ? encode(tagged(0), encode(SEQUENCE, ...certificates)) : "";
  const written = encode(
    SEQUENCE,
    encode(SEQUENCE, signed),
    writeSignatureAlgorithm(algorithm),
    encode(BIT_STRING, "\0", normalizeLowS(signature, signer)),
    rest,
  );
  const inner = encode(SEQUENCE, encodeOid(BASIC), encode(OCTET_STRING, written));
  return encode(SEQUENCE, "\x0a\x01\0", encode(tagged(0), inner));
}
