// Algorithms as certificates and timestamps name them, in canonical form; see trust/token_algorithms.py.
import { encode, encodeInteger, encodeOid, NULL, SEQUENCE, tagged } from "./der.js";

const DIGESTS = {
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};
const DIGEST_NAMES = Object.fromEntries(Object.entries(DIGESTS).map(([dotted, name]) => [name, dotted]));
const RSA = "1.2.840.113549.1.1.1";
const PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";
const SIGNATURES = {
  "1.2.840.113549.1.1.11": ["rsa", "SHA-256"],
  "1.2.840.113549.1.1.12": ["rsa", "SHA-384"],
  "1.2.840.113549.1.1.13": ["rsa", "SHA-512"],
  "1.2.840.10045.4.3.2": ["ecdsa", "SHA-256"],
  "1.2.840.10045.4.3.3": ["ecdsa", "SHA-384"],
  "1.2.840.10045.4.3.4": ["ecdsa", "SHA-512"],
};
// Authorities signed their own certificates with these; nobody is trusted for such a signature.
const OLD = { "1.2.840.113549.1.1.5": ["rsa", "SHA-1"], "1.2.840.10045.4.1": ["ecdsa", "SHA-1"] };

/** Read the content of a digest's AlgorithmIdentifier; returns for instance "SHA-256". */
export function readDigestAlgorithm(reader) {
  const dotted = reader.oid();
  readNoParameters(reader);
  if (!(dotted in DIGESTS)) throw new Error("it is made with another digest than SHA-256, SHA-384 or SHA-512");
  return DIGESTS[dotted];
}

/** Write a digest's AlgorithmIdentifier without parameters. */
export function writeDigestAlgorithm(name) {
  return encode(SEQUENCE, encodeOid(DIGEST_NAMES[name]));
}

/**
 * Read the content of a signature's AlgorithmIdentifier.
 *
 * @param reader of the content.
 * @param digest the digest that is named beside it, which must agree; or null where none is.
 * @returns {kind, digest, salt}: "rsa" or "ecdsa", and how many bytes of salt an RSASSA-PSS signature has, or null.
 */
export function readSignatureAlgorithm(reader, digest) {
  const dotted = reader.oid();
  if (dotted === PSS) return readPss(reader.enter(), digest);
  readNoParameters(reader);
  const [kind, named] = dotted === RSA ? ["rsa", digest] : (SIGNATURES[dotted] ?? (digest === null ? OLD[dotted] : null) ?? []);
  if (!named || (digest !== null && named !== digest)) {
    throw new Error("its signature algorithm is unknown here, or does not fit its digest");
  }
  return { kind, digest: named, salt: null };
}

/** Write a signature's AlgorithmIdentifier. */
export function writeSignatureAlgorithm({ kind, digest, salt }) {
  if (salt !== null) {
    const named = encode(SEQUENCE, encodeOid(DIGEST_NAMES[digest]), encode(NULL));
    const parameters = encode(
      SEQUENCE,
      encode(tagged(0), named),
      encode(tagged(1), encode(SEQUENCE, encodeOid(MGF1), named)),
      encode(tagged(2), encodeInteger(salt)),
    );
    return encode(SEQUENCE, encodeOid(PSS), parameters);
  }
  const [dotted] = Object.entries(SIGNATURES).find(([, found]) => found[0] === kind && found[1] === digest);
  return encode(SEQUENCE, encodeOid(dotted), kind === "rsa" ? encode(NULL) : "");
}

/** Tell whether two algorithms are the same. */
export const sameAlgorithm = (one, other) =>
  one.kind === other.kind && one.digest === other.digest && one.salt === other.salt;

function readPss(parameters, digest) {
  const named = readDigestAlgorithm(parameters.enter(tagged(0)).enter());
  const mask = parameters.enter(tagged(1)).enter();
  const fits = mask.oid() === MGF1 && readDigestAlgorithm(mask.enter()) === named && (digest ?? named) === named;
  if (!fits) throw new Error("its signature algorithm does not fit its digest");
  let salt = 20;
  if (parameters.tag === tagged(2)) {
    const octets = parameters.enter(tagged(2)).integer();
    salt = octets.length === 1 ? octets.charCodeAt(0) : -1;
  }
  parameters.end();
  if (salt < 0 || salt > 64 || salt === 20) throw new Error("its signature algorithm has a salt that is not known here");
  return { kind: "rsa", digest: named, salt };
}

function readNoParameters(reader) {
  if (reader.tag === NULL && reader.read(NULL)) throw new Error("its algorithm has parameters");
  reader.end();
}
