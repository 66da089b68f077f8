import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool, failureResult, readOnly, resultErrorCode, type ToolContext } from './tool.ts';

const context: ToolContext = {
  signal: new AbortController().signal,
  sessionId: 'vscode-instance-1',
  sessionKey: 'k1',
  reportProgress: () => undefined,
  streamChunk: () => undefined,
};

const doubler = defineTool({
  name: 'double',
  title: 'Double',
  description: 'Doubles a number.',
  input: z.object({ value: z.int().min(0).max(10).describe('What to double.'), label: z.string().default('result') }),
  output: z.object({ result: z.number() }),
  annotations: readOnly,
  run: ({ value, label }) => ({ content: [{ type: 'text', text: label }], structuredContent: { result: value * 2 } }),
});

describe('defineTool', () => {
  it('MAIN-builtin-tools: shows schemas without a dialect and without forbidding keys', () => {
    expect(doubler.inputSchema).toEqual({
      type: 'object',
      properties: {
        value: { type: 'integer', minimum: 0, maximum: 10, description: 'What to double.' },
        label: { type: 'string', default: 'result' },
      },
      required: ['value'],
    });
    expect(doubler.outputSchema).toEqual({
      type: 'object',
      properties: { result: { type: 'number' } },
      required: ['result'],
    });
  });

  it('MAIN-builtin-tools: gives the tool checked arguments with their defaults; unknown keys are ignored', async () => {
    const result = await doubler.call({ value: 4, model: 'glm-4.6' }, context);
    expect(result).toEqual({ content: [{ type: 'text', text: 'result' }], structuredContent: { result: 8 } });
  });

  it('WIRE-C5: arguments outside the schema are a failed result with VALIDATION_ERROR, for person and program', async () => {
    const result = await doubler.call({ value: 40, label: 7 }, context);
    expect(result.isError).toBe(true);
    expect(result.structuredContent).toBeUndefined();
    expect(result.content).toEqual([
      {
        type: 'text',
        text:
          'The arguments do not fit double: value: Too big: expected number to be <=10; label: Invalid input: expected string, received number. ' +
          'Correct them as its input schema says and call again.',
      },
    ]);
    expect(result._meta?.['exai-tray/error']).toMatchObject({
      code: 'VALIDATION_ERROR',
      retryable: false,
      mayHaveRun: false,
      details: { issues: [{ field: 'value' }, { field: 'label' }] },
    });
    expect(resultErrorCode(result)).toBe('VALIDATION_ERROR');
  });

  it.each([[[]], ['text'], [7], [null], [undefined]])(
    'BAD-not-object: arguments %j are refused or empty, never a crash',
    async (args) => {
      const result = await doubler.call(args, context);
      expect(resultErrorCode(result)).toBe('VALIDATION_ERROR');
    },
  );
});

describe('resultErrorCode', () => {
  it('WIRE-C5: a success has none, a tool’s own failure is EXEC_ERROR, ours keeps its code', () => {
    expect(resultErrorCode({ content: [] })).toBeNull();
    expect(resultErrorCode({ content: [], isError: true })).toBe('EXEC_ERROR');
    expect(resultErrorCode({ content: [], isError: true, _meta: { 'exai-tray/error': { code: 'toString' } } })).toBe(
      'EXEC_ERROR',
    );
    expect(resultErrorCode(failureResult({ code: 'PROVIDER_ERROR', message: 'no' }))).toBe('PROVIDER_ERROR');
  });
});
