import { describe, expect, it } from 'vitest';
import {
  findListener,
  parseLsof,
  parseNetstat,
  parseProcNetTcp,
  parseTasklist,
  shortCommand,
} from './listening-sockets.ts';

describe('tables of listening sockets', () => {
  it('BAD-port-taken: /proc/net/tcp and tcp6', () => {
    const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:223D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1 0000000000000000 100 0 0 10 0
   1: 0100007F:223D 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 31338 1 0000000000000000 20 4 30 10 -1
   2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0000000000000000 100 0 0 10 0
   3: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 100 0 0 10 0
`;
    expect(parseProcNetTcp(text)).toEqual([
      { address: '127.0.0.1', port: 8765, owner: '31337' },
      { address: '0:0:0:0:0:0:0:1', port: 80, owner: '11' },
      { address: '0:0:0:0:0:ffff:7f00:1', port: 81, owner: '12' },
    ]);
    expect(findListener(parseProcNetTcp(text), '::1', 80)?.owner).toBe('11');
    expect(findListener(parseProcNetTcp(text), '127.0.0.1', 81)?.owner).toBe('12');
  });

  it('BAD-port-taken: lsof', () => {
    expect(parseLsof('p4242\ncnode\nf21\nn127.0.0.1:8765\nf22\nn[::1]:8765\np1\ncother\nf3\nn*:8765\n')).toEqual([
      { address: '127.0.0.1', port: 8765, owner: '4242', command: 'node' },
      { address: '::1', port: 8765, owner: '4242', command: 'node' },
      { address: '*', port: 8765, owner: '1', command: 'other' },
    ]);
  });

  it('BAD-port-taken: netstat of a Windows in any language, and tasklist', () => {
    const text = [
      'Aktive Verbindungen',
      '',
      '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
      '  TCP    127.0.0.1:8765         0.0.0.0:0              ABHÖREN         4242',
      '  TCP    127.0.0.1:8765         127.0.0.1:50000        HERGESTELLT     4242',
      '  TCP    [::]:135               [::]:0                 ABHÖREN         900',
      '  UDP    0.0.0.0:5353           *:*                                    77',
    ].join('\r\n');
    expect(parseNetstat(text)).toEqual([
      { address: '127.0.0.1', port: 8765, owner: '4242' },
      { address: '::', port: 135, owner: '900' },
    ]);
    expect(parseTasklist('"node.exe","4242","Console","1","50.000 K"\r\n')).toBe('node.exe');
    expect(parseTasklist('INFO: No tasks are running which match the specified criteria.')).toBeUndefined();
  });
});

describe('findListener', () => {
  const sockets = [
    { address: '192.168.1.5', port: 8765, owner: 'lan' },
    { address: '::', port: 8765, owner: 'all' },
    { address: '::ffff:127.0.0.1', port: 8765, owner: 'loopback' },
    { address: '127.0.0.1', port: 8766, owner: 'other port' },
  ];

  it.each([
    ['127.0.0.1', 8765, 'loopback'],
    ['::ffff:7f00:1', 8765, 'loopback'],
    ['10.0.0.1', 8765, 'all'],
    ['0:0:0:0:0:0:0:1', 8765, 'all'],
    ['localhost', 8765, 'loopback'],
    ['0.0.0.0', 8765, 'lan'],
    ['::', 8766, 'other port'],
    ['10.0.0.1', 8766, undefined],
    ['127.0.0.1', 1, undefined],
  ])('BAD-port-taken: %s port %i is held by %s', (host, port, owner) => {
    expect(findListener(sockets, host, port)?.owner).toBe(owner);
  });
});

describe('shortCommand', () => {
  it.each([
    [['/usr/bin/node', '/opt/exai/daemon.js', '--token=abc'], 'node /opt/exai/daemon.js'],
    [['C:\\Python\\python.exe', 'C:\\srv\\ws_daemon.py'], 'python.exe C:\\srv\\ws_daemon.py'],
    [['nginx', '-p', 'secret'], 'nginx'],
    [['curl', 'https://user:pass@host'], 'curl'],
    [['', ''], undefined],
  ])('PF-L2 MAIN-exit-codes: %j is shown as %s', (words, expected) => {
    expect(shortCommand(words)).toBe(expected);
  });
});
