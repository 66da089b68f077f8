import { expect, test } from './fixtures.ts';

const name = 'EXAI_WS_SESSION_MAX_INFLIGHT';

test('LIVE-settings LIVE-capacity-persist: Undo of a limit, and emptying it, goes back to the default and stores nothing', async ({
  scene,
  dashboard,
}) => {
  await scene.startDaemon();
  const now = () =>
    dashboard.admin(async (client) => {
      const { settings } = await client.call('settings');
      const { caps } = await client.call('snapshot');
      const { source, value } = settings.find((setting) => setting.name === name) ?? {};
      return { source, value, inForce: caps.sessionCap };
    });
  const atFirst = await now();
  expect(atFirst.source).toBe('default');
  const changed = { source: 'settings-file', value: '3', inForce: 3 };
  await dashboard.open('#/settings');
  const row = dashboard.page.getByTestId(`setting-${name}`);
  const field = row.getByTestId(`setting-field-${name}`);

  await field.fill('3');
  await field.press('Enter');
  await expect.poll(now).toEqual(changed);
  await row.getByTestId('setting-undo').click();
  await expect.poll(now).toEqual(atFirst);
  await expect(row).toHaveAttribute('data-state', 'default');

  await field.fill('3');
  await field.press('Enter');
  await expect.poll(now).toEqual(changed);
  await field.fill('');
  await field.press('Enter');
  await expect.poll(now).toEqual(atFirst);
  await expect(row).toHaveAttribute('data-state', 'default');
});
