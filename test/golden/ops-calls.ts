import { existsSync, readFileSync } from 'node:fs';
import { eventually } from '../support/deadline.ts';
import type { OpsClient } from '../support/ops-client.ts';

type Json = Readonly<Record<string, unknown>>;

/** Sends a call and resolves with its `call_tool_res`. For ids that are used once. */
export function callTool(
  client: OpsClient,
  requestId: string | number,
  name: string,
  args: Json = {},
  timeoutMs?: number,
): Promise<Json> {
  startCall(client, requestId, name, args);
  return client.frame({ op: 'call_tool_res', request_id: requestId }, timeoutMs);
}

/** The same without waiting. */
export function startCall(client: OpsClient, requestId: string | number, name: string, args: Json = {}): void {
  client.send({ op: 'call_tool', request_id: requestId, name, arguments: args });
}

/** Sends a call and resolves once it holds its slots. */
export async function runningCall(
  client: OpsClient,
  requestId: string | number,
  name: string,
  args: Json = {},
): Promise<Json> {
  startCall(client, requestId, name, args);
  return client.frame({ op: 'call_tool_ack', request_id: requestId });
}

/** What came for one request, in order. */
export function framesOf(client: OpsClient, requestId: string | number): readonly Json[] {
  return client.frames.flatMap(({ json }) => (json?.['request_id'] === requestId ? [json] : []));
}

/** Names of the frames that came for one request, in order. */
export function opsOf(client: OpsClient, requestId: string | number): readonly unknown[] {
  return framesOf(client, requestId).map(({ op }) => op);
}

/** The first `count` results of one request id, once they are there: for ids that are used again. */
export function resultsOf(client: OpsClient, requestId: string | number, count: number): Promise<readonly Json[]> {
  return eventually(`${count} results of ${requestId}`, () => {
    const results = framesOf(client, requestId).filter(({ op }) => op === 'call_tool_res');
    return results.length >= count ? results : undefined;
  });
}

export async function healthOf(client: OpsClient): Promise<Json> {
  const requestId = `health-${Math.random()}`;
  client.send({ op: 'health', request_id: requestId });
  const { health } = await client.frame({ op: 'health_res', request_id: requestId });
  return health as Json;
}

/** Waits until so many calls hold a slot. */
export function inflight(client: OpsClient, expected: number, timeoutMs?: number): Promise<true> {
  return eventually(
    `${expected} calls in flight`,
    async () => ((await healthOf(client))['global_inflight'] === expected ? true : undefined),
    timeoutMs,
  );
}

/** How often `count` and `count_safe` have run: lines of the file named by `EXAI_TEST_COUNT_FILE`. */
export function executionsIn(countFile: string): number {
  if (!existsSync(countFile)) return 0;
  return readFileSync(countFile, 'utf8').split('\n').length - 1;
}
