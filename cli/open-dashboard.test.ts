import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Desktop, openDashboard } from './open-dashboard.ts';

const url = 'http://127.0.0.1:8765/#ticket=abc_-123';
let folder: string;
let page: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exai-open-'));
  chmodSync(folder, 0o700);
  page = join(folder, 'dashboard.html');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function desktop(platform: NodeJS.Platform, env: Record<string, string>, succeeds = true) {
  const runs: string[][] = [];
  const made: Desktop = {
    platform,
    env,
    run: (program, args) => {
      runs.push([program, ...args]);
      return Promise.resolve(succeeds);
    },
  };
  return { made, runs };
}

it.each([
  ['linux', { DISPLAY: ':0' }, ['xdg-open']],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, ['xdg-open']],
  ['darwin', {}, ['open']],
  ['win32', {}, ['rundll32.exe', 'url.dll,FileProtocolHandler']],
] as const)(
  'LIVE-dashboard-command: on %s with %o the browser is sent on by a private page',
  async (platform, env, program) => {
    const { made, runs } = desktop(platform, env);
    expect(await openDashboard(url, page, made)).toEqual({ type: 'opened' });
    const address = runs[0]?.at(-1) ?? '';
    expect(runs).toEqual([[...program, address]]);
    expect(fileURLToPath(address)).toBe(page);
    expect(runs.flat().join(' ')).not.toContain('abc_-123'); // arguments can be read by others
    expect(readFileSync(page, 'utf8')).toContain(`url=${url}`);
    if (process.platform !== 'win32') expect(statSync(page).mode & 0o777).toBe(0o600);
  },
);

it('LIVE-dashboard-command: nothing is opened or written where there is no desktop', async () => {
  const { made, runs } = desktop('linux', { DISPLAY: '' });
  expect(await openDashboard(url, page, made)).toMatchObject({ type: 'failed' });
  expect([runs, existsSync(page)]).toEqual([[], false]);
});

it('LIVE-dashboard-command: an opener that fails is named', async () => {
  const { made } = desktop('linux', { DISPLAY: ':0' }, false);
  expect(await openDashboard(url, page, made)).toEqual({
    type: 'failed',
    message: 'xdg-open could not open a browser.',
  });
});

it('a strange host name stays text', async () => {
  const { made } = desktop('linux', { DISPLAY: ':0' });
  await openDashboard('http://a"><script>:1/#ticket=x', page, made);
  expect(readFileSync(page, 'utf8')).not.toContain('<script>');
});
