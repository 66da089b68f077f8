import { describe, expect, it } from 'vitest';
import { SecretValues } from './redaction.ts';

describe('SecretValues.maskName', () => {
  it('masks like maskText, also at the second look', () => {
    const secrets = SecretValues.of(['hunter2']);
    for (const name of ['Visual Studio Code', 'x hunter2 y', 'Bearer abc', '', '\ud800', 'x'.repeat(1000)]) {
      expect(secrets.maskName(name)).toBe(secrets.maskText(name));
      expect(secrets.maskName(name)).toBe(secrets.maskText(name));
    }
  });

  it('forgets what it knew when a secret is added', () => {
    const secrets = new SecretValues();
    expect(secrets.maskName('client hunter2')).toBe('client hunter2');
    secrets.add('hunter2');
    expect(secrets.maskName('client hunter2')).toBe('client ***');
  });

  it('goes on masking when more names come than it remembers', () => {
    const secrets = SecretValues.of(['hunter2']);
    for (let index = 0; index < 1000; index += 1) {
      expect(secrets.maskName(`client ${index} hunter2`)).toBe(`client ${index} ***`);
    }
  });
});
