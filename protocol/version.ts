declare const __EXAI_VERSION__: string | undefined;

/** Version of this build, from package.json; the bundler fills it in. Sources run directly say `0.0.0-dev`. */
export const version: string = typeof __EXAI_VERSION__ === 'string' ? __EXAI_VERSION__ : '0.0.0-dev';

/** Version of the hello handshake, `major.minor`. Another major is refused with `upgrade_required`. */
export const protocolVersion = '1.0';

/** MCP revisions served, newest first. The first is offered when a client asks for one we do not know. */
export const mcpRevisions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
