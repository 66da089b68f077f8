import { fileURLToPath } from 'node:url';
import { runToEnd } from '../support/daemon-process.ts';

const program = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url),
);

type Env = Readonly<Record<string, string>>;

/** Asks a server with the command line of MCP Inspector and gives the JSON that it prints. */
export class Inspector {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  http(url: URL, method: readonly string[]): Promise<unknown> {
    return this.#run([url.href], method);
  }

  /** Inspector hands its own environment on in part only, so all of it is given by name. */
  stdio(command: readonly string[], method: readonly string[]): Promise<unknown> {
    const env = Object.entries(this.#env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    return this.#run([...env, ...command], method);
  }

  async #run(target: readonly string[], method: readonly string[]): Promise<unknown> {
    const args = [program, '--cli', ...target, '--method', ...method];
    const { code, stdout, stderr } = await runToEnd(process.execPath, args, this.#env, 60_000);
    if (code !== 0) throw new Error(`Inspector ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as unknown;
  }
}
