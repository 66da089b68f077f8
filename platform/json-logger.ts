import { redactFields, SecretValues } from './redaction.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

type LogFields = Readonly<Record<string, unknown>>;

/** Writes JSON lines (WIRE §11). No method throws, whatever it is given. */
export interface Logger {
  debug(msg: string, fields?: LogFields): void;
  info(msg: string, fields?: LogFields): void;
  warn(msg: string, fields?: LogFields): void;
  error(msg: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line; same level, same secrets. */
  child(fields: LogFields): Logger;
  /** From now on this value is `***` in every line of this logger, its parents and its children. */
  addSecret(value: string): void;
  /** For callers whose fields cost something to collect. */
  isEnabled(level: LogLevel): boolean;
}

export interface LoggerOptions {
  /** Gets one line without `\n`; what it throws is ignored. */
  readonly write: (line: string) => void;
  /** Least level that is written. */
  readonly level: LogLevel;
  /** Fields of every line. */
  readonly base?: LogFields;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Values that are `***` wherever they occur. Loggers that are given the same set share what is added later. */
  readonly secrets?: Iterable<string> | SecretValues;
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

const levelOfSetting = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;

/** The logger's level of a `LOG_LEVEL` value. */
export function logLevelOf(setting: keyof typeof levelOfSetting): LogLevel {
  return levelOfSetting[setting];
}

/**
 * Lines are `{"t","level","msg",…fields}` with `t` in epoch seconds. Masked as `***`: values of keys that name a
 * secret, `Bearer …`, known secret values wherever they occur. A field called `t`, `level` or `msg` gets a `_`.
 */
export function createLogger({ write, level, base = {}, now = Date.now, secrets = [] }: LoggerOptions): Logger {
  const known = secrets instanceof SecretValues ? secrets : SecretValues.of(secrets);
  return loggerWith({ write, level, now, known }, base);
}

interface Sink {
  readonly write: (line: string) => void;
  readonly level: LogLevel;
  readonly now: () => number;
  readonly known: SecretValues;
}

function loggerWith(sink: Sink, base: LogFields): Logger {
  const isEnabled = (level: LogLevel): boolean => ranks[level] >= ranks[sink.level];
  const log = (level: LogLevel, msg: string, fields: LogFields | undefined): void => {
    if (isEnabled(level)) writeLine(sink, level, msg, base, fields);
  };
  return {
    debug: (msg, fields) => log('debug', msg, fields),
    info: (msg, fields) => log('info', msg, fields),
    warn: (msg, fields) => log('warn', msg, fields),
    error: (msg, fields) => log('error', msg, fields),
    child: (fields) => loggerWith(sink, { ...base, ...fields }),
    addSecret: (value) => sink.known.add(value),
    isEnabled,
  };
}

function writeLine(sink: Sink, level: LogLevel, msg: string, base: LogFields, fields: LogFields | undefined): void {
  try {
    sink.write(formatLine(sink, level, msg, { ...base, ...fields }));
  } catch {
    // Logging never throws into the caller (WIRE §11); the writer counts what it loses.
  }
}

function formatLine({ now, known }: Sink, level: LogLevel, msg: string, fields: LogFields): string {
  const head = { t: now() / 1000, level, msg: known.maskText(msg) };
  try {
    return JSON.stringify({ ...head, ...renameReserved(redactFields(fields, known.maskText)) });
  } catch {
    // A field cannot be read (a throwing getter, a revoked proxy): the message still counts.
    return JSON.stringify({ ...head, unreadableFields: true });
  }
}

function renameReserved(fields: Record<string, unknown>): Record<string, unknown> {
  for (const name of ['t', 'level', 'msg']) {
    if (!(name in fields)) continue;
    fields[`${name}_`] = fields[name];
    delete fields[name];
  }
  return fields;
}
