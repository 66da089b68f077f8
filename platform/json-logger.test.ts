import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel, logLevelOf } from './json-logger.ts';

function capture(options: { level?: LogLevel; secrets?: readonly string[] } = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    write: (line) => lines.push(line),
    level: options.level ?? 'debug',
    now: () => 1_790_000_000_123,
    secrets: options.secrets ?? [],
  });
  const last = (): unknown => JSON.parse(lines.at(-1) ?? 'null');
  return { lines, logger, last };
}

const secret = 'tok#en"with\\all~of-it';

describe('createLogger', () => {
  it('WIRE-F5: one JSON line with time in epoch seconds, level, message and fields, in this order', () => {
    const { logger, lines } = capture();
    logger.child({ sessionId: 'win' }).warn('call finished', { durationMs: 12 });
    expect(lines).toEqual([
      '{"t":1790000000.123,"level":"warn","msg":"call finished","sessionId":"win","durationMs":12}',
    ]);
  });

  it('WIRE-F6: writes from its level upwards only', () => {
    const { logger, lines } = capture({ level: logLevelOf('WARNING') });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level](level);
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['warn', 'error']);
    expect((['debug', 'info', 'warn', 'error'] as const).map((level) => logger.isEnabled(level))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect((['DEBUG', 'INFO', 'ERROR'] as const).map(logLevelOf)).toEqual(['debug', 'info', 'error']);
  });

  it('WIRE-F5: fields of a child win over those of its parent, and none can replace time, level or message', () => {
    const { logger, last } = capture();
    logger.child({ a: 1, b: 1 }).child({ b: 2 }).info('m', { c: 3, t: 'x', level: 'y', msg: 'z' });
    expect(last()).toEqual({
      t: 1_790_000_000.123,
      level: 'info',
      msg: 'm',
      a: 1,
      b: 2,
      c: 3,
      t_: 'x',
      level_: 'y',
      msg_: 'z',
    });
  });
});

