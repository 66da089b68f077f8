import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { portProblem } from './port-problem.ts';

it('LIVE-settings: a port is tried by listening there, and is free again afterwards', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(await portProblem('127.0.0.1', port)).toBe('another program listens there');
  await new Promise((resolve) => server.close(resolve));
  expect(await portProblem('127.0.0.1', port)).toBeUndefined();
  expect(await portProblem('127.0.0.1', port)).toBeUndefined();
  expect(await portProblem('203.0.113.1', port)).toContain('EADDRNOTAVAIL');
});
