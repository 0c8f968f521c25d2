// Names that mix scripts whose letters look alike (UTS #39); the command line knows more of them, see _lookalikes.py.

const SCRIPTS = ["Latin", "Cyrillic", "Greek", "Armenian", "Cherokee", "Lisu", "Coptic"].map((name) => [
  name,
  new RegExp(`\\p{Script=${name}}`, "u"),
]);

/** Say how a name could be mistaken for another one, or return null. */
export function findLookalikes(name) {
  for (const word of name.match(/\p{L}[\p{L}\p{M}'’.-]*/gu) ?? []) {
    const found = SCRIPTS.filter(([, pattern]) => pattern.test(word)).map(([script]) => script);
    if (found.length > 1) return `“${word}” mixes ${found.join(" and ")} letters, some of which look alike`;
  }
  return null;
}
