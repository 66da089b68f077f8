import type { PluralForms } from '../../protocol/strings/en.ts';

/** `{name}` of a sentence filled in; a name that is not given stays as it is, so that a test sees it. */
export function fill(sentence: string, params: Readonly<Record<string, string | number>>): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

const english = new Intl.PluralRules('en');

/** The form for `count`, with `{count}` filled in. */
export function plural(
  forms: PluralForms,
  count: number,
  params: Readonly<Record<string, string | number>> = {},
): string {
  return fill(english.select(count) === 'one' ? forms.one : forms.other, { ...params, count });
}
