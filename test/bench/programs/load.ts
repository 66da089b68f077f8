import { callOf, LineClient, type LineClientOptions } from '../line-client.ts';

/** What the benchmark asks of a load process. One client each, in a process of its own like every editor. */
export type LoadOrder =
  | { readonly type: 'connect'; readonly options: LineClientOptions }
  | { readonly type: 'run'; readonly window: number; readonly textBytes: number; readonly durationMs: number }
  | { readonly type: 'stop' };

export type LoadReport =
  | { readonly type: 'connected'; readonly pid: number }
  | { readonly type: 'running' }
  | { readonly type: 'done'; readonly answered: number; readonly totalMs: number; readonly errors: number }
  | { readonly type: 'stopped' };

let client: LineClient | undefined;

process.on('message', (order: LoadOrder) => {
  void obey(order);
});
process.once('disconnect', () => {
  client?.kill('SIGKILL');
  process.exit(1);
});

async function obey(order: LoadOrder): Promise<void> {
  switch (order.type) {
    case 'connect':
      client = new LineClient(order.options);
      await client.start();
      report({ type: 'connected', pid: client.pid });
      return;
    case 'run': {
      if (client === undefined) throw new Error('not connected');
      report({ type: 'running' });
      const { window, textBytes, durationMs } = order;
      const done = await client.exchange({ line: callOf('echo', 'text', textBytes), window, durationMs });
      report({ type: 'done', answered: done.answered, totalMs: done.totalMs, errors: sum(done.errors) });
      return;
    }
    case 'stop':
      await client?.stop();
      report({ type: 'stopped' });
      process.disconnect();
      return;
  }
}

function sum(errors: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of errors.values()) total += count;
  return total;
}

function report(message: LoadReport): void {
  process.send?.(message);
}
