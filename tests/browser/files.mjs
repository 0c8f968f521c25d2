// Files, described by what is another in them than in a few others; see describe_files in this folder.

export const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** Give the files of a task, one after the other. */
export function* openFiles({ bases, files }) {
  const whole = bases.map(decode);
  for (const { base, head, middle, tail } of files) {
    const [source, between] = [whole[base], decode(middle)];
    const bytes = new Uint8Array(head + between.length + tail);
    bytes.set(source.subarray(0, head));
    bytes.set(between, head);
    bytes.set(source.subarray(source.length - tail), head + between.length);
    yield bytes;
  }
}
