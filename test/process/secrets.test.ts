import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { epochSeconds, jsonWebToken } from '../golden/json-web-token.ts';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import type { RawClient } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

/** Random, so that no part of it is found by chance; with a `#`, which some readers cut at. */
const newSecret = () => `${randomBytes(12).toString('base64url')}#${randomBytes(12).toString('base64url')}`;
const partChars = 8;

it('WIRE-F6 PF-L2: no part of a secret is in any log, file, answer or output', async () => {
  const jwtKey = randomBytes(32).toString('hex');
  const jwt = jsonWebToken({ sub: 'ana', iat: epochSeconds(-10), exp: epochSeconds(600), role: 'exai_admin' }, jwtKey);
  const expired = jsonWebToken({ sub: 'ana', iat: epochSeconds(-900), exp: epochSeconds(-600) }, jwtKey);
  const [shared, byOps, lateStart] = [newSecret(), newSecret(), newSecret()];
  const tokenFile = join(scene.home.path, 'token-file');
  const jwtFile = join(scene.home.path, 'jwt-file');
  writeFileSync(tokenFile, `${shared}\n`, { mode: 0o600 });
  writeFileSync(jwtFile, `${jwt}\n`, { mode: 0o600 });
  const printed: string[] = [];
  const daemonEnv = { EXAI_WS_TOKEN: shared, JWT_SECRET_KEY: jwtKey, LOG_LEVEL: 'DEBUG' };
  const first = await scene.startDaemon(daemonEnv);

  const { proxy, env: throughProxy } = await scene.openTcpProxy(() => first.port);
  const windows = [
    await scene.openWindow({ EXAI_WS_TOKEN: shared, EXAI_JWT_TOKEN: jwt, LOG_LEVEL: 'DEBUG', EXAI_LOG_PREFIX: 'one' }),
    await scene.openWindow({
      ...throughProxy,
      EXAI_WS_TOKEN_FILE: tokenFile,
      EXAI_JWT_TOKEN_FILE: jwtFile,
      LOG_LEVEL: 'DEBUG',
      EXAI_LOG_PREFIX: 'two',
    }),
  ];
  const refused = scene.startShim({ EXAI_WS_TOKEN: `${shared}x`, LOG_LEVEL: 'DEBUG', EXAI_LOG_PREFIX: 'refused' });
  await refused.initialize();
  for (const window of windows) await useCarelessly(window, [shared, jwt, jwtKey]);
  await connectWrongly(first.port, [shared.slice(0, -1), shared.slice(1), expired, `${jwt}x`, jwtKey]);
  const inPath = encodeURIComponent(shared);
  for (const path of ['/health', '/metrics', `/health?token=${inPath}`, `/${inPath}`, `/api/status?token=${inPath}`]) {
    const headers = { authorization: `Bearer ${path === '/health' ? jwt : shared}`, cookie: `token=${shared}` };
    const response = await fetch(new URL(path, first.address), { headers });
    printed.push(await response.text(), JSON.stringify([...response.headers]));
  }

  const ops = await scene.connectOps(first, { token: shared, jwt, session_id: 'ops' });
  ops.send({ op: 'rotate_token', request_id: 1, old: shared.slice(0, -1), new: byOps });
  ops.send({ op: 'rotate_token', request_id: 2, old: shared, new: byOps.slice(0, 9) });
  ops.send({ op: 'rotate_token', request_id: 3, old: shared, new: byOps });
  ops.send({ op: 'call_tool', request_id: 'c', name: byOps, arguments: { api_key: byOps } });
  ops.send({ op: byOps, token: byOps });
  ops.send(`not json ${byOps}`);
  ops.send({ op: 'health', request_id: 'h' });
  await ops.frame({ op: 'health_res' });
  await ops.frame({ op: 'rotate_token_res', request_id: 3, ok: true });
  // The log of calls is written in batches; what was not written yet would go with the process below.
  await eventually('masked names in the log of calls', () =>
    scene.logLines('mcp_activity.log').some((line) => JSON.stringify(line).includes('***')) ? true : undefined,
  );
  const { runKey: firstKey } = runningDaemon();
  const byCommand = await runCommands();
  writeFileSync(tokenFile, `${byCommand}\n`);
  proxy.drop(); // the second window takes the new token
  await scene.logLine('ws_shim_two.log', 'connected', 2);
  await windows[1]?.callTool('echo', { text: 'still here' });
  await first.kill();

  const refusedStart = scene.spawnDaemon({ EXAI_WS_TOKEN: lateStart.slice(0, 12) });
  await refusedStart.ready.catch(() => undefined);
  const second = await scene.startDaemon(daemonEnv); // its EXAI_WS_TOKEN is out of date by now
  await windows[0]?.callTool('status', { doctor: true });
  for (const tool of ['activity', 'health', 'status', 'provider_capabilities']) await windows[0]?.callTool(tool, {});
  const { runKey: secondKey } = runningDaemon();
  const adminSecret = readFileSync(scene.home.layout.adminSecretFile, 'utf8').trim();
  await runCommands();
  for (const window of [...windows, refused]) await window.stop();
  await second.stop();

  printed.push(...[first, second, refusedStart].flatMap(({ stdout, stderr }) => [stdout, stderr]));
  for (const { lines, stderrText } of [...windows, refused]) printed.push(...lines, stderrText);
  const secrets = { shared, byOps, byCommand, lateStart, jwt, expired, jwtKey, firstKey, secondKey, adminSecret };
  const found = Object.entries(secrets).flatMap(([name, secret]) => [
    ...(hasPart(printed.join('\n'), secret) ? [`${name} was printed`] : []),
    ...filesWithPart(secret).map((path) => `${name} in ${path}`),
  ]);
  expect(found).toEqual([]);
  // The search itself finds what is there.
  expect(hasPart(`text ${shared.slice(3, 3 + partChars)} text`, shared)).toBe(true);
  const logs = readdirSync(scene.home.logDir);
  expect(logs).toEqual(
    expect.arrayContaining(['ws_daemon.log', 'mcp_activity.log', 'mcp_server.log', 'ws_shim_one.log']),
  );
  expect(scene.home.readLog('mcp_activity.log')).toContain('***'); // the tool that was called by a secret's name

  /** Every command; returns the token that the last rotation made. */
  async function runCommands(): Promise<string> {
    const words = ['status', 'sessions', 'token status', 'config', 'config --shim', 'nonsense'];
    const env = { EXAI_WS_TOKEN: shared, EXAI_JWT_TOKEN: jwt };
    for (const group of [words, ['token rotate'], words.map((word) => `${word} --json`), ['token rotate --json']]) {
      const ends = await Promise.all(group.map((word) => scene.home.runCli(word.split(' '), env)));
      printed.push(...ends.flatMap(({ stdout, stderr }) => [stdout, stderr]));
    }
    return readFileSync(join(scene.home.layout.credentialsDir, 'shared.token'), 'utf8').trim();
  }
});

