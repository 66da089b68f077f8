import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareLocalPath, protectLocalSocket } from './local-socket.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'exai-local-'));
  path = join(directory, 'daemon.sock');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The socket file of a process that was killed. */
function leaveStaleSocket(): void {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  try {
    execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' });
  } catch {
    // killed, as intended
  }
}

describe.skipIf(process.platform === 'win32')('the path of the local socket', () => {
  it('BAD-stale-socket: a socket file that nobody answers on is removed', async () => {
    leaveStaleSocket();
    expect(statSync(path).isSocket()).toBe(true);
    expect(await prepareLocalPath(path)).toEqual({ type: 'free' });
    expect(existsSync(path)).toBe(false);
    expect(await prepareLocalPath(path)).toEqual({ type: 'free' });
  });

  it('PF-G3: one that is answered stays, and is in use', async () => {
    const server = createServer((socket) => socket.destroy());
    server.listen(path);
    await once(server, 'listening');
    expect(await prepareLocalPath(path)).toEqual({ type: 'in-use' });
    expect(statSync(path).isSocket()).toBe(true);
    server.close();
  });

  it('BAD-stale-socket: a file that is no socket is never removed', async () => {
    writeFileSync(path, 'precious');
    expect(await prepareLocalPath(path)).toEqual({
      type: 'unsafe',
      message: `${path} exists and is no socket; move it away or set EXAI_WS_LOCAL_PATH`,
    });
    expect(readFileSync(path, 'utf8')).toBe('precious');
    rmSync(path);
    symlinkSync(join(directory, 'elsewhere'), path);
    expect((await prepareLocalPath(path)).type).toBe('unsafe');
  });

  it('MAIN-private-state: the directory is made for the user alone; one that others can use is refused, with the fix', async () => {
    const nested = join(directory, 'run', 'daemon.sock');
    expect(await prepareLocalPath(nested)).toEqual({ type: 'free' });
    expect(statSync(join(directory, 'run')).mode & 0o777).toBe(0o700);
    const open = join(directory, 'open');
    mkdirSync(open);
    chmodSync(open, 0o750);
    expect(await prepareLocalPath(join(open, 'daemon.sock'))).toEqual({
      type: 'unsafe',
      message: `${open} can be used by other users; run: chmod 700 '${open}'`,
    });
  });

  it.skipIf(process.getuid?.() !== 0)('MAIN-private-state: a directory of somebody else is refused', async () => {
    chownSync(directory, 65_534, 65_534);
    expect(await prepareLocalPath(path)).toMatchObject({
      type: 'unsafe',
      message: expect.stringContaining('belongs to another user'),
    });
  });

  it('MAIN-private-state: the socket file is the user’s alone', async () => {
    const server = createServer();
    server.listen(path);
    await once(server, 'listening');
    protectLocalSocket(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    server.close();
  });
});

it('MAIN-private-state: a named pipe needs no directory and no mode', async () => {
  expect(await prepareLocalPath(join(directory, 'missing', 'pipe'), 'win32')).toEqual({ type: 'free' });
  expect(existsSync(join(directory, 'missing'))).toBe(false);
  protectLocalSocket(join(directory, 'missing', 'pipe'), 'win32');
});
