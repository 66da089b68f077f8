import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { array, assert, boolean, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AllowedNames,
  bearerOf,
  ConnectionCounter,
  clientAddress,
  headerValues,
  isHostAllowed,
  isLoopbackAddress,
  isOriginAllowed,
} from './guards.ts';

const allowed: AllowedNames = {
  host: '192.168.1.5',
  port: 8765,
  allowedHosts: ['Box.lan'],
  allowedOrigins: ['https://board.example'],
};
const onIpv6: AllowedNames = { ...allowed, host: 'fd00::5' };

describe('Host', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:8765',
    'localhost',
    'LocalHost:8765',
    '[::1]',
    '[::1]:8765',
    '192.168.1.5',
    '192.168.1.5:8765',
    'box.lan',
    'BOX.LAN:8765',
  ])('WIRE-H14: %s passes', (host) => {
    expect(isHostAllowed([host], allowed)).toBe(true);
  });

  it.each([
    'evil.test',
    'evil.test:8765',
    '127.0.0.1:80',
    'localhost:87650',
    'localhost:',
    'localhost.evil.test',
    'evil.test@localhost',
    'localhost/x',
    'localhost localhost',
    '::1',
    '[::1',
    '[::2]',
    '',
    '127.0.0.1:8765:8765',
  ])('WIRE-H14 BAD-host: %j is refused', (host) => {
    expect(isHostAllowed([host], allowed)).toBe(false);
  });

  it('WIRE-H14 BAD-host: none, or more than one, is refused', () => {
    expect(isHostAllowed([], allowed)).toBe(false);
    expect(isHostAllowed(['localhost', 'localhost'], allowed)).toBe(false);
  });

  it('WIRE-H14: a configured IPv6 address is named in brackets', () => {
    expect(
      ['[fd00::5]:8765', '[FD00::5]', 'fd00::5', '[fd00::6]'].map((host) => isHostAllowed([host], onIpv6)),
    ).toEqual([true, true, false, false]);
  });
});

describe('Origin', () => {
  it.each([
    'http://127.0.0.1:8765',
    'http://localhost:8765',
    'http://[::1]:8765',
    'http://box.lan:8765',
    'app://exai',
    'https://board.example',
  ])('WIRE-H14: %s passes', (origin) => {
    expect(isOriginAllowed([origin], allowed)).toBe(true);
  });

  it.each([
    'http://evil.test',
    'null',
    '',
    'http://localhost',
    'http://localhost:80',
    'https://localhost:8765',
    'http://board.example',
    'https://board.example:8765',
    'http://localhost:8765/',
    'http://localhost:8765.evil.test',
    'app://exai.evil',
    'file://',
  ])('WIRE-H14 BAD-origin: %j is refused', (origin) => {
    expect(isOriginAllowed([origin], allowed)).toBe(false);
  });

  it('WIRE-H14: absent passes, two are refused', () => {
    expect(isOriginAllowed([], allowed)).toBe(true);
    expect(isOriginAllowed(['app://exai', 'app://exai'], allowed)).toBe(false);
  });

  it('WIRE-H14: on port 80 our own origin has no port', () => {
    expect(isOriginAllowed(['http://localhost'], { ...allowed, port: 80 })).toBe(true);
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['192.168.1.5', false],
    ['::ffff:10.0.0.1', false],
    ['fe80::1', false],
    ['', false],
  ])('PF-C8: %s is loopback: %s', (address, isLoopback) => {
    expect(isLoopbackAddress(address)).toBe(isLoopback);
  });

  it.each([
    ['no proxy trusted', ['203.0.113.9'], false, '127.0.0.1'],
    ['no header', [], true, '127.0.0.1'],
    ['one entry', ['203.0.113.9'], true, '203.0.113.9'],
    ['the last entry, which the proxy wrote', ['127.0.0.1, 10.0.0.1 ,203.0.113.9'], true, '203.0.113.9'],
    ['the last of several headers', ['127.0.0.1', '203.0.113.9'], true, '203.0.113.9'],
    ['IPv6', ['2001:db8::1'], true, '2001:db8::1'],
    ['IPv6 in brackets', ['[2001:db8::1]'], true, '2001:db8::1'],
    ['a port', ['203.0.113.9:5000'], true, '203.0.113.9'],
    ['IPv6 and a port', ['[2001:db8::1]:5000'], true, '2001:db8::1'],
    ['a client on the machine of the proxy', ['127.0.0.1'], true, '127.0.0.1'],
  ])('WIRE-H14: client address: %s', (_case, forwardedFor, isTrusted, address) => {
    expect(clientAddress('127.0.0.1', forwardedFor, isTrusted)).toBe(address);
  });

  it.each(['unknown', '', '127.evil', '127.0.0.1.evil', '203.0.113.9,'])(
    'PF-C8: a forwarded %j never gains the exemption of the proxy’s own address',
    (entry) => {
      expect(isLoopbackAddress(clientAddress('127.0.0.1', [entry], true))).toBe(false);
    },
  );
});

