import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminRoutes } from '../../protocol/admin-api.ts';
import { type LogFollow, logFollowSchema, logTailSchema } from '../../protocol/logs.ts';
import { logHandlers } from './log-handlers.ts';
import { TestServer } from './test-server.ts';

let folder: string;
let logDir: string;
let server: TestServer;
let flushes: number;
let requests: ClientRequest[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exai-logs-'));
  logDir = join(folder, 'logs');
  mkdirSync(logDir);
  flushes = 0;
  requests = [];
  const flushLogs = (): void => {
    flushes += 1;
  };
  const handlers = logHandlers({ logDir, flushLogs });
  server = await TestServer.start({ secretFile: join(folder, 'admin.secret'), handlers });
});
afterEach(() => {
  for (const request of requests) request.destroy();
  server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, ...messages: string[]): void {
  appendFileSync(join(logDir, name), messages.map((msg) => line(msg)).join(''));
}

function line(msg: string, level = 'info'): string {
  return `${JSON.stringify({ t: 1_790_000_000, level, msg, n: 1 })}\n`;
}

/** Messages of a stream; `next` waits for one. */
class Stream {
  readonly #lines: AsyncIterator<string>;
  readonly response: IncomingMessage;

  constructor(response: IncomingMessage) {
    this.response = response;
    this.#lines = createInterface({ input: response })[Symbol.asyncIterator]();
  }

  async next(): Promise<LogFollow | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : logFollowSchema.parse(JSON.parse(value));
  }

  /** Text of the lines, of as many messages as it takes to have `count`. */
  async lines(count: number): Promise<string[]> {
    const found: string[] = [];
    while (found.length < count) {
      const message = await this.next();
      if (message?.type === 'lines') found.push(...message.lines.map(({ msg }) => msg));
      else throw new Error(`unexpected: ${JSON.stringify(message)}`);
    }
    return found;
  }
}

function follow(path: string): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: server.port, path, headers: server.asAdmin, agent: false });
    requests.push(request);
    request.once('response', (response) => {
      response.on('error', () => undefined);
      resolve(new Stream(response));
    });
    request.on('error', reject);
    request.end();
  });
}

describe('the logs', () => {
  it('lists what is there: logs of the daemon first, plain files only', async () => {
    for (const name of ['ws_shim_b.log', 'ws_shim_a-2.log', 'mcp_activity.log', 'ws_daemon.log', 'mcp_server.log']) {
      write(name, 'hello');
    }
    for (const name of ['ws_daemon.log.1', 'ws_shim_a.log.lock', 'ws_daemon.metrics.jsonl', 'ws_shim_.log', 'x.log']) {
      write(name, 'no log of the list');
    }
    mkdirSync(join(logDir, 'ws_shim_folder.log'));
    if (process.platform !== 'win32') symlinkSync(join(folder, 'admin.secret'), join(logDir, 'ws_shim_link.log'));
    const { json } = await server.ask('GET', '/api/logs');
    const { sources } = adminRoutes.logs.response.parse(json);
    expect(sources.map(({ id }) => id)).toEqual(['daemon', 'traffic', 'activity', 'shim:a-2', 'shim:b']);
    expect(sources[3]).toEqual({
      id: 'shim:a-2',
      kind: 'shim',
      file: 'ws_shim_a-2.log',
      bytes: line('hello').length,
      modifiedAt: expect.closeTo(Date.now() / 1000, -1),
    });
  });

  it('is an empty list before anything is logged', async () => {
    rmSync(logDir, { recursive: true });
    expect((await server.ask('GET', '/api/logs')).json).toEqual({ sources: [] });
  });

  it('LIVE-log-follow: the tail has the last lines of a level', async () => {
    appendFileSync(join(logDir, 'ws_daemon.log'), `${line('one')}${line('bad', 'error')}no JSON\n${line('two')}`);
    const tail = logTailSchema.parse((await server.ask('GET', '/api/logs/daemon?lines=3')).json);
    expect(tail.source).toMatchObject({ id: 'daemon', file: 'ws_daemon.log' });
    expect(tail.lines.map(({ msg }) => msg)).toEqual(['bad', 'no JSON', 'two']);
    const bad = logTailSchema.parse((await server.ask('GET', '/api/logs/daemon?level=warn')).json);
    expect(bad.lines).toEqual([
      { t: '2026-09-21T14:13:20.000Z', level: 'error', msg: 'bad', fields: '{"n":1}' },
      { t: null, level: null, msg: 'no JSON', fields: '' },
    ]);
    expect(flushes).toBe(2);
  });

  it('gives a file as it is', async () => {
    write('ws_shim_a.log', 'one', 'two');
    const answer = await server.ask('GET', '/api/logs/shim%3Aa/file');
    expect(answer.text).toBe(line('one') + line('two'));
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename="ws_shim_a.log"',
      'x-content-type-options': 'nosniff',
    });
    writeFileSync(join(logDir, 'ws_shim_a.log'), '');
    expect(await server.ask('GET', '/api/logs/shim%3Aa/file')).toMatchObject({ status: 200, text: '' });
    write('ws_shim_a.log', 'one');
    const head = await server.ask('HEAD', '/api/logs/shim%3Aa/file');
    expect([head.status, head.text, Number(head.headers['content-length'])]).toEqual([200, '', line('one').length]);
  });

  it.each([
    '..%2fadmin.secret',
    '..%2F..%2Fadmin.secret',
    '%2e%2e%2fadmin.secret',
    '..%5cadmin.secret',
    '..\\admin.secret',
    '%2fetc%2fpasswd',
    'C%3A%5Cwindows%5Cwin.ini',
    'daemon%00',
    'daemon%00.log',
    'ws_daemon.log',
    'shim%3A..%2fadmin.secret',
    'shim%3A..',
    'shim%3A',
    'shim%3Alink',
    'Daemon',
    'daemon%20',
    '__proto__',
    '%252e%252e%252fadmin.secret',
  ])('LIVE-log-traversal: %s is no log', async (source) => {
    write('ws_daemon.log', 'here');
    if (process.platform !== 'win32') symlinkSync(join(folder, 'admin.secret'), join(logDir, 'ws_shim_link.log'));
    for (const path of [source, `${source}/file`, `${source}/follow`]) {
      const { status, json, text } = await server.ask('GET', `/api/logs/${path}`);
      expect([status, json?.['code']]).toEqual([404, 'NOT_FOUND']);
      expect(text).not.toContain(server.secret.value);
    }
  });
});

