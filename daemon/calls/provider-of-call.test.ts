import { describe, expect, it } from 'vitest';
import { type ProviderQuestion, providerOfCall } from './provider-of-call.ts';

const catalogue = (model: string): string | null =>
  new Map([
    ['glm-4.6', 'GLM'],
    ['kimi-k2', 'kimi'],
    ['auto', 'GLM'],
  ]).get(model) ?? null;

function ask(question: Partial<ProviderQuestion>): string | null {
  return providerOfCall({ toolName: 'chat', arguments: {}, catalogue, upstreamProvider: null, ...question });
}

describe('providerOfCall', () => {
  it.each<[string, Partial<ProviderQuestion>, string | null]>([
    ['prefix kimi_', { toolName: 'kimi_upload' }, 'KIMI'],
    ['prefix glm_', { toolName: 'glm_web_search' }, 'GLM'],
    ['the prefix goes before the model', { toolName: 'kimi_chat', arguments: { model: 'glm-4.6' } }, 'KIMI'],
    ['the prefix goes before the upstream', { toolName: 'glm_chat', upstreamProvider: 'KIMI' }, 'GLM'],
    ['the prefix must stand at the start', { toolName: 'ask_kimi_now' }, null],
    ['a name that only begins alike', { toolName: 'kimiko' }, null],
    ['the model of the arguments', { arguments: { model: 'glm-4.6' } }, 'GLM'],
    ['names come out in upper case', { arguments: { model: 'kimi-k2' } }, 'KIMI'],
    ['the model goes before the upstream', { arguments: { model: 'glm-4.6' }, upstreamProvider: 'KIMI' }, 'GLM'],
    ['what auto was resolved to', { arguments: { model: 'auto' }, resolvedModel: 'kimi-k2' }, 'KIMI'],
    ['auto, left to the catalogue', { arguments: { model: 'auto' } }, 'GLM'],
    [
      'an unknown model falls back to the upstream',
      { arguments: { model: 'x' }, upstreamProvider: 'Mistral' },
      'MISTRAL',
    ],
    ['no model: the upstream', { upstreamProvider: 'KIMI' }, 'KIMI'],
    ['a model that is no string', { arguments: { model: 7 }, upstreamProvider: 'KIMI' }, 'KIMI'],
    ['an empty model', { arguments: { model: '' } }, null],
    ['an empty upstream setting', { upstreamProvider: '' }, null],
    ['arguments that are no object', { arguments: 'glm-4.6' }, null],
    ['arguments null', { arguments: null }, null],
    ['nothing at all', {}, null],
  ])('WIRE-7.1 PF-C5: %s', (_name, question, expected) => {
    expect(ask(question)).toBe(expected);
  });
});
