/** Where the values of references come from. */
export interface RefSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The secret with this name; a message says why there is none. */
  readSecret(name: string): { readonly value: string } | { readonly message: string };
  readonly home: string;
}

export type Resolved =
  | { readonly type: 'resolved'; readonly values: ReferringFields; readonly secrets: readonly string[] }
  | { readonly type: 'refused'; readonly place: string; readonly message: string };

/** The fields of an entry in which references may stand. */
export interface ReferringFields {
  readonly command?: string | undefined;
  readonly args: string[];
  readonly env: Record<string, string | number | boolean | null>;
  readonly cwd?: string | undefined;
  readonly url?: string | undefined;
  readonly serverUrl?: string | undefined;
  readonly headers: Record<string, string>;
}

const reference = /\$\{(?:(env|input|secret):)?([^{}]*)\}/g;
const secretName = /key|token|secret|passw|credential|auth/i;
const secretRefName = /^[A-Za-z0-9_-]{1,64}$/;

class Refusal extends Error {
  readonly place: string;

  constructor(place: string, message: string) {
    super(message);
    this.place = place;
  }
}

/**
 * Puts the values of `${env:NAME}`, `${secret:NAME}`, `${userHome}` and `${NAME}` in their places. A secret must not
 * stand in a command line or an address, where every user of the machine could read it.
 */
export function resolveReferences(fields: ReferringFields, place: string, sources: RefSources): Resolved {
  const secrets = new Set<string>();
  const open = (text: string, at: string, isHidden: boolean, isSecretField = false): string =>
    text.replaceAll(reference, (whole, kind: string | undefined, name: string) => {
      const value = valueOf({ whole, kind, name, place: at, isHidden, sources });
      if (kind === 'secret' || ((isSecretField || secretName.test(name)) && isHidden && value.length >= 6))
        secrets.add(value);
      return value;
    });
  const visible = (name: 'command' | 'cwd' | 'url' | 'serverUrl'): { [key: string]: string } => {
    const text = fields[name];
    return text === undefined ? {} : { [name]: open(text, `${place}.${name}`, false) };
  };
  try {
    const env = Object.entries(fields.env).map(([name, value]) => {
      const opened =
        typeof value === 'string' ? open(value, `${place}.env.${name}`, true, secretName.test(name)) : value;
      if (typeof opened === 'string' && secretName.test(name) && opened.length >= 6) secrets.add(opened);
      return [name, opened] as const;
    });
    const headers = Object.entries(fields.headers).map(([name, value]) => {
      const opened = open(value, `${place}.headers.${name}`, true, secretName.test(name));
      if (secretName.test(name)) secrets.add(opened.replace(/^Bearer\s+/i, ''));
      return [name, opened] as const;
    });
    const values: ReferringFields = {
      ...visible('command'),
      ...visible('cwd'),
      ...visible('url'),
      ...visible('serverUrl'),
      args: fields.args.map((arg, index) => open(arg, `${place}.args[${index}]`, false)),
      env: Object.fromEntries(env),
      headers: Object.fromEntries(headers),
    };
    return { type: 'resolved', values, secrets: [...secrets].filter((value) => value !== '') };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { type: 'refused', place: error.place, message: error.message };
  }
}

function valueOf(ref: {
  whole: string;
  kind: string | undefined;
  name: string;
  place: string;
  isHidden: boolean;
  sources: RefSources;
}): string {
  const { whole, kind, name, place, isHidden, sources } = ref;
  const refuse = (message: string): never => {
    throw new Refusal(place, message);
  };
  if (kind === 'input') return refuse(`${whole} would have to be asked for. Use \${secret:NAME} or \${env:NAME}.`);
  if (kind === 'secret') {
    if (!isHidden) return refuse(`${whole} may stand in env and headers only, where others cannot read it.`);
    if (!secretRefName.test(name)) return refuse(`${whole} is no name of a secret.`);
    const read = sources.readSecret(name);
    return 'value' in read ? read.value : refuse(read.message);
  }
  if (kind === undefined && name === 'userHome') return sources.home;
  const [variable = '', fallback] = kind === undefined ? name.split(':-') : [name];
  const value = sources.env[variable];
  if (value !== undefined && value !== '') {
    // A secret in a command line would be visible to every user of the machine.
    if (!isHidden && secretName.test(variable)) return refuse(`${whole} may stand in env and headers only.`);
    return value;
  }
  return fallback ?? refuse(`The variable ${variable} is not set in the environment of the daemon.`);
}
