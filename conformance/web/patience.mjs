// How long a browser may take for anything, in milliseconds: it ends what hangs, also on a busy machine.
export const PATIENCE = 180_000;
