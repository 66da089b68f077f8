import type { Tool, ToolContext, ToolResult } from '../tools/tool.ts';

type Call = (args: unknown, context: ToolContext) => ToolResult | Promise<ToolResult>;

export function textResult(text: string): ToolResult {
  return { content: [{ type: 'text', text }] };
}

export function fakeTool(name: string, call: Call = () => textResult(name), traits: Partial<Tool> = {}): Tool {
  return { name, title: name, description: name, inputSchema: { type: 'object' }, annotations: {}, call, ...traits };
}

/** A tool whose calls end when the test says so. */
export class HeldTool {
  readonly tool: Tool;
  readonly calls: {
    readonly args: unknown;
    readonly context: ToolContext;
    finish(result?: ToolResult): void;
    fail(error: Error): void;
  }[] = [];

  /** `isDeaf`: takes no notice of an abort. */
  constructor(name: string, options: { isDeaf?: boolean; traits?: Partial<Tool> } = {}) {
    this.tool = fakeTool(
      name,
      (args, context) =>
        new Promise((resolve, reject) => {
          this.calls.push({ args, context, finish: (result = textResult(name)) => resolve(result), fail: reject });
          if (options.isDeaf !== true) context.signal.addEventListener('abort', () => reject(context.signal.reason));
        }),
      options.traits,
    );
  }
}