describe('following a log', () => {
  it('LIVE-log-follow: the tail, then what is added, over a rotation', async () => {
    write('ws_daemon.log', 'one', 'two', 'three');
    const stream = await follow('/api/logs/daemon/follow?lines=2');
    expect(stream.response.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(await stream.lines(2)).toEqual(['two', 'three']);
    write('ws_daemon.log', 'four');
    expect(await stream.lines(1)).toEqual(['four']);
    appendFileSync(join(logDir, 'ws_daemon.log'), line('fi').slice(0, 20));
    appendFileSync(join(logDir, 'ws_daemon.log'), line('fi').slice(20));
    write('ws_daemon.log', 'six');
    expect(await stream.lines(2)).toEqual(['fi', 'six']);
    renameSync(join(logDir, 'ws_daemon.log'), join(logDir, 'ws_daemon.log.1'));
    write('ws_daemon.log', 'seven');
    expect(await stream.lines(1)).toEqual(['seven']);
  });

  it('LIVE-log-follow: an empty log has an empty tail', async () => {
    writeFileSync(join(logDir, 'ws_daemon.log'), '');
    const stream = await follow('/api/logs/daemon/follow?level=warn');
    expect(await stream.next()).toEqual({ type: 'lines', lines: [] });
    appendFileSync(join(logDir, 'ws_daemon.log'), line('quiet') + line('loud', 'error'));
    expect(await stream.lines(1)).toEqual(['loud']);
  });

  it('LIVE-log-follow: a reader that does not read costs no memory, and is told what it misses', async () => {
    const name = 'ws_daemon.log';
    write(name, 'first');
    const stream = await follow('/api/logs/daemon/follow');
    expect(await stream.lines(1)).toEqual(['first']);
    stream.response.pause();
    const flood = Array.from({ length: 60_000 }, (_, index) => line(`${index} ${'x'.repeat(200)}`)).join('');
    for (let times = 0; times < 2; times += 1) appendFileSync(join(logDir, name), flood);
    write(name, 'last');
    stream.response.resume();
    let [shown, left, isLast] = [0, 0, false];
    while (!isLast) {
      const message = await stream.next();
      if (message?.type === 'gap') left += message.lines;
      if (message?.type !== 'lines') continue;
      shown += message.lines.length;
      isLast = message.lines.at(-1)?.msg === 'last';
    }
    expect(shown + left).toBe(120_001);
    expect(left).toBeGreaterThan(50_000);
  });

  it('ends when the daemon stops', async () => {
    write('ws_daemon.log', 'one');
    const stream = await follow('/api/logs/daemon/follow');
    await stream.lines(1);
    server.stopping.abort();
    expect(await stream.next()).toBeUndefined();
  });
});
