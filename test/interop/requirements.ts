/** Promises to MCP clients that are not our own: Streamable HTTP, direct WebSocket, the conformance suite. */
export const interopRows: readonly (readonly [string, string])[] = [
  ['HTTP-answers', '/mcp answers with JSON when the answer is at hand, else with a stream that ends with it'],
  ['HTTP-quiet', 'a notification or an answer of the client is 202 without a body'],
  [
    'HTTP-session',
    'a session has a secret id; without it 400, unknown 404, of somebody else 404, deleted 204 and gone',
  ],
  [
    'HTTP-malformed',
    'batch and bad structure are 400 with −32600, no JSON is −32700, a wrong type 415, a wrong Accept 406',
  ],
  ['HTTP-era', 'an unserved revision is 400 with −32022 and what is served; header and body that differ −32020'],
  ['HTTP-size', 'a body over the frame limit is 413, announced or not, and the session lives on'],
  ['HTTP-auth', '/mcp needs a bearer before anything is read; the instance of a token is the identity of the session'],
  ['HTTP-guards', 'Host, Origin and rate limits hold for /mcp; listed origins may read, and no other'],
  [
    'HTTP-resume',
    'a client whose stream broke gets the rest with Last-Event-ID, exactly once, and no other session does',
  ],
  ['HTTP-no-cancel', 'a dropped stream cancels nothing; notifications/cancelled does, and its stream ends'],
  ['HTTP-streams', 'what belongs to a request leaves on its stream, everything else on the stream of GET'],
  [
    'HTTP-expiry',
    'a session without request and stream ends after SESSION_TIMEOUT_SECS, and gives way when the table is full',
  ],
  ['HTTP-visible', 'a session over HTTP is a row like any other, with caps, metrics and an end by an admin'],
  ['HTTP-slow', 'a client that does not read is cut and holds up nobody'],
  ['HTTP-local', 'the local socket serves the same, whatever its Host'],
  ['HTTP-drain', 'a stopping daemon answers open requests and takes no new session'],
  [
    'INTEROP-revisions',
    'revisions 2024-11-05 to 2025-11-25 are served over every way in, and server/discover is answered',
  ],
  ['INTEROP-sdk-clients', 'the clients of the official SDK work over HTTP and over WebSocket'],
  ['INTEROP-inspector', 'MCP Inspector gets the same answers over HTTP as through the shim'],
  [
    'INTEROP-conformance',
    'the official conformance suite passes but for a list of expected failures that is never stale',
  ],
];
