import type { Tool } from '../tools/tool.ts';

/** A tool as `tools/list` shows it. */
export interface ListedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
  readonly annotations: unknown;
}

/** The tools on offer. The list is written once, since every window asks for it at start. */
export class ToolCatalog {
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly listed: readonly ListedTool[];
  /** `{"tools":[…]}`, ready to be sent. */
  readonly listResult: string;

  constructor(tools: readonly Tool[]) {
    this.#tools = new Map(tools.map((tool) => [tool.name, tool]));
    if (this.#tools.size !== tools.length) throw new Error('two tools have the same name');
    this.listed = tools.map(listedTool);
    this.listResult = JSON.stringify({ tools: this.listed });
  }

  find(name: string): Tool | undefined {
    return this.#tools.get(name);
  }

  get names(): readonly string[] {
    return [...this.#tools.keys()];
  }
}

function listedTool(tool: Tool): ListedTool {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: tool.inputSchema,
    ...(tool.outputSchema === undefined ? {} : { outputSchema: tool.outputSchema }),
    annotations: tool.annotations,
  };
}
