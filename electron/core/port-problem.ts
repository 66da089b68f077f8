import { createServer } from 'node:net';
import { loadSettings } from '../../platform/load-settings.ts';
import { portOwner } from '../../platform/process-info.ts';
import type { HostProblem } from '../../protocol/host-bridge.ts';
import { limits } from '../../protocol/limits.ts';
import type { DaemonLaunch } from './daemon-starter.ts';

const portsTried = 50;
const loopback = '127.0.0.1';

/** Who has the port that a daemon wanted, and which one after it is free (`next`; 0 when none was found). */
export async function portProblem(
  launch: DaemonLaunch,
  env: Readonly<Record<string, string | undefined>>,
): Promise<HostProblem> {
  const loaded = loadSettings('daemon', { env: { ...env, EXAI_STATE_DIR: launch.stateDir } });
  const settings = loaded.type === 'invalid' ? { host: loopback, port: limits.defaultPort } : loaded.settings;
  const port = launch.port ?? settings.port;
  const [owner, next] = await Promise.all([portOwner(settings.host, port), nextFreePort(settings.host, port)]);
  return {
    code: 'PORT_IN_USE',
    params: { port, next, process: owner?.command ?? '', pid: owner?.pid ?? 0 },
    stderrTail: [],
  };
}

/** The first port above `port` that can be bound; 0 when there is none within reach. */
async function nextFreePort(host: string, port: number): Promise<number> {
  for (let candidate = port + 1; candidate <= Math.min(port + portsTried, 65_535); candidate += 1) {
    if (await canListen(host, candidate)) return candidate;
  }
  return 0;
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false)); // taken, or in a range that the system keeps (Windows: EACCES)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
