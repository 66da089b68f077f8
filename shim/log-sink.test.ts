import { describe, expect, it } from 'vitest';
import { createLogger, type Logger } from '../platform/json-logger.ts';
import { LogSink } from './log-sink.ts';
import { ManualClock } from './manual-clock.ts';

function sink(): {
  clock: ManualClock;
  log: LogSink;
  logger: Logger;
  lines: string[];
  names: string[];
  opened: () => number;
  closed: () => number;
} {
  const clock = new ManualClock();
  const lines: string[] = [];
  const names: string[] = [];
  let opened = 0;
  let closed = 0;
  const log = new LogSink({
    clock,
    onOpened: (name) => names.push(name),
    open: async () => {
      opened += 1;
      return { name: 'ws_shim_x.log', append: (line) => lines.push(line), close: () => (closed += 1) };
    },
  });
  const logger = createLogger({ level: 'debug', write: (line) => log.write(line) });
  return { clock, log, logger, lines, names, opened: () => opened, closed: () => closed };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('LogSink', () => {
  it('LIVE-log-source: says the name of its file once it has one', async () => {
    const { log, names } = sink();
    expect(names).toEqual([]);
    await log.open();
    await log.open();
    expect(names).toEqual(['ws_shim_x.log']);
  });

  it('SHIM-S18: a probe that is gone within a second leaves no log and takes no name', async () => {
    const { clock, log, logger, opened } = sink();
    logger.info('started');
    clock.advance(900);
    logger.info('stopped');
    await log.close();
    clock.advance(10_000);
    await settled();
    expect(opened()).toBe(0);
  });

  it('SHIM-S18: a window gets its log shortly after it has proved to be one, with every line', async () => {
    const { clock, log, logger, lines, opened, closed } = sink();
    logger.info('started');
    log.confirm();
    expect(opened()).toBe(0);
    clock.advance(200);
    await settled();
    logger.info('later');
    expect(lines.map((line) => /"msg":"(\w+)"/.exec(line)?.[1])).toEqual(['started', 'later']);
    await log.close();
    expect([opened(), closed()]).toEqual([1, 1]);
    logger.info('too late');
    expect(lines).toHaveLength(2);
  });

  it('SHIM-S18: a window that ends before that gets it at its end', async () => {
    const { log, logger, lines } = sink();
    logger.info('started');
    log.confirm();
    await log.close();
    expect(lines).toHaveLength(1);
  });

  it('SHIM-S9: a warning does not wait, a word in a message is no warning', async () => {
    const { logger, lines } = sink();
    logger.info('"level":"error"');
    await settled();
    expect(lines).toEqual([]);
    logger.warn('something is wrong');
    await settled();
    expect(lines).toHaveLength(2);
  });

  it('SHIM-S9: a window that waits for its user gets its log after a second', async () => {
    const { clock, logger, lines } = sink();
    logger.info('started');
    clock.advance(1_000);
    await settled();
    expect(lines).toHaveLength(1);
  });
});
