/** Two letters that stand for a client or instance: `VSCode 1` is VS, `Build box` BB, `claude-code` CC, `Auggie` AG. */
export function monogram(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => /^\p{L}/u.test(word));
  const [first = '', second = ''] = words;
  const [initial, ...rest] = Array.from(first);
  const isCapitalised = /^\p{Lu}{2}/u.test(first);
  const letter =
    second !== '' && !isCapitalised ? Array.from(second)[0] : (rest.find((one) => !/[aeiou]/i.test(one)) ?? rest[0]);
  return initial === undefined ? '··' : `${initial}${letter ?? ''}`.toLocaleUpperCase('en');
}
