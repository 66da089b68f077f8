import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from './deadline.ts';
import { findTool } from './tools.ts';

const run = promisify(execFile);

/** Waits until the X server shows the app's window, or no longer does; what the app believes is not asked. */
export async function untilOnScreen(display: string, isWanted: boolean): Promise<void> {
  const xdotool = findTool('xdotool');
  if ('skip' in xdotool) throw new Error(xdotool.skip);
  const look = async (): Promise<true | undefined> => {
    const search = ['search', '--onlyvisible', '--name', 'EXAI Tray'];
    const found = await run(xdotool.path, search, { env: { DISPLAY: display } }).catch(() => undefined); // 1: none
    return (found !== undefined && found.stdout.trim() !== '') === isWanted ? true : undefined;
  };
  await eventually(`the window ${isWanted ? 'on' : 'off'} the screen`, look, 20_000);
}
