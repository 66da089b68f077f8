import { describe, expect, it } from 'vitest';
import { visibleTools } from './visibility.ts';

const tools = ['status', 'chat', 'version', 'listmodels', 'activity'].map((name) => ({ name }));

function names(visibility: Parameters<typeof visibleTools>[1]): string[] {
  return visibleTools(tools, visibility).tools.map(({ name }) => name);
}

describe('visibleTools', () => {
  it('PF-T3: DISABLED_TOOLS hides, ENABLED_TOOLS chooses, disabled wins', () => {
    expect(names({})).toEqual(['status', 'chat', 'version', 'listmodels', 'activity']);
    expect(names({ enabledTools: [], disabledTools: [] })).toHaveLength(5);
    expect(names({ disabledTools: ['chat', 'activity'] })).toEqual(['status', 'version', 'listmodels']);
    expect(names({ enabledTools: ['version', 'chat'] })).toEqual(['chat', 'version']);
    expect(names({ enabledTools: ['version', 'chat'], disabledTools: ['chat'] })).toEqual(['version']);
  });

  it('PF-T3: the lean profile, unless tools are chosen by name', () => {
    expect(names({ profile: 'lean' })).toEqual(['status', 'chat', 'version', 'listmodels']);
    expect(names({ profile: 'lean', enabledTools: ['activity'] })).toEqual(['activity']);
    expect(names({ profile: 'full' })).toHaveLength(5);
  });

  it('PF-T3: a name that fits no tool is told, once', () => {
    expect(
      visibleTools(tools, { enabledTools: ['verison', 'chat'], disabledTools: ['verison', 'x'] }).unknownNames,
    ).toEqual(['verison', 'x']);
  });
});
