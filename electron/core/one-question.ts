import type { DesktopPorts, Question, Reply } from './desktop-ports.ts';

/** Asks one thing at a time: while a question is open, another one counts as called off, so that no two dialogs stand there. */
export class OneQuestion {
  readonly #desktop: Pick<DesktopPorts, 'ask'>;
  #isOpen = false;

  constructor(desktop: Pick<DesktopPorts, 'ask'>) {
    this.#desktop = desktop;
  }

  async ask<Choice extends string>(question: Question<Choice>): Promise<Reply<Choice>> {
    if (this.#isOpen) return { choice: question.cancel, isChecked: false };
    this.#isOpen = true;
    try {
      return await this.#desktop.ask(question);
    } finally {
      this.#isOpen = false;
    }
  }
}
