import { describe, expect, it } from 'vitest';
import type { Question, Reply } from './desktop-ports.ts';
import { OneQuestion } from './one-question.ts';

const question: Question<'yes' | 'no'> = {
  title: 'Quit?',
  body: '',
  choices: [
    { id: 'yes', label: 'Yes' },
    { id: 'no', label: 'No' },
  ],
  cancel: 'no',
};

describe('TRAY-one-question', () => {
  it('calls a second question off while the first is open, and asks again after it', async () => {
    const answers: (() => void)[] = [];
    const questions = new OneQuestion({
      ask: <Choice extends string>({ choices }: Question<Choice>) =>
        new Promise<Reply<Choice>>((resolve) => {
          const [first] = choices;
          if (first !== undefined) answers.push(() => resolve({ choice: first.id, isChecked: true }));
        }),
    });
    const first = questions.ask(question);
    expect(await questions.ask(question)).toEqual({ choice: 'no', isChecked: false });
    answers[0]?.();
    expect(await first).toEqual({ choice: 'yes', isChecked: true });
    const next = questions.ask(question);
    expect(answers).toHaveLength(2);
    answers[1]?.();
    expect(await next).toMatchObject({ choice: 'yes' });
  });
});
