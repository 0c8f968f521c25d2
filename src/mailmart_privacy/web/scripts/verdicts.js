// What a file can turn out to be, other than a copy that was read whole. The message is the sentence that the command
// line says, too; `reason` names the words of the page for it, where a verdict has several.

export class Refusal extends Error {
  reason = null;
}
/** It is not what was issued. */
export class Altered extends Refusal {
  verdict = "altered";
}
/** It was not issued to anybody. */
export class Unsigned extends Refusal {
  verdict = "unsigned";

  constructor(reason, message) {
    super(message);
    this.reason = reason;
  }
}
/** It is of a version or a format that is not known here. */
export class Newer extends Refusal {
  verdict = "newer version";
}
/** It is signed by somebody. */
export class Untrusted extends Refusal {
  verdict = "unknown signer";

  constructor(reason, message) {
    super(message);
    this.reason = reason;
  }
}
/** It cannot be read far enough to tell. */
export class Unreadable extends Refusal {
  verdict = "unreadable";
}
/** A name in it is drawn with a font of its own; `copy` is what could be read. */
export class BroughtFont extends Refusal {
  verdict = "not judged";

  constructor(copy) {
    super("a name in it is drawn with a font that the copy contains");
    this.copy = copy;
  }
}
