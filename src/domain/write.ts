declare const write: unique symbol;

/** A change of what is stored, which a store of the same engine makes in one commit with changes of its own. */
export type Write = { readonly [write]: true };
