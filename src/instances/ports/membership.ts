/** What a node among several does with the instances that it runs. */
export interface Membership {
  /**
   * Whether this node still has the right to act for an instance, by its own clock that never goes back: asked before each
   * stanza that leaves. What it writes without it the store refuses.
   */
  mayAct(instance: string): boolean;
}
