// Format 1 of copies: every byte that follows a recorded form, as a function of values; see copies/format_1.py.
import { sorted } from "./der.js";
import { showField, showDelivery, showPublisher, writeString } from "./layout.js";
import { refer, Update } from "./update.js";

export const NUMBER = 1;
const STAMP_ROOM = 16384; // bytes for the token of an archive timestamp
const MARK = `<< /Type /Sig /Prop_Build << /App << /Name /mailmart-privacy /R ${NUMBER} >> >> `;
const DOC_MDP =
  "<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /V /1.2 /P 2 >> >>";
const fieldMdp = (catalog) =>
  `<< /Type /SigRef /TransformMethod /FieldMDP /Data ${catalog} 0 R ` +
  "/TransformParams << /Type /TransformParams /V /1.2 /Action /All /P 1 >> >>";

/** Begin after a form. */
export function begin(notes, length) {
  const none = { publisher: 0, store: 0, certificates: [], ocsps: [], crls: [], stamps: [] };
  return { length, size: notes.size, startxref: notes.startxref, ...none };
}

/** Writes the updates of copies of one form. */
export class Writer {
  constructor(notes, font) {
    this.notes = notes;
    this.font = font;
  }

  /** Write the certification. */
  async certification(progress, { signatory, moment, stamped }) {
    const update = new Update(this.notes, { ...progress, publisher: progress.size });
    const reason = "Publication of the privacy policy";
    this.#addSignature(update, "Publisher", signatory, moment, reason, DOC_MDP, signatory.room(stamped));
    const shown = this.#addAppearance(update, "Publisher", showPublisher(this.notes, this.font, signatory));
    this.#addField(update, "Publisher", `${progress.size} 0 R`, shown);
    this.#addCatalog(update);
    return update.close();
  }

  /** Write the delivery; `values` are those of Recipient, Reference and IssuedAt, by their names, in this order. */
  async delivery(progress, { values, signatory, moment, stamped }) {
    const update = new Update(this.notes, progress);
    const reason = "Delivery of the privacy policy";
    const reference = fieldMdp(this.notes.catalog[0]);
    this.#addSignature(update, "Delivery", signatory, moment, reason, reference, signatory.room(stamped));
    for (const [name, value] of Object.entries(values)) {
      const shown = this.#addAppearance(update, name, this.#showField(name, value));
      this.#addField(update, name, writeString(value), shown);
    }
    const shown = this.#addAppearance(update, "Delivery", showDelivery(this.notes, this.font, signatory, moment));
    this.#addField(update, "Delivery", `${progress.size} 0 R`, shown);
    return update.close();
  }

  /** Write validation data: what is new, each kind sorted by content; then the dictionary that lists all. */
  async validationData(progress, data) {
    const update = new Update(this.notes, progress);
    const isFirst = !progress.store;
    const after = {};
    for (const kind of ["certificates", "ocsps", "crls"]) {
      const added = sorted(new Set(data[kind])).map((content) => update.addStream("", content, "its validation data"));
      after[kind] = [...progress[kind], ...added];
    }
    after.store = progress.store || update.takeNumber();
    update.progress = { ...progress, ...after };
    const kinds = [["Certs", after.certificates], ["OCSPs", after.ocsps], ["CRLs", after.crls]];
    const lists = kinds.filter(([, numbers]) => numbers.length).map(([name, numbers]) => `/${name} [${refer(numbers)} ]`);
    update.add(after.store, `<< ${lists.join(" ")} >>`, "the list of its validation data");
    if (isFirst) this.#addCatalog(update);
    return update.close();
  }

  /** Write an archive timestamp. */
  async archiveTimestamp(progress) {
    const update = new Update(this.notes, progress);
    const [signature, number] = [update.takeNumber(), update.takeNumber()];
    const label = `ArchiveTimestamp${progress.stamps.length + 1}`;
    const head = "<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161";
    update.addHole(signature, head, STAMP_ROOM, `the timestamp ${label}`);
    const field =
      `<< /Type /Annot /Subtype /Widget /FT /Sig /T (${label}) /TU (Archive timestamp) /F 132 /P ${this.notes.page[0]} 0 R ` +
      `/Rect [ 0 0 0 0 ] /V ${signature} 0 R >>`;
    update.add(number, field, `the field ${label}`);
    update.progress = { ...progress, stamps: [...progress.stamps, number] };
    update.add(this.notes.page[0], writeList(this.notes.page, update.progress.stamps, ""), "the first page");
    this.#addCatalog(update);
    return update.close();
  }

  #addSignature(update, name, signatory, moment, reason, reference, room) {
    const stamp = moment.toISOString().replace(/\..*|\D/g, "");
    const head =
      `${MARK}/Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:${stamp}Z) ` +
      `/Name ${writeString(signatory.name)} /Reason ${writeString(reason)} /Reference [ ${reference} ]`;
    update.addHole(update.takeNumber(), head, room, `the signature ${name}`);
  }

  #showField(name, value) {
    try {
      return showField(this.notes, this.font, name, value);
    } catch (error) {
      throw new Error(`the field ${name} is not filled in as in a copy: ${error.message}`);
    }
  }

  #addAppearance(update, name, content) {
    const [, , width, height] = this.notes.fields[name];
    const entries =
      `/Type /XObject /Subtype /Form /BBox [ 0 0 ${writePlainly(width)} ${writePlainly(height)} ] ` +
      `/Resources << /Font << /${this.font.name} ${this.font.resource} >> >> `;
    return update.addStream(entries, content, `what the field ${name} shows`);
  }

  #addField(update, name, value, shown) {
    const [number, entries] = this.notes.fields[name];
    update.add(number, `<< ${entries} /V ${value} /AP << /N ${shown} 0 R >> >>`, `the field ${name}`);
  }

  #addCatalog(update) {
    const { publisher, store, stamps } = update.progress;
    const more = ` /Perms << /DocMDP ${publisher} 0 R >>${store ? ` /DSS ${store} 0 R` : ""}`;
    update.add(this.notes.catalog[0], writeList(this.notes.catalog, stamps, more), "the catalog");
  }
}

const writeList = ([, head, tail], numbers, more) => `<< ${head}${refer(numbers)}${tail}${more} >>`;

/** Write a number from a form's notes, with at most ten digits. */
const writePlainly = (value) => String(Number(value.toPrecision(10)));
