import { expect, it } from 'vitest';
import { httpAddress } from './http-address.ts';

it.each([
  ['127.0.0.1', 'http://127.0.0.1:80/'],
  ['0.0.0.0', 'http://127.0.0.1:80/'],
  ['::', 'http://[::1]:80/'],
  ['fd00::7', 'http://[fd00::7]:80/'],
  ['box.example', 'http://box.example:80/'],
])('%s is reached at %s', (host, address) => {
  expect(httpAddress(host, 80)).toBe(address);
});
