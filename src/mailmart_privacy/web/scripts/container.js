// The signature container of a copy (CMS, RFC 5652): read into values, and written from them; see copies/container.py.
import { digest, toHex } from "./bytes.js";
import { certificateDigest, isSelfSigned, readCertificate, signatureSize } from "./certificates.js";
import {
  encode, encodeInteger, encodeOid, encodeSet, INTEGER, NULL, OCTET_STRING, Reader, SEQUENCE, SET, sorted, tagged,
} from "./der.js";

const TOKEN_ROOM = 12288; // bytes for a timestamp token
const MAX_CERTIFICATES = 16;
const MAX_NAME = 256; // characters
const NAMELESS = "a certificate without a name";
const LOCAL_NAME = "Local identity ";
const SIGNED_DATA = encodeOid("1.2.840.113549.1.7.2");
const DATA = encodeOid("1.2.840.113549.1.7.1");
const SHA256 = encode(SEQUENCE, encodeOid("2.16.840.1.101.3.4.2.1"), encode(NULL));
const CONTENT_TYPE = encode(SEQUENCE, encodeOid("1.2.840.113549.1.9.3"), encode(SET, DATA));
const MESSAGE_DIGEST = encodeOid("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE_V2 = encodeOid("1.2.840.113549.1.9.16.2.47"); // RFC 5035, 3
const TIMESTAMP = encodeOid("1.2.840.113549.1.9.16.2.14"); // RFC 3161, appendix A
const ECDSA = encode(SEQUENCE, encodeOid("1.2.840.10045.4.3.2"));
const RSA = encode(SEQUENCE, encodeOid("1.2.840.113549.1.1.11"), encode(NULL));

function cutName(text) {
  return [...(text ?? "")].slice(0, MAX_NAME).join("");
}

/** Name a signer as page 1 does: with the organisation that the certificate names. */
function makeTitle(certificate) {
  const [name, organisation] = [cutName(certificate.commonName) || NAMELESS, cutName(certificate.organisation)];
  return organisation === "" || organisation === name ? name : `${organisation}, issued by ${name}`;
}

/** Say who vouches for the name, as page 1 does. */
async function sayWhoVouches(certificate) {
  if (!(await isSelfSigned(certificate))) return `Certificate from ${cutName(certificate.issuerName) || NAMELESS}`;
  if (cutName(certificate.commonName).startsWith(LOCAL_NAME)) {
    return "Signed with a key made on the issuer\u2019s computer; MailMart has not published it";
  }
  return "Signed with the issuer\u2019s own certificate, shown below";
}

/** A signer, as containers and signature boxes name one. */
export class Signatory {
  /** Make a signatory from the signer's own certificate and those of its issuers, all in DER. */
  static async find(content, others) {
    const own = readCertificate(content);
    if (!own.key.kind) throw new Error("a key of this kind signs no copies");
    const carried = [];
    for (const other of sorted(new Set(others))) {
      if (other !== content && !(await isSelfSigned(readCertificate(other)))) carried.push(other);
    }
    const signatory = new Signatory();
    const serial = encode(INTEGER, own.serial);
    const named = encode(SEQUENCE, encode(SEQUENCE, encode(tagged(4), own.issuer)), serial);
    const identifier = encode(SEQUENCE, encode(OCTET_STRING, await digest("SHA-256", content)), named);
    Object.assign(signatory, {
      certificate: own,
      others: carried.map(readCertificate),
      key: JSON.stringify([content, ...carried].map(toHex)),
      name: cutName(own.commonName) || NAMELESS,
      title: makeTitle(own),
      vouching: await sayWhoVouches(own),
      digest: await certificateDigest(own),
      isSelfSigned: await isSelfSigned(own),
      head: encodeInteger(1) + encode(SET, SHA256) + encode(SEQUENCE, DATA) + encodeSet([content, ...carried], tagged(0)),
      signer: encodeInteger(1) + encode(SEQUENCE, own.issuer, serial) + SHA256,
      identified: encode(SEQUENCE, SIGNING_CERTIFICATE_V2, encode(SET, encode(SEQUENCE, encode(SEQUENCE, identifier)))),
      algorithm: own.key.kind === "rsa" ? RSA : ECDSA,
    });
    return signatory;
  }

  #attributes(hash) {
    const messageDigest = encode(SEQUENCE, MESSAGE_DIGEST, encode(SET, encode(OCTET_STRING, hash)));
    return [CONTENT_TYPE, messageDigest, this.identified];
  }

  /** Write what the key signs, for the digest of what is signed. */
  message(hash) {
    return encodeSet(this.#attributes(hash));
  }

  /** Write a container; `token` is a timestamp in DER, or null. */
  container(hash, signature, token) {
    const unsigned = token === null ? "" : encode(tagged(1), encode(SEQUENCE, TIMESTAMP, encode(SET, token)));
    const signed = encodeSet(this.#attributes(hash), tagged(0));
    const parts = [this.signer, signed, this.algorithm, encode(OCTET_STRING, signature), unsigned];
    const data = encode(SEQUENCE, this.head, encode(SET, encode(SEQUENCE, ...parts)));
    return encode(SEQUENCE, SIGNED_DATA, encode(tagged(0), data));
  }

  /** Return how many bytes a copy reserves for a container. */
  room(stamped) {
    const empty = this.container("\0".repeat(32), "\0".repeat(signatureSize(this.certificate)), null);
    return empty.length + (stamped ? TOKEN_ROOM : 0);
  }
}

/**
 * Read the values of a container. Writing it again shows whether it is in canonical form.
 *
 * @returns {signatory, signature, token}; the token in DER, or null.
 */
export async function readContainer(content) {
  let data = new Reader(content).enter();
  data.oid();
  data = data.enter(tagged(0)).enter();
  data.integer();
  data.take(); // digest algorithms
  data.take(); // content type
  const certificates = takeAll(data.enter(tagged(0)));
  if (certificates.length > MAX_CERTIFICATES) throw new Error(`it has more than ${MAX_CERTIFICATES} certificates`);
  const signer = data.enter(SET).enter();
  signer.integer();
  const named = signer.enter();
  const [issuer, serial] = [named.take(), named.integer()];
  signer.take(); // digest algorithm
  signer.take(); // signed attributes
  signer.take(); // signature algorithm
  const signature = signer.read(OCTET_STRING);
  let token = null;
  if (signer.tag !== null) {
    const attribute = signer.enter(tagged(1)).enter();
    attribute.oid();
    token = attribute.enter(SET).take();
  }
  const own = certificates.find((one) => {
    const parsed = readCertificate(one);
    return parsed.serial === serial && parsed.issuer === issuer;
  });
  if (own === undefined) throw new Error("it lacks its signer's certificate");
  const others = certificates.filter((one) => one !== own);
  return { signatory: await Signatory.find(own, others), signature, token };
}

/** Read all values, each whole. */
export function takeAll(reader) {
  const found = [];
  while (reader.tag !== null) found.push(reader.take());
  return found;
}