function request(rawHeaders: readonly string[]): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.rawHeaders.push(...rawHeaders);
  for (let at = 0; at < rawHeaders.length; at += 2)
    message.headers[rawHeaders[at]?.toLowerCase() ?? ''] = rawHeaders[at + 1];
  return message;
}

describe('headers', () => {
  it('BAD-host: all values of a header are seen, in order, also those that Node drops', () => {
    expect(headerValues(request(['Host', 'a', 'Accept', 'x', 'HOST', 'b']), 'host')).toEqual(['a', 'b']);
    expect(headerValues(request(['Accept', 'host']), 'host')).toEqual([]);
  });

  it.each([
    ['Bearer abc.def', 'abc.def'],
    ['bearer   abc', 'abc'],
    ['Bearer abc def', null],
    ['Bearer ', null],
    ['Basic abc', null],
    ['abc', null],
  ])('BAD-token: %j carries %j', (value, bearer) => {
    expect(bearerOf(request(['Authorization', value]))).toBe(bearer);
  });

  it('BAD-token: no header, no bearer', () => {
    expect(bearerOf(request([]))).toBeNull();
  });
});

describe('ConnectionCounter', () => {
  const limits = { maxConnections: 5, maxPerAddress: 2, maxUnauthenticated: 2 };

  it('PF-C8: per address, unless exempt; in all, for everybody', () => {
    const counter = new ConnectionCounter(limits);
    const isOpened = (address: string, isExempt = false): boolean =>
      counter.openConnection(address, isExempt) !== undefined;
    expect([isOpened('a'), isOpened('a'), isOpened('a'), isOpened('b')]).toEqual([true, true, false, true]);
    expect([isOpened('127.0.0.1', true), isOpened('127.0.0.1', true), isOpened('127.0.0.1', true)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(counter.open).toBe(5);
  });

  it('BAD-half-open: unauthenticated sockets are counted per listener', () => {
    const counter = new ConnectionCounter(limits);
    const first = counter.openUnauthenticated('tcp');
    expect(counter.openUnauthenticated('tcp')).toBeDefined();
    expect(counter.openUnauthenticated('tcp')).toBeUndefined();
    expect(counter.openUnauthenticated('local')).toBeDefined();
    first?.();
    first?.();
    expect(counter.openUnauthenticated('tcp')).toBeDefined();
    expect(counter.openUnauthenticated('tcp')).toBeUndefined();
  });

  it('PF-C1: however often it is released, a connection counts once', () => {
    assert(
      property(array(integer({ min: 0, max: 3 }), { maxLength: 40 }), boolean(), (actions, isExempt) => {
        const counter = new ConnectionCounter(limits);
        const releases: (() => void)[] = [];
        for (const action of actions) {
          if (action === 0) for (const release of releases) release();
          else {
            const release = counter.openConnection(`address ${action}`, isExempt);
            if (release !== undefined) releases.push(release);
          }
          expect(counter.open).toBeGreaterThanOrEqual(0);
          expect(counter.open).toBeLessThanOrEqual(5);
        }
        for (const release of releases) release();
        expect(counter.open).toBe(0);
        expect(counter.openConnection('address 1', false)).toBeDefined();
      }),
    );
  });
});
