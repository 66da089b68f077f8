import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Sends a signal to a process and everything it has started: the process group that it leads (POSIX), its tree
 * (Windows, where there is only the end). Nothing happens when it has gone.
 */
export function killTree(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (process.platform === 'win32') {
    const taskkill = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'taskkill.exe');
    spawnSync(taskkill, ['/pid', String(pid), '/t', ...(signal === 'SIGKILL' ? ['/f'] : [])], { windowsHide: true });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // the group is empty
  }
}

/** Whether anybody is left of the group that this process leads. */
export function isTreeAlive(pid: number): boolean {
  if (process.platform === 'win32') return false; // taskkill has ended the tree
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}
