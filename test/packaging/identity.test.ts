import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { appId, publicPage } from '../../electron/core/app-identity.ts';

describe('identity', () => {
  const builder = readFileSync('electron-builder.yml', 'utf8');

  it('PACK-identity: package and app have the same id', () => {
    expect(/^appId: (\S+)/m.exec(builder)?.[1]).toBe(appId);
    expect(appId).toBe('io.github.exai-tray');
  });

  it('PACK-identity: until somebody publishes it, the addresses of a package cannot exist', () => {
    const { homepage } = z.object({ homepage: z.string() }).parse(JSON.parse(readFileSync('package.json', 'utf8')));
    expect(publicPage(homepage)).toBeUndefined();
    expect(builder).toMatch(/maintainer: .*<[^>]+[.]invalid>/);
  });

  it.each([
    ['https://tray.org/x', 'https://tray.org/x'],
    ['http://tray.org/x', undefined],
    ['https://tray.invalid', undefined],
    ['tray', undefined],
    [undefined, undefined],
  ])('PACK-identity: %s is shown as %s', (address, page) => {
    expect(publicPage(address)).toBe(page);
  });
});
