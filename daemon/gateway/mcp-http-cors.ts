import type { IncomingMessage, ServerResponse } from 'node:http';

const requestHeaders =
  'Authorization, Content-Type, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, X-Exai-Session';
const preflightSeconds = '600';

/**
 * Lets pages of the origins that the user has listed read answers (WIRE §2, guard 4): exact echo, never `*`. Whether an
 * origin may ask at all was decided before.
 * @returns whether the request was a preflight and has been answered
 */
export function allowListedOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  allowedOrigins: readonly string[],
): boolean {
  const { origin } = request.headers;
  if (origin === undefined || !allowedOrigins.includes(origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Vary', 'Origin');
  response.setHeader('Access-Control-Expose-Headers', 'Mcp-Session-Id, MCP-Protocol-Version');
  if (request.method !== 'OPTIONS') return false;
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'GET, POST, DELETE',
    'Access-Control-Allow-Headers': requestHeaders,
    'Access-Control-Max-Age': preflightSeconds,
  });
  response.end();
  return true;
}
