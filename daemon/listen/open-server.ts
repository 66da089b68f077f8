import type { Server } from 'node:http';

export type ListenFailure = { readonly type: 'address-in-use' } | { readonly type: 'failed'; readonly message: string };

/** Starts to listen, or says why not. Never rejects. */
export function openServer(
  server: Server,
  where: { host: string; port: number; exclusive: boolean } | { path: string },
): Promise<ListenFailure | undefined> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(
        error.code === 'EADDRINUSE'
          ? { type: 'address-in-use' }
          : { type: 'failed', message: listenFailureText(error) },
      );
    });
    server.listen(where, () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined); // accept errors (EMFILE): the next accept tries again
      resolve(undefined);
    });
  });
}

/** 0 for a server on a local socket. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function listenFailureText(error: NodeJS.ErrnoException): string {
  // Ports below 1024 on Unix; ranges that Windows has reserved, whatever their number.
  return error.code === 'EACCES' ? 'the system does not allow this port' : error.message;
}
