/** A pickle that breaks the rules of its format; the message says how. */
export class PickleError extends Error {}
