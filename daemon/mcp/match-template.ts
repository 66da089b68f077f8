/**
 * Whether an address can have been made from a URI template (RFC 6570): its literal parts, in order, with anything that
 * is not empty between them. Enough to tell whose it is; its server decides what it means.
 */
export function matchesTemplate(template: string, uri: string): boolean {
  const parts = template.split(/\{[^{}]*\}/);
  const [first = ''] = parts;
  if (parts.length === 1) return uri === template;
  if (!uri.startsWith(first)) return false;
  let at = first.length;
  for (const [index, part] of parts.entries()) {
    if (index === 0) continue;
    const isLast = index === parts.length - 1;
    if (isLast) return part === '' ? true : uri.endsWith(part) && uri.length - part.length >= at;
    const found = uri.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}
