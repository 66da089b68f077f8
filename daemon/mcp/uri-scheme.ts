const schemePattern = /^([a-z][a-z0-9+.-]{0,31}):/i;

/** What of a resource's address may be counted: its scheme in lower case, or `none`. Never a path (WIRE §8.4). */
export function uriScheme(uri: string): string {
  return schemePattern.exec(uri)?.[1]?.toLowerCase() ?? 'none';
}