/** Secrets at every place of a call that a careless program could put them. */
async function useCarelessly(window: RawClient, secrets: readonly string[]): Promise<void> {
  for (const secret of secrets) {
    const meta = { progressToken: secret, authorization: `Bearer ${secret}` };
    await window.callTool(
      'count',
      { token: secret, note: `Bearer ${secret}`, nested: [{ password: secret }] },
      { meta },
    );
    await window.callTool('fail', { how: 'throw', secret });
    window.sendLine(`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"},"id":["${secret}"]}`);
    window.sendLine(`{"jsonrpc":"2.0","id":"broken","params":${secret}}`);
    window.notify('notifications/cancelled', { requestId: secret, reason: secret });
    window.notify('notifications/unknown', { secret });
  }
  await window.request('logging/setLevel', { level: 'debug' });
}

async function connectWrongly(port: number, secrets: readonly string[]): Promise<void> {
  for (const secret of secrets) {
    const client = await OpsClient.connect({
      port,
      path: `/?token=${encodeURIComponent(secret)}`,
      headers: { 'x-api-key': secret },
    });
    expect(await client.hello({ token: secret, jwt: secret, unknown: secret })).toMatchObject({ ok: false });
    client.terminate();
  }
}

function runningDaemon() {
  const file = scene.home.readDiscovery();
  if (file.state !== 'running') throw new Error('no daemon runs');
  return file;
}

/** Relative paths of files that hold a part of a secret, those left out that are there to hold it. */
function filesWithPart(secret: string): readonly string[] {
  const { stateDir, layout } = scene.home;
  const holders = [layout.adminSecretFile, layout.sharedTokenFile, join(layout.credentialsDir, 'shared.token')];
  return readdirSync(stateDir, { recursive: true, encoding: 'utf8' })
    .map((path) => join(stateDir, path))
    .filter((path) => statSync(path).isFile() && !holders.includes(path))
    .filter((path) => hasPart(readFileSync(path, 'latin1'), secret))
    .map((path) => relative(stateDir, path));
}

function hasPart(text: string, secret: string): boolean {
  for (let start = 0; start + partChars <= secret.length; start += 1) {
    if (text.includes(secret.slice(start, start + partChars))) return true;
  }
  return false;
}
