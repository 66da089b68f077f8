import { describe, expect, it } from 'vitest';
import { fakeTool } from '../testing/tools.ts';
import { ToolCatalog } from './tool-catalog.ts';

describe('ToolCatalog', () => {
  it('PF-P9 MAIN-builtin-tools: lists the real tools, in order, and nothing of their inside', () => {
    const catalog = new ToolCatalog([
      fakeTool('b', undefined, { annotations: { readOnlyHint: true }, isExempt: true }),
      fakeTool('a', undefined, { outputSchema: { type: 'object' } }),
    ]);
    expect(JSON.parse(catalog.listResult)).toEqual({
      tools: [
        {
          name: 'b',
          title: 'b',
          description: 'b',
          inputSchema: { type: 'object' },
          annotations: { readOnlyHint: true },
        },
        {
          name: 'a',
          title: 'a',
          description: 'a',
          inputSchema: { type: 'object' },
          outputSchema: { type: 'object' },
          annotations: {},
        },
      ],
    });
    expect(catalog.names).toEqual(['b', 'a']);
    expect(catalog.listed).toHaveLength(2);
  });

  it('PF-P9: finds by exact name only', () => {
    const tool = fakeTool('chat');
    const catalog = new ToolCatalog([tool]);
    expect([catalog.find('chat'), catalog.find('Chat'), catalog.find('toString')]).toEqual([
      tool,
      undefined,
      undefined,
    ]);
  });

  it('PF-P9: two tools of one name are a mistake of ours', () => {
    expect(() => new ToolCatalog([fakeTool('chat'), fakeTool('chat')])).toThrow('same name');
  });
});
