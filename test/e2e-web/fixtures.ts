import { readFileSync } from 'node:fs';
import { test as base, type Download, type Page } from '@playwright/test';
import { AdminClient } from '../../platform/admin-client.ts';
import { Scene } from '../support/scene.ts';

interface Exported {
  readonly download: Download;
  readonly header: string;
  readonly lines: readonly string[];
}

/** A page that was let in with a ticket, on the interface of a real daemon. */
export class Dashboard {
  readonly page: Page;
  readonly #scene: Scene;

  constructor(page: Page, scene: Scene) {
    this.page = page;
    this.#scene = scene;
  }

  /** Signs in and goes to `hash` (`#/activity`, say); resolves when the first snapshot is shown. */
  async open(hash = '#/', size = { width: 380, height: 560 }): Promise<void> {
    await this.page.setViewportSize(size);
    const { url } = await this.admin((client) => client.call('makeTicket'));
    if (url === null) throw new Error('the daemon has no address that a browser could open');
    await this.page.goto(url);
    await this.page.getByTestId('status-pill').waitFor();
    if (hash !== '#/') await this.go(hash);
  }

  async go(hash: string): Promise<void> {
    await this.page.evaluate((wanted) => {
      globalThis.location.hash = wanted;
    }, hash);
  }

  /** Saves what the screen's export offers; for CSV the lines without the header. */
  async exportAs(format: 'csv' | 'json'): Promise<Exported> {
    const button = this.page.getByTestId(`export-${format}`);
    if (!(await button.isVisible())) await this.page.getByTestId('export-menu').first().click();
    const [download] = await Promise.all([this.page.waitForEvent('download'), button.click()]);
    const [header = '', ...lines] = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n');
    return { download, header, lines };
  }

  /** Talks to the daemon as `exai` does. */
  async admin<Result>(work: (client: AdminClient) => Promise<Result>): Promise<Result> {
    const client = AdminClient.open(this.#scene.home.layout);
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }
}

/** Every test has a home, its own daemon and shims in it, and a page. Errors in the page's console fail the test. */
export const test = base.extend<{ scene: Scene; dashboard: Dashboard }>({
  // oxlint-disable-next-line eslint/no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
  scene: async ({}, use) => {
    const daemon = process.env['EXAI_TEST_DAEMON'];
    if (daemon === undefined) throw new Error('the global set-up has not run');
    const scene = new Scene(() => ({ files: { daemon } }));
    scene.begin();
    await use(scene);
    await scene.end();
  },
  dashboard: async ({ page, scene }, use) => {
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy|Refused to/.test(message.text()))
        problems.push(message.text());
    });
    await use(new Dashboard(page, scene));
    if (problems.length > 0) throw new Error(`the page reported:\n${problems.join('\n')}`);
  },
});

export { expect } from '@playwright/test';
