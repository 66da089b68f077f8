// oxlint-disable typescript/no-explicit-any, eslint/no-underscore-dangle -- both ends of a channel that carries whatever an app puts on it
// Functions of this file run inside the page, sent as source text: they use nothing from this file's scope.

export interface PageMessage {
  readonly t: string;
  readonly [part: string]: unknown;
}

/**
 * One end of the channel between the page's own world and the preload's isolated world: synchronous DOM events, so that
 * functions, promises and return values cross as they do with contextBridge.
 */
export const bridgeSource = String(function bridge(inbox: string, outbox: string) {
  let lastId = 0;
  let answer: any;
  const functions = new Map<number, any>();
  const promises = new Map<number, any>();
  const page: any = globalThis;
  const post = (message: unknown) =>
    page.document.dispatchEvent(new page.CustomEvent(outbox, { detail: JSON.stringify(message) }));
  const encode = (v: any): any => {
    if (v === undefined) return { u: 1 };
    if (typeof v === 'function') {
      lastId += 1;
      functions.set(lastId, v);
      return { f: lastId };
    }
    if (v !== null && typeof v === 'object' && typeof v.then === 'function') {
      lastId += 1;
      const p = lastId;
      v.then(
        (x: unknown) => post({ t: 'resolved', p, v: encode(x) }),
        (e: Error) => post({ t: 'rejected', p, message: e.message }),
      );
      return { p };
    }
    if (Array.isArray(v)) return { a: v.map(encode) };
    if (v !== null && typeof v === 'object') return { o: Object.entries(v).map(([k, x]) => [k, encode(x)]) };
    return { v };
  };
  const decode = (w: any): any => {
    if ('u' in w) return undefined;
    if ('f' in w) {
      return (...args: unknown[]) => {
        answer = undefined;
        post({ t: 'call', f: w.f, a: args.map(encode) });
        if (answer.error !== undefined) throw new Error(answer.error);
        return decode(answer.v);
      };
    }
    if ('p' in w) return new Promise((resolve, reject) => promises.set(w.p, { resolve, reject }));
    if ('a' in w) return w.a.map(decode);
    if ('o' in w) return Object.freeze(Object.fromEntries(w.o.map(([k, x]: [string, unknown]) => [k, decode(x)])));
    return w.v;
  };
  const call = (message: any) => {
    try {
      return { v: encode(functions.get(message.f)(...message.a.map(decode))) };
    } catch (error) {
      return { error: String(error) };
    }
  };
  page.document.addEventListener(inbox, (event: any) => {
    const m = JSON.parse(event.detail);
    if (m.t === 'call') post({ t: 'return', ...call(m) });
    else if (m.t === 'return') answer = m;
    else if (m.t === 'resolved') promises.get(m.p).resolve(decode(m.v));
    else if (m.t === 'rejected') promises.get(m.p).reject(new Error(m.message));
    else if (m.t === 'expose') Object.defineProperty(page, m.key, { value: decode(m.v), enumerable: true });
  });
  return { exposeInMainWorld: (key: string, api: unknown) => post({ t: 'expose', key, v: encode(api) }) };
});

/** The `require` that a sandboxed preload sees. `__double` is the CDP binding; it exists in the isolated world only. */
export const preloadRequireSource = String(function preloadRequire(contextBridge: unknown) {
  let lastId = 0;
  const pending = new Map<number, any>();
  const listeners = new Map<string, any[]>();
  const world: any = globalThis;
  world.__doubleReceive = (m: any) => {
    if (m.t === 'result') {
      const { resolve, reject } = pending.get(m.id);
      pending.delete(m.id);
      if (m.error === undefined) resolve(m.value);
      else reject(new Error(m.error));
    } else for (const listener of listeners.get(m.channel) ?? []) listener({ senderId: 0 }, ...m.args);
  };
  const ipcRenderer = {
    invoke: (channel: string, ...args: unknown[]) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        pending.set(lastId, { resolve, reject });
        world.__double(JSON.stringify({ t: 'invoke', id: lastId, channel, args }));
      }),
    on: (channel: string, listener: unknown) => {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      return ipcRenderer;
    },
    off: (channel: string, listener: unknown) => {
      listeners.set(
        channel,
        (listeners.get(channel) ?? []).filter((known) => known !== listener),
      );
      return ipcRenderer;
    },
  };
  return (id: string) => {
    if (id === 'electron') return { ipcRenderer, contextBridge };
    throw new Error(`module not found: ${id} (a sandboxed preload has only electron)`);
  };
});

/** What JSON would bend throws, so that no test passes on a payload that arrived changed. */
export function assertCarried(value: unknown, where: string): void {
  if (value === undefined || value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => assertCarried(item, `${where}[${index}]`));
    return;
  }
  if (typeof value === 'object') {
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto === null || proto === Object.prototype) {
      for (const [key, item] of Object.entries(value)) assertCarried(item, `${where}.${key}`);
      return;
    }
  }
  throw new TypeError(`double: ${where} is no plain value; the double carries JSON only`);
}
