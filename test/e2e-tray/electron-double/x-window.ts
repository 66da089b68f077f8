import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Id of the X window of that class, once it is on the screen. Retried: a search also fails when any window vanishes while it looks. */
export async function findXWindow(xClass: string): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await run('xdotool', ['search', '--onlyvisible', '--class', xClass]).catch(() => undefined);
    const [first] = found?.stdout.trim().split('\n') ?? [];
    if (first !== undefined && first !== '') return first;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error(`double: no X window of class ${xClass}`);
}
