import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { McpError } from '@modelcontextprotocol/sdk/types.js';
import { programs } from '../support/daemon-process.ts';

/** How a call ended, as the editor saw it. */
export type CallEnd =
  /** A failed tool, or neither an answer nor an error of ours: what must not happen here. */
  | { readonly type: 'lost'; readonly message: string; readonly ms: number }
  | { readonly type: 'answer'; readonly text: string; readonly ms: number }
  | {
      readonly type: 'refused';
      readonly code: string;
      readonly mayHaveRun: boolean;
      readonly message: string;
      readonly ms: number;
    };

export interface WindowOptions {
  readonly name: 'blue' | 'green';
  readonly env: Readonly<Record<string, string>>;
}

/** An editor window: the official MCP client, talking to our shim over stdio, and a count of all that it saw. */
export class EditorWindow {
  readonly name: 'blue' | 'green';
  readonly #client: Client;
  readonly #transport: StdioClientTransport;
  #connectedMs = 0;
  #sent = 0;
  #answers = 0;
  #refusals = 0;
  #isClosing = false;
  #pipeClosed = 0;

  constructor(options: WindowOptions) {
    this.name = options.name;
    this.#client = new Client({ name: `${options.name}-editor`, version: '1.0.0' });
    this.#transport = new StdioClientTransport({
      command: process.execPath,
      args: [programs.shim],
      env: { ...options.env },
      stderr: 'ignore',
    });
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client is no EventTarget
    this.#client.onclose = () => {
      if (!this.#isClosing) this.#pipeClosed += 1;
    };
  }

  async open(): Promise<readonly string[]> {
    const startedAt = performance.now();
    await this.#client.connect(this.#transport);
    const { tools } = await this.#client.listTools();
    this.#connectedMs = performance.now() - startedAt;
    return tools.map(({ name }) => name);
  }

  get connectedMs(): number {
    return this.#connectedMs;
  }

  /** `serverInfo.name`: what an editor calls this server. */
  get serverName(): string {
    return this.#client.getServerVersion()?.name ?? '';
  }

  /** What this window has seen so far. */
  get seen(): { sent: number; answers: number; refusals: number; open: number; pipeClosed: number } {
    const open = this.#sent - this.#answers - this.#refusals;
    return { sent: this.#sent, answers: this.#answers, refusals: this.#refusals, open, pipeClosed: this.#pipeClosed };
  }

  /** Never rejects: an error is an end like another. */
  async call(tool: string, args: Record<string, unknown> = {}): Promise<CallEnd> {
    this.#sent += 1;
    const startedAt = performance.now();
    try {
      const result = await this.#client.callTool({ name: tool, arguments: args }, undefined, { timeout: 10_000 });
      const ms = performance.now() - startedAt;
      if (result.isError === true) return { type: 'lost', message: textOf(result), ms };
      this.#answers += 1;
      return { type: 'answer', text: textOf(result), ms };
    } catch (error) {
      const ms = performance.now() - startedAt;
      const message = error instanceof Error ? error.message : String(error);
      const { code, mayHaveRun } = ourData(error instanceof McpError ? error.data : undefined);
      if (code === '') return { type: 'lost', message, ms }; // a time-out of the client itself, say
      this.#refusals += 1;
      return { type: 'refused', code, mayHaveRun, message, ms };
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#client.close();
  }
}

function textOf(result: Awaited<ReturnType<Client['callTool']>>): string {
  const { content } = result;
  if (!Array.isArray(content)) return '';
  return content.map((block: { text?: unknown }) => (typeof block.text === 'string' ? block.text : '')).join('');
}

function ourData(data: unknown): { code: string; mayHaveRun: boolean } {
  if (typeof data !== 'object' || data === null) return { code: '', mayHaveRun: false };
  const code = 'code' in data && typeof data.code === 'string' ? data.code : '';
  return { code, mayHaveRun: 'mayHaveRun' in data && data.mayHaveRun === true };
}