describe('masking', () => {
  it.each([
    'token',
    'EXAI_WS_TOKEN',
    'clientSecret',
    'Password',
    'Authorization',
    'set-cookie',
    'jwt',
    'apiKey',
    'api-key',
    'API_KEY',
  ])('PF-L2 WIRE-F6: the value of %s is ***, whatever its type and depth', (key) => {
    const { logger, last } = capture();
    logger.info('m', { [key]: 'abc', nested: [{ [key]: { deep: 'abc' } }, { [key]: 12_345 }] });
    expect(last()).toMatchObject({ [key]: '***', nested: [{ [key]: '***' }, { [key]: '***' }] });
  });

  it('PF-L2: that there is no secret may be said', () => {
    const { logger, last } = capture();
    logger.info('m', { token: null, hasToken: true, jwt: undefined });
    expect(last()).toMatchObject({ token: null, hasToken: true });
  });

  it('PF-L2 WIRE-F6: known values are *** in messages, texts, keys, numbers, errors and their causes', () => {
    const { logger, lines, last } = capture({ secrets: [secret] });
    logger.addSecret('4711081500000000');
    logger.addSecret('');
    const error = Object.assign(new Error(`refused ${secret}`, { cause: new Error(`inner ${secret}`) }), {
      code: 'EX',
    });
    logger.child({ base: secret }).info(`got ${secret}!`, {
      text: `a${secret}b${secret}`,
      [secret]: 'key',
      list: new Set([secret]),
      map: new Map([[secret, secret]]),
      number: 4_711_081_500_000_000,
      error,
      bytes: Buffer.from(`raw ${secret}`),
      url: new URL(`http://localhost/?q=${encodeURIComponent(secret)}`),
      nestedJson: JSON.stringify({ q: secret }),
    });
    expect(last()).toMatchObject({
      msg: 'got ***!',
      base: '***',
      text: 'a***b***',
      '***': 'key',
      list: ['***'],
      map: { '***': '***' },
      number: '***',
      error: { name: 'Error', message: 'refused ***', code: 'EX', cause: { message: 'inner ***' } },
      bytes: 'raw ***',
      nestedJson: '{"q":"***"}',
    });
    expect(lines[0]).not.toMatch(/tok#en|all~of-it|47110815|tok%23en/);
  });

  it('PF-L2: a secret learnt by a child is masked by its parent', () => {
    const { logger, last } = capture();
    logger.child({}).addSecret('0123456789abcdef');
    logger.info('x 0123456789abcdef');
    expect(last()).toMatchObject({ msg: 'x ***' });
  });

  it('PF-L2: of secrets that overlap or contain each other no part stays', () => {
    const { logger, last } = capture({ secrets: ['aaaabbbb', 'bbbbcccc', 'aaaabbbbccccdddd', 'abab'] });
    logger.info('[aaaabbbbcccc] [aaaabbbbccccdddd] [ababab] [aaaabbbb]');
    expect(last()).toMatchObject({ msg: '[***] [***] [***] [***]' });
  });

  it('PF-L2 WIRE-F6: bearer credentials are masked although nobody knows them', () => {
    const { logger, last } = capture();
    logger.info('sent Authorization: bearer eyJh.bGci.Oi, ok', { header: 'Bearer abc~def/+==' });
    expect(last()).toMatchObject({ msg: 'sent Authorization: Bearer *** ok', header: 'Bearer ***' });
  });

  it('PF-L2: a text is cut only after masking, so no half of a secret stays at the cut', () => {
    const { logger, lines } = capture({ secrets: [secret] });
    logger.info('m', { text: 'x'.repeat(16_375) + secret + 'y'.repeat(100) });
    expect(lines[0]).not.toContain('tok');
    expect(lines[0]).toMatch(/x\*\*\*y+… \(\d+ characters\)"}$/);
  });

  it('PF-L2 WIRE-F6: with any secret in any text, no line contains it', () => {
    // Printable ASCII without spaces, as WIRE §3.5 asks of a token; no letters that the line itself has.
    const token = fc.stringMatching(/^[!-~]{16,40}$/).filter((value) => !'"t":,level"info"msg"m","***'.includes(value));
    fc.assert(
      fc.property(token, fc.string(), fc.string(), (value, before, after) => {
        const { logger, lines } = capture({ secrets: [value] });
        logger.info('m', { field: before + value + after, list: [{ k: value }] });
        const texts = JSON.stringify(JSON.parse(lines[0] ?? ''), (_key, item: unknown) =>
          typeof item === 'string' && item.includes(value) ? 'LEAK' : item,
        );
        expect(texts).not.toContain('LEAK');
      }),
    );
  });
});

describe('robustness', () => {
  it('PF-W5: emoji stay, lone surrogates and invalid bytes become U+FFFD', () => {
    const { logger, lines } = capture();
    logger.info('ok 🚀 \ud83d', { '\udc00': ['\ud800x'], bytes: new Uint8Array([0x61, 0xff, 0x62]) });
    expect(lines[0]).toContain('"msg":"ok 🚀 \ufffd","\ufffd":["\ufffdx"],"bytes":"a\ufffdb"');
    expect(Buffer.from(lines[0] ?? '').toString('utf8')).toBe(lines[0]);
  });

  it('PF-H3: cycles, depth, odd types and prototype keys are printed, not thrown', () => {
    const { logger, last } = capture();
    const loop: Record<string, unknown> = { shared: { a: 1 } };
    loop['self'] = loop;
    loop['again'] = loop['shared'];
    let deep: unknown = 'end';
    for (let level = 0; level < 50; level += 1) deep = { deep };
    logger.info('m', {
      loop,
      deep,
      big: 12n,
      nan: Number.NaN,
      fn: () => 'source text',
      symbol: Symbol('s'),
      date: new Date(0),
      ...(JSON.parse('{"__proto__":{"x":1}}') as object),
    });
    expect(last()).toMatchObject({
      loop: { self: '[circular]', shared: { a: 1 }, again: { a: 1 } },
      big: '12',
      nan: 'NaN',
      fn: '[function]',
      symbol: '[symbol]',
      date: '1970-01-01T00:00:00.000Z',
    });
    expect(JSON.stringify(last())).toContain('[deep]');
  });

  it('PF-H3: a field that cannot be read costs the fields, not the line', () => {
    const { logger, last } = capture();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const field of [
      proxy,
      {
        get x() {
          throw new Error('getter');
        },
      },
      {
        toJSON() {
          throw new Error('toJSON');
        },
      },
    ]) {
      logger.error('still here', { field });
      expect(last()).toEqual({ t: 1_790_000_000.123, level: 'error', msg: 'still here', unreadableFields: true });
    }
  });

  it('PF-H3: a writer that throws does not throw into the caller', () => {
    const logger = createLogger({
      write: () => {
        throw new Error('disk');
      },
      level: 'debug',
    });
    expect(() => logger.info('m')).not.toThrow();
  });

  it('PF-H3: any value gives one line of JSON', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: true })),
        (msg, fields) => {
          const { logger, lines } = capture();
          logger.info(msg, fields);
          expect(lines).toHaveLength(1);
          expect(lines[0]).not.toContain('\n');
          expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info' });
        },
      ),
    );
  });
});
