// A file → what it is: the second implementation of verifying/verify.py, in the visitor's browser.
//
// The rules, in the order in which they are applied:
//
// 1. The file begins with the very bytes of a published form.
// 2. Every byte after the form is what issuing would write from the few values that are read there.
// 3. Both signatures are valid under the certificate in their containers; each timestamp covers what it belongs to.
// 4. The signer's own certificate is published, was in use, and is not compromised.
// What is not judged here, and mentioned if it matters: who made timestamps, whether a certificate was revoked,
// certificates that are only issued by a published one, and names that are drawn with a font of the copy's own.
import { toText } from "./bytes.js";
import { certificateDigest, findWeakness, hasIssued, normalizeLowS, verifySignature } from "./certificates.js";
import { findOrigin } from "./origin.js";
import { quote, showName } from "./names.js";
import { readCopy } from "./reader.js";
import { isStampOf } from "./token.js";
import { requireGenuine } from "./validation_data.js";
import { Altered, BroughtFont, Refusal, Untrusted } from "./verdicts.js";

const NAMELESS = "a certificate without a name";
const TOLERANCE = 5 * 60 * 1000; // milliseconds by which clocks may differ

/**
 * Tell what a file is.
 *
 * @param bytes the file, a Uint8Array.
 * @param published {forms, signers}: what MailMart published; see web/published.py.
 * @param at the moment of asking, a Date.
 * @returns {verdict, reason, found, copy}. `verdict` is "genuine", "formerly used key", "compromised key", "unknown signer",
 *   "altered", "unsigned", "newer version", "unreadable" or "not judged". `reason` names the page's words for it, or is the
 *   day in them; `found` is what the command line says, too; `copy` is what was read of a copy. Each of them may be null.
 */
export async function verify(bytes, published, at) {
  try {
    const form = await findOrigin(bytes, published.forms);
    let copy;
    try {
      copy = await readCopy(form, bytes.subarray(0, form.length), toText(bytes.subarray(form.length)));
    } catch (error) {
      if (!(error instanceof BroughtFont)) throw error;
      await requireSignatures(error.copy);
      const found = await summarise(form, error.copy);
      const { verdict, reason } = judgeSigner(found, published.signers, at);
      const isTrusted = verdict === "genuine" || verdict === "formerly used key";
      return { verdict: isTrusted ? error.verdict : verdict, reason: isTrusted ? null : reason, found: null, copy: found };
    }
    await requireSignatures(copy);
    const found = await summarise(form, copy);
    return { ...judgeSigner(found, published.signers, at), found: null, copy: found };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { verdict: error.verdict, reason: error.reason, found: error.message, copy: null };
  }
}

async function requireSignatures({ publisher, delivery, stamps = [], data = null }) {
  for (const signature of [publisher, delivery]) {
    await requirePath(signature.signatory);
    await requireHolding(signature);
    if (signature.token !== null && !(await isStampOf(signature.token, signature.signature))) {
      throw new Altered(`the file was changed: the timestamp of the signature ${signature.field} was made for something else`);
    }
  }
  for (const { field, token, digest } of stamps) {
    if (token.algorithm !== "SHA-256" || token.imprint !== digest) {
      throw new Altered(`the file was changed: the timestamp ${field} was made for something else`);
    }
  }
  if (data !== null) await requireData(data, [publisher, delivery, ...stamps]);
}

/** Require each piece of validation data to be validly signed, and to belong to somebody who signed in the file. */
async function requireData(data, signed) {
  const { certificate, others } = signed[1].signatory;
  const authorities = signed.filter(({ token }) => token !== null).flatMap(({ token }) => token.certificates);
  try {
    await requireGenuine(data, [certificate, ...others, ...authorities]);
  } catch (error) {
    throw new Altered(`the file was changed after its delivery was signed: ${error.message}`);
  }
}

async function requireHolding({ field, signatory, signature, digest }) {
  const weakness = findWeakness(signatory.certificate);
  const isKnown = signatory.certificate.key.kind === "rsa" || signatory.certificate.key.curve;
  if (!isKnown) throw new Untrusted(null, weakness);
  let holds = false;
  try {
    holds = normalizeLowS(signature, signatory.certificate) === signature;
  } catch {
    holds = false;
  }
  const words = `the file was changed: the signature ${field}`;
  if (!holds) throw new Altered(`${words} is not in canonical form`);
  if (!(await verifySignature(signatory.certificate, signature, signatory.message(digest)))) {
    throw new Altered(`${words} does not hold`);
  }
  if (weakness !== null) throw new Untrusted(null, `the signature ${field} holds, but anybody may have made it: ${weakness}`);
}

/** Refuse certificates in a container that are not above the signer's own. */
async function requirePath({ certificate, others }) {
  const rest = [...others];
  for (let last = certificate; rest.length; ) {
    let place = -1;
    for (let each = 0; each < rest.length && place < 0; each++) if (await hasIssued(rest[each], last)) place = each;
    if (place < 0) {
      const whose = quote(showName(rest[0].commonName) || NAMELESS);
      throw new Altered(`the file was changed: it carries the certificate of ${whose}, which has nothing to do with its signer`);
    }
    [last] = rest.splice(place, 1);
  }
}

/** Say whether the signer's certificate is published, and was in use. */
function judgeSigner({ signer, issuedAt }, signers, at) {
  const published = signers.find(({ sha256 }) => sha256 === signer.sha256);
  const compromised = signers.find(({ sha256, compromised_since }) => compromised_since && signer.path.includes(sha256));
  if (compromised) return { verdict: "compromised key", reason: compromised.compromised_since };
  if (!published) return { verdict: "unknown signer", reason: signers.length ? "not published" : "none published" };
  if (issuedAt > at.getTime() + TOLERANCE) return { verdict: "unknown signer", reason: "issued in the future" };
  if (issuedAt < Date.parse(published.since)) return { verdict: "unknown signer", reason: "not in use then" };
  if (at < signer.notBefore) return { verdict: "unknown signer", reason: "not valid yet" };
  const until = published.until === null ? Infinity : Date.parse(published.until);
  if (issuedAt > until) return { verdict: "unknown signer", reason: "retired then" };
  const last = Math.min(until, signer.notAfter.getTime());
  if (at.getTime() > last) return { verdict: "formerly used key", reason: new Date(last).toISOString() };
  return { verdict: "genuine", reason: null };
}

async function summarise(form, { publisher, delivery, recipient, reference, stamps = [], level = null }) {
  const { signatory, moment, token } = delivery;
  const { certificate, others, name, digest, isSelfSigned } = signatory;
  const path = [digest];
  for (const other of others) path.push(await certificateDigest(other));
  return {
    version: form.version,
    paper: form.paper,
    recipient,
    reference,
    issuedAt: moment,
    certifiedAt: publisher.moment,
    level,
    stampedAt: token === null ? null : token.moment,
    renewedAt: stamps.at(-1)?.token.moment ?? null,
    signer: { name: showName(name), sha256: digest, path, isSelfSigned, notBefore: certificate.notBefore, notAfter: certificate.notAfter },
  };
}
