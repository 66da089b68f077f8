import { expect, it } from 'vitest';
import { adminPath } from './admin-path.ts';

it('fills in and encodes what would change the path', () => {
  expect(adminPath('/api/status')).toBe('/api/status');
  expect(adminPath('/api/sessions/:sessionId/reconnect', { params: { sessionId: 'a/../b?c#d%' } })).toBe(
    '/api/sessions/a%2F..%2Fb%3Fc%23d%25/reconnect',
  );
  expect(adminPath('/api/logs/:source', { params: { source: 'shim:x' }, query: { lines: 5, level: undefined } })).toBe(
    '/api/logs/shim%3Ax?lines=5',
  );
  expect(adminPath('/api/history', { query: { q: 'a b&c', tool: 'ä' } })).toBe('/api/history?q=a%20b%26c&tool=%C3%A4');
});
