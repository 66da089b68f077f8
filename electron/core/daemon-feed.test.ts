import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { feedMessageSchema } from '../../protocol/feed.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { systemClock } from './clock.ts';
import { DaemonFeed } from './daemon-feed.ts';
import { snapshot } from './testing/facts.ts';

/** Feeds that were asked for, as a server holds them. */
let open: ServerResponse[];
let server: ReturnType<typeof createServer>;
let feed: DaemonFeed | undefined;
let told: (Snapshot | null)[];
let onTold: () => void;

beforeEach(async () => {
  open = [];
  told = [];
  onTold = () => undefined;
  server = createServer((_request, response) => {
    open.push(response);
    const first = feedMessageSchema.parse({ type: 'snapshot', snapshot: snapshot({ seq: open.length }) });
    response.write(`${JSON.stringify(first)}\n`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  feed?.stop();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** Resolves when the feed has told something for which `look` holds. */
async function until(look: () => boolean): Promise<void> {
  while (!look()) {
    await new Promise<void>((resolve) => {
      onTold = resolve;
    });
  }
}

function start(): void {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  feed = new DaemonFeed({
    clock: systemClock,
    client: {
      pass: async ({ method, path }) =>
        await new Promise<IncomingMessage>((resolve, reject) => {
          request({ host: '127.0.0.1', port, method, path }, resolve).once('error', reject).end();
        }),
    },
    onHeard: () => undefined,
    onSnapshot: (now) => {
      told.push(now);
      onTold();
    },
  });
}

describe('TRAY-suspend: the feed after a sleep', () => {
  it('is read anew at once, and what is known stays until the new picture is there', async () => {
    start();
    await until(() => told.length === 1);
    feed?.readAfresh();
    await until(() => told.length === 2);
    expect(open).toHaveLength(2);
    expect(told.map((now) => now?.seq ?? null)).toEqual([1, 2]);
  });

  it('TRAY-follows: one that breaks off says that nothing is known, and is read again', async () => {
    start();
    await until(() => told.length === 1);
    open[0]?.destroy();
    await until(() => told.length === 3);
    expect(told.map((now) => now?.seq ?? null)).toEqual([1, null, 2]);
  });
});
