import { createServer } from 'node:http';
import { openServer } from './open-server.ts';

/**
 * Why nobody could listen there now, as the end of a sentence; undefined when somebody can. The port is free again when
 * this resolves. Never rejects.
 */
export async function portProblem(host: string, port: number): Promise<string | undefined> {
  const server = createServer((_request, response) => response.destroy());
  const failure = await openServer(server, { host, port, exclusive: true });
  if (failure?.type === 'address-in-use') return 'another program listens there';
  if (failure !== undefined) return failure.message;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  return undefined;
}
