import type { ConfigFormat } from './config-format.ts';
import type { Target } from './editor.ts';
import { jsonConfig } from './json-config.ts';
import { tomlConfig } from './toml-config.ts';

export function formatOf({ grammar }: Target): ConfigFormat {
  return grammar === 'toml' ? tomlConfig : jsonConfig;
}
