import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type Bench, closing, type Measurement } from './bench.ts';
import type { Row } from './report.ts';
import { median, medianRatio } from './statistics.ts';

const sides = ['direct', 'exai'] as const;
type Side = (typeof sides)[number];

const warmUpCalls = 2_000;
const serialCalls = 500;
const largeCalls = 20;
const openAtOnce = 32;

/** Calls over Streamable HTTP: the daemon beside a server with the transport of the official SDK, one kept connection each. */
export const httpCalls: Measurement = {
  ids: ['HTTP'],
  run: async (bench) => {
    const { home, daemon } = await bench.testDaemon({
      EXAI_WS_SESSION_MAX_INFLIGHT: '256',
      EXAI_WS_GLOBAL_MAX_INFLIGHT: '1024',
    });
    const direct = spawn(process.execPath, [bench.files.directHttp], {
      env: home.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const close = async (): Promise<void> => {
      direct.kill();
      await home.cleanUp();
    };
    return closing(close, async () => {
      const [port] = (await once(direct.stdout, 'data')) as [Buffer];
      const clients = {
        direct: await HttpLoad.connect(Number(port.toString('utf8'))),
        exai: await HttpLoad.connect(daemon.port),
      };
      try {
        return await rounds(bench, clients);
      } finally {
        for (const side of sides) clients[side].close();
      }
    });
  },
};

async function rounds(bench: Bench, clients: Readonly<Record<Side, HttpLoad>>): Promise<readonly Row[]> {
  const perSide = (): Record<Side, number[]> => ({ direct: [], exai: [] });
  const [small, large, rate] = [perSide(), perSide(), perSide()];
  for (const side of sides) await clients[side].serial(warmUpCalls, 200);
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.say(`HTTP round ${round + 1}`);
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      small[side].push(median(await clients[side].serial(serialCalls, 200)));
      large[side].push(median(await clients[side].serial(largeCalls, 1_000_000)));
      rate[side].push(await clients[side].atOnce(serialCalls * 2, openAtOnce));
    }
  }
  const [largestMs] = await clients.exai.serial(1, 31 * 1024 * 1024);
  const row = (what: string, unit: Row['unit'], values: Record<Side, number[]>): Row => ({
    id: '',
    what,
    unit,
    values: { direct: median(values.direct), exai: median(values.exai) },
    ratio: { value: medianRatio(values.exai, values.direct), to: 'direct' },
  });
  return [
    { ...row('HTTP: serial call with 200 B of arguments, p50', 'ms', small), id: 'HTTP' },
    row('HTTP: the same with 1 MB there and back, p50', 'ms', large),
    row(`HTTP: one client with ${openAtOnce} calls open`, 'calls/s', rate),
    { id: '', what: 'HTTP: 31 MiB there and back', unit: 'ms', values: { exai: largestMs ?? Number.NaN } },
  ];
}

/** A client of `/mcp` that does no more than it must, on kept connections. */
class HttpLoad {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: openAtOnce });
  readonly #port: number;
  #sessionId = '';
  #nextId = 1;

  private constructor(port: number) {
    this.#port = port;
  }

  static async connect(port: number): Promise<HttpLoad> {
    const client = new HttpLoad(port);
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
    await client.#post(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }));
    await client.#post('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    return client;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Milliseconds of each call. */
  async serial(count: number, textBytes: number): Promise<number[]> {
    const latencies: number[] = [];
    for (let call = 0; call < count; call += 1) {
      const body = this.#call(textBytes);
      const startedAt = performance.now();
      await this.#post(body);
      latencies.push(performance.now() - startedAt);
    }
    return latencies;
  }

  /** Calls per second. */
  async atOnce(count: number, window: number): Promise<number> {
    let left = count;
    const startedAt = performance.now();
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.#post(this.#call(200));
      }
    };
    await Promise.all(Array.from({ length: window }, worker));
    return count / ((performance.now() - startedAt) / 1000);
  }

  #call(textBytes: number): string {
    const id = this.#nextId;
    this.#nextId += 1;
    return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"text":"${'x'.repeat(textBytes)}"}}}`;
  }

  #post(body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path: '/mcp',
          method: 'POST',
          agent: this.#agent,
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'content-length': Buffer.byteLength(body),
            ...(this.#sessionId === '' ? {} : { 'mcp-session-id': this.#sessionId }),
          },
        },
        (response) => {
          const sessionId = response.headers['mcp-session-id'];
          if (typeof sessionId === 'string') this.#sessionId = sessionId;
          const status = response.statusCode ?? 0;
          response.resume();
          response.once('end', () => (status < 300 ? resolve() : reject(new Error(`/mcp answered ${status}`))));
          response.once('error', reject);
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}
