import type { AdminClient } from '../../platform/admin-client.ts';

/**
 * Calls that run or wait now, asked of each daemon: what the feed said last may be half a second old. A daemon that is not
 * up has none. Undefined: one does not say.
 */
export async function callsInFlight(
  clients: readonly (Pick<AdminClient, 'call'> | undefined)[],
): Promise<number | undefined> {
  try {
    const asked = clients.map(async (client) => (await client?.call('snapshot'))?.totals);
    const totals = await Promise.all(asked);
    return totals.reduce((sum, each) => sum + (each === undefined ? 0 : each.inflight + each.queued), 0);
  } catch {
    return undefined; // DAEMON_UNAVAILABLE: it may have calls all the same
  }
}
