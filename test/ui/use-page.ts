import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { findTool } from '../support/tools.ts';
import { startUiScene, type UiScene } from '../support/ui-scene.ts';

export const foundChromium = findTool('chromium');

export const small = { width: 380, height: 560 };
export const smallest = { width: 340, height: 420 };
export const wide = { width: 1280, height: 800 };

export interface OpenPage extends UiScene {
  readonly page: Page;
}

export interface OpenOptions {
  readonly size?: { readonly width: number; readonly height: number };
  /** Where to go after the sign-in: `#/rotation`. */
  readonly hash?: string;
  readonly locale?: string;
  readonly browser?: BrowserContextOptions;
}

/** A browser for the file; each page gets a fake daemon of its own. A page that logs an error fails its test. */
export function usePage(): (snapshot: Snapshot, options?: OpenOptions) => Promise<OpenPage> {
  let browser: Browser;
  const closers: (() => Promise<void>)[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    if ('skip' in foundChromium) return;
    browser = await chromium.launch({ executablePath: foundChromium.path, args: ['--no-sandbox'] });
  });
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
    expect(errors.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
  });

  return async (snapshot, { size = small, hash, locale, browser: more = {} } = {}) => {
    const scene = await startUiScene(snapshot);
    closers.push(async () => await scene.api.close());
    const context = await browser.newContext({
      viewport: size,
      permissions: ['clipboard-read', 'clipboard-write'],
      ...more,
    });
    closers.push(async () => await context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      // A daemon that is away is part of some tests; everything else, a broken policy above all, is not.
      if (message.type() === 'error' && !/ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)/.test(message.text())) {
        errors.push(message.text());
      }
    });
    if (locale !== undefined) {
      const stored = JSON.stringify({ locale });
      await page.addInitScript((value) => localStorage.setItem('exai.preferences', value), stored);
    }
    await page.goto(scene.api.signInUrl);
    await page.locator('[data-testid=app][data-state=none]').waitFor();
    if (hash !== undefined) {
      await page.evaluate((value) => {
        location.hash = value;
      }, hash);
      await page.locator('main h1').waitFor({ state: 'attached' });
    }
    return { ...scene, page };
  };
}

/** What axe finds, as lines to read. */
export async function violationsOf(page: Page): Promise<string[]> {
  // A colour on its way to another one is no colour of ours.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** Id of the row that has the focus. */
export async function focusedRow(page: Page): Promise<string | undefined> {
  return await page.evaluate(() => document.activeElement?.closest<HTMLElement>('[data-row-key]')?.dataset['id']);
}
