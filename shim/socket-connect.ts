import { connect, type Socket } from 'node:net';
import { type Endpoint, endpointText } from './endpoint-plan.ts';

export type SocketResult =
  | { readonly type: 'open'; readonly socket: Socket }
  | { readonly type: 'absent'; readonly message: string }
  | { readonly type: 'failed'; readonly message: string };

/** Answers of the system that mean that no program listens there. */
const absentCodes: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTDIR', 'ENXIO']);

/** Connects a plain socket. The caller owns it; its errors are swallowed, because `close` follows and reports the end. */
export function connectSocket(endpoint: Endpoint, timeoutMs: number): Promise<SocketResult> {
  return new Promise((resolve) => {
    const socket =
      endpoint.kind === 'local'
        ? connect({ path: endpoint.path })
        : connect({ host: endpoint.host, port: endpoint.port });
    const finish = (result: SocketResult): void => {
      clearTimeout(timer);
      socket.off('connect', onConnect);
      socket.off('error', onError);
      socket.on('error', ignoreError);
      if (result.type !== 'open') socket.destroy();
      resolve(result);
    };
    const onConnect = (): void => finish({ type: 'open', socket });
    const onError = (error: NodeJS.ErrnoException): void => {
      const code = error.code ?? error.message;
      const message = `${endpointText(endpoint)} cannot be reached (${code}).`;
      finish({ type: absentCodes.has(code) ? 'absent' : 'failed', message });
    };
    const timer = setTimeout(() => {
      finish({ type: 'failed', message: `${endpointText(endpoint)} did not answer within ${timeoutMs / 1000} s.` });
    }, timeoutMs);
    socket.on('connect', onConnect);
    socket.on('error', onError);
  });
}

function ignoreError(): void {}
