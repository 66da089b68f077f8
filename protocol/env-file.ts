/** One assignment; `line` counts from 1 and is absent where a layer has no lines. */
export interface EnvEntry {
  readonly value: string;
  readonly line?: number;
}

/** Values by name as the file gives them, empty ones included; what empty means is decided by the layers. */
export interface EnvFile {
  readonly type: 'ok';
  readonly values: ReadonlyMap<string, EnvEntry>;
  readonly warnings: readonly string[];
}

/** `message` is one line that names file and line and never repeats the text of the line: it may hold a secret. */
export interface EnvFileProblem {
  readonly type: 'invalid';
  readonly message: string;
}

/**
 * Reads the text of a `.env` file (WIRE §9.1). One wrong line refuses the whole file, so that no setting is lost
 * in silence. `fileName` is the name used in messages.
 */
export function parseEnvFile(text: string, fileName: string): EnvFile | EnvFileProblem {
  const values = new Map<string, EnvEntry>();
  const warnings: string[] = [];
  // `trim` counts the byte order mark and the CR of a CRLF file as white space.
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    const parsed = parseLine(content.trim());
    if (parsed.type === 'blank') continue;
    if (parsed.type === 'problem') {
      return { type: 'invalid', message: `exai: ${fileName} line ${line}: ${parsed.problem}` };
    }
    const earlier = values.get(parsed.name)?.line;
    if (earlier !== undefined) {
      warnings.push(`${parsed.name} is set again in ${fileName} line ${line}; the value of line ${earlier} is dropped`);
    }
    values.set(parsed.name, { value: parsed.value, line });
  }
  return { type: 'ok', values, warnings };
}

type Line =
  | { readonly type: 'blank' }
  | { readonly type: 'assignment'; readonly name: string; readonly value: string }
  | { readonly type: 'problem'; readonly problem: string };

const assignment = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/s;

function parseLine(line: string): Line {
  if (line === '' || line.startsWith('#')) return { type: 'blank' };
  // What bytes outside UTF-8, or a file saved as UTF-16, look like once decoded.
  if (/[\0\uFFFD]/.test(line)) return { type: 'problem', problem: 'expected UTF-8 text' };
  const [, name, rest] = assignment.exec(line) ?? [];
  if (name === undefined || rest === undefined) return { type: 'problem', problem: 'expected NAME=VALUE' };
  const start = rest.trimStart();
  const value =
    start.startsWith("'") || start.startsWith('"') ? quotedValue(start) : { value: unquotedValue(rest), problem: '' };
  return value.problem === '' ? { type: 'assignment', name, value: value.value } : { type: 'problem', ...value };
}

/** `#` opens a comment after white space only: inside a word it belongs to the value, as in many tokens. */
function unquotedValue(rest: string): string {
  const comment = rest.search(/\s#/);
  return (comment === -1 ? rest : rest.slice(0, comment)).trim();
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' };

/** `text` begins with the opening quote. An empty `problem` means there is none. */
function quotedValue(text: string): { value: string; problem: string } {
  const quote = text.charAt(0);
  let value = '';
  for (let at = 1; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === quote) {
      const problem = /^\s*(?:#.*)?$/s.test(text.slice(at + 1)) ? '' : 'expected nothing after the closing quote';
      return { value, problem };
    }
    if (character === '\\' && quote === '"') {
      at++;
      const escaped = escapes[text.charAt(at)];
      if (escaped === undefined) {
        return { value, problem: String.raw`expected \n, \t, \" or \\ after a backslash; '…' takes it literally` };
      }
      value += escaped;
    } else {
      value += character;
    }
  }
  return { value, problem: 'expected a closing quote on the same line' };
}
