/** What is wrong with how a command was called; nothing was sent. Ends with exit code 2. */
export class UsageError extends Error {
  /** One line each. */
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'UsageError';
    this.mistakes = mistakes;
  }
}
