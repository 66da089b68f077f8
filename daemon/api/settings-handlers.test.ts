import { expect, it } from 'vitest';
import { FailureError } from '../../protocol/errors.ts';
import type { CapsView } from '../../protocol/snapshot.ts';
import type { SettingsChange, SettingsStore } from '../settings/settings-store.ts';
import type { AdminExchange } from './admin-handler.ts';
import { settingsHandlers } from './settings-handlers.ts';

const gauge = { id: 'global', label: 'All', inflight: 0, cap: 1, configuredCap: 1, queued: 0 };
const caps: CapsView = { sessionCap: 1, global: gauge, providers: [], queue: null };
// No handler here looks at it.
const exchange = {} as AdminExchange;

function setUp() {
  const changes: SettingsChange[] = [];
  const store: Pick<SettingsStore, 'list' | 'change' | 'file'> = {
    file: '/state/settings.json',
    list: () => [],
    change: async (change) => {
      changes.push(change);
    },
  };
  const told: string[] = [];
  const onChanged = (): void => {
    told.push('changed');
  };
  return {
    changes,
    told,
    handlers: settingsHandlers({ settings: store as SettingsStore, caps: () => caps, onChanged }),
  };
}

it('LIVE-capacity-persist: limits are settings, providers by their name in any case', async () => {
  const { changes, handlers } = setUp();
  const body = { session: 2, global: 9, queue: 0, providers: { kimi: 3, OpenAI: 4 } };
  expect(await handlers.changeCapacity({ body }, exchange)).toBe(caps);
  await handlers.changeCapacity({ body: {} }, exchange);
  expect(changes).toEqual([
    {
      EXAI_WS_SESSION_MAX_INFLIGHT: '2',
      EXAI_WS_GLOBAL_MAX_INFLIGHT: '9',
      EXAI_WS_QUEUE_MAX: '0',
      EXAI_WS_KIMI_MAX_INFLIGHT: '3',
      EXAI_WS_OPENAI_MAX_INFLIGHT: '4',
    },
    {},
  ]);
});

it.each(['session', 'Global', 'QUEUE', 'queue'])(
  'LIVE-capacity-persist: a provider cannot be called %s',
  async (name) => {
    const { changes, handlers } = setUp();
    const answer = Promise.resolve(handlers.changeCapacity({ body: { providers: { [name]: 1 } } }, exchange));
    await expect(answer).rejects.toThrow(FailureError);
    expect(changes).toEqual([]);
  },
);

it.each([
  ['of 33 providers', Object.fromEntries(Array.from({ length: 33 }, (_none, index) => [`p${index}`, 1])), 'at most 32'],
  ['that names one twice', { kimi: 1, Kimi: 2 }, 'providers.Kimi: it is named twice'],
])('LIVE-capacity-persist: a change %s is refused as a whole', async (_what, providers, message) => {
  const { changes, told, handlers } = setUp();
  const answer = Promise.resolve(handlers.changeCapacity({ body: { session: 1, providers } }, exchange));
  await expect(answer).rejects.toMatchObject({
    failure: { code: 'VALIDATION_ERROR', message: expect.stringContaining(message) },
  });
  expect([changes, told]).toEqual([[], []]);
});

it('LIVE-settings: a change answers with the whole list', async () => {
  const { changes, told, handlers } = setUp();
  const answer = await handlers.changeSettings({ body: { values: { LOG_LEVEL: null } } }, exchange);
  expect(answer).toEqual({ settings: [], settingsFile: '/state/settings.json' });
  expect([changes, told]).toEqual([[{ LOG_LEVEL: null }], ['changed']]);
});
