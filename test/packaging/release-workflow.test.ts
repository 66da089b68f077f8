import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** It cannot run here; what can be read in it is held. */
const workflow = readFileSync('.github/workflows/release.yml', 'utf8');
const [packaging = '', publishing = ''] = workflow.split(/^ {2}publish:$/m);

describe('the release workflow', () => {
  it('PACK-release: starts by tag or by hand only, and its jobs may read unless they say why not', () => {
    expect(/^on:\n((?: .*\n)+)/m.exec(workflow)?.[1]?.match(/^ {2}\w+/gm)).toEqual(['  push', '  workflow_dispatch']);
    expect(workflow.match(/^permissions:\n(?: {2}.*\n)+/m)?.[0]).toBe('permissions:\n  contents: read\n');
    expect(workflow.match(/^ *\S+: write\b/gm)).toEqual(['      contents: write']);
    expect(packaging).not.toContain(': write');
    expect(publishing).toContain("if: github.ref_type == 'tag'");
    expect(publishing).toContain('environment: release');
  });

  it('PACK-release: uses actions of GitHub only, each pinned to a major version', () => {
    const uses = [...workflow.matchAll(/uses: (.*)/g)].map(([, action]) => action);
    expect(uses.length).toBeGreaterThan(4);
    expect(uses.filter((action) => !/^actions\/[a-z-]+@v\d+$/.test(action ?? ''))).toEqual([]);
    expect(workflow.match(/actions\/checkout/g)?.length).toBe(workflow.match(/persist-credentials: false/g)?.length);
  });

  it('PACK-release: no text from outside becomes part of a script', () => {
    const scripts = [...workflow.matchAll(/run: (?:\|\n((?: {10}.*\n|\n)+)|(.*))/g)].map(
      ([, long, short]) => long ?? short,
    );
    expect(scripts.length).toBeGreaterThan(8);
    expect(scripts.filter((script) => script?.includes('${{'))).toEqual([]);
  });

  it('PACK-release: smoke-tests on all three systems before anything is kept', () => {
    const runners = [...packaging.matchAll(/runner: (\w+)/g)].map(([, system]) => system);
    expect(new Set(runners)).toEqual(new Set(['ubuntu', 'windows', 'macos']));
    const smoke = packaging.indexOf('node build/pack-smoke.mjs "$UNPACKED"');
    expect(smoke).toBeGreaterThan(packaging.indexOf('npm run dist'));
    expect(packaging.indexOf('actions/upload-artifact')).toBeGreaterThan(smoke);
    expect(publishing).toContain('needs: package');
    expect(publishing).toContain('sha256sum');
  });

  it('PACK-release: publishes nothing under a placeholder', () => {
    expect(publishing).toContain("grep -n '[.]invalid' electron-builder.yml package.json");
  });
});
