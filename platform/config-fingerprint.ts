/** The variables of an editor's entry that make a window what it is (WIRE §3.1), sorted. */
const names = [
  'EXAI_INSTANCE_ID',
  'EXAI_LOG_PREFIX',
  'EXAI_SERVER_NAME',
  'EXAI_SESSION_ID',
  'EXAI_WS_HOST',
  'EXAI_WS_PORT',
  'EXAI_WS_TOKEN_FILE',
  'MCP_SERVER_ID',
] as const;

/** Hex digits of the digest that are kept. */
const digits = 16;

/**
 * Fingerprint of an entry: equal in the shim and in the tray exactly when the window runs what its file says. Holds no
 * secret: it covers the path of the token file, not the token.
 * @param env the process environment of the shim before any `.env`, or the `env` block of the entry
 * @param sha256Hex digest of a UTF-8 text in lower-case hex; that of `node:crypto` unless given
 */
export function configFingerprint(
  env: Readonly<Record<string, string | undefined>>,
  sha256Hex: (text: string) => string = nodeSha256Hex,
): string {
  const pairs = names.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return sha256Hex(JSON.stringify(pairs)).slice(0, digits);
}

function nodeSha256Hex(text: string): string {
  // Not imported at the top: the shim has its own digest and loads this file once per editor window.
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex');
}
